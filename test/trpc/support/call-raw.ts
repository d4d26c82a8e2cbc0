import type { AnyRouter } from "@trpc/server";
import type { Kernel } from "../../../shared/kernel.ts";
import type { Caller } from "../../../shared/trpc/caller.ts";
import { serveTrpc, TRPC_ENDPOINT } from "../../../shared/trpc/serve-trpc.ts";

export interface RawAnswer {
  status: number;
  body: string;
  /** Undefined when it was answered. */
  error: { message: string; data: Record<string, unknown> } | undefined;
}

/** Calls a procedure with any input, as bytes over the wire, where a typed client would not let it pass. */
export async function callRaw({
  router,
  kernel,
  caller,
  path,
  type,
  json,
}: {
  router: AnyRouter;
  kernel: Kernel;
  caller: Caller;
  path: string;
  type: "query" | "mutation" | "subscription";
  /** The text of the input; undefined sends none. */
  json: string | undefined;
}): Promise<RawAnswer> {
  const url = new URL(`http://group.test${TRPC_ENDPOINT}/${path}`);
  if (type !== "mutation" && json !== undefined) url.searchParams.set("input", json);
  const request = new Request(
    url,
    type === "mutation"
      ? { method: "POST", headers: { "content-type": "application/json" }, ...(json === undefined ? {} : { body: json }) }
      : {},
  );
  const answer = await serveTrpc({ request, caller: structuredClone(caller), router, kernel, waitUntil: () => undefined });
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    const body = await answer.text();
    return { status: answer.status, body, error: (JSON.parse(body) as { error?: RawAnswer["error"] }).error };
  }
  const body = await readFirstEvent(answer);
  const [, refusal] = /^event: serialized-error\ndata: (.*)$/m.exec(body) ?? [];
  if (refusal === undefined) return { status: answer.status, body, error: undefined };
  const error = JSON.parse(refusal) as NonNullable<RawAnswer["error"]>;
  return { status: Number(error.data.httpStatus), body, error };
}

/** What a stream says first after it has greeted: an event, a ping, or why it ends. */
async function readFirstEvent({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const complete = text.split("\n\n").slice(0, -1);
    if (complete.some((event) => !event.startsWith("event: connected"))) break;
  }
  return text;
}
