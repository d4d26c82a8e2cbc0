import { json, type WireAnswer } from "../http-server.ts";

/** A request that is not served: thrown by whatever finds out, answered as it says. */
export class Refusal extends Error {
  readonly answer: WireAnswer;

  constructor(answer: WireAnswer) {
    super(`answered with ${answer.status}`);
    this.answer = answer;
  }
}

const DOCS = "https://docs.github.com/rest";

/** @param page below the REST documentation, with its anchor. @returns GitHub's error body. */
export function refuse({
  status,
  message,
  page = "",
  errors,
  headers,
}: {
  status: number;
  message: string;
  page?: string;
  errors?: readonly unknown[];
  headers?: Record<string, string>;
}): Refusal {
  const body = { message, ...(errors && { errors }), documentation_url: `${DOCS}${page && `/${page}`}`, status: String(status) };
  return new Refusal(json(status, body, headers));
}

export function notFound(): Refusal {
  return refuse({ status: 404, message: "Not Found" });
}

export function forbidden(): Refusal {
  return refuse({ status: 403, message: "Resource not accessible by integration" });
}

export function invalid(...errors: readonly unknown[]): Refusal {
  return refuse({ status: 422, message: "Validation Failed", errors });
}

/** What GitHub answers when a body does not fit its schema. */
export function invalidRequest(reason: string): Refusal {
  return refuse({ status: 422, message: `Invalid request.\n\n${reason}` });
}

/** @returns an instant as GitHub writes it: `2011-01-26T19:01:12Z`. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
