import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

/** Shorter than the idle limit of common servers, so that a kept connection is never used while its peer closes it. */
const IDLE_CONNECTION_MS = 1_500;

/** What came of one attempt. Status 0: no answer came, and `error` says why. */
export interface Outcome {
  status: number;
  headers: Record<string, string[]>;
  body: Buffer;
  error?: string;
}

/** Sends requests byte for byte: the path and the query of the URL go out as they were written. Redirects are not followed. */
export class Sender {
  readonly #http = new HttpAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });

  /** @returns the outcome; never throws. */
  send({
    url,
    method,
    headers,
    body,
    timeoutMs,
  }: {
    url: string;
    method: string;
    headers: Record<string, string>;
    body: Buffer;
    timeoutMs: number;
  }): Promise<Outcome> {
    return new Promise((resolve) => {
      const fail = (error: unknown) => resolve(unanswered(error instanceof Error ? error.message : String(error)));
      try {
        const target = new URL(url);
        const secure = target.protocol === "https:";
        const request = (secure ? requestHttps : requestHttp)(
          {
            agent: secure ? this.#https : this.#http,
            host: target.hostname.replace(/^\[|\]$/g, ""),
            port: target.port,
            path: rawPath(url),
            method,
            headers: { host: target.host, ...headers, "content-length": String(body.length) },
          },
          (response) => {
            void readOutcome(response)
              .then(resolve, fail)
              .finally(() => clearTimeout(timer));
          },
        );
        const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
        request.on("error", (error) => {
          clearTimeout(timer);
          fail(error);
        });
        request.end(body);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Cuts every connection, also those that wait for an answer. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** @returns the outcome of an attempt that got no answer. */
export function unanswered(error: string): Outcome {
  return { status: 0, headers: {}, body: Buffer.alloc(0), error };
}

export function isSuccess(outcome: Outcome): boolean {
  return outcome.status >= 200 && outcome.status < 300;
}

function rawPath(url: string): string {
  const afterHost = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return afterHost.startsWith("/") ? afterHost : `/${afterHost}`;
}

async function readOutcome(response: IncomingMessage): Promise<Outcome> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(response.headersDistinct)) headers[name] = value ?? [];
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}
