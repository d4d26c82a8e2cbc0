import type { Kernel } from "../../../shared/kernel.ts";
import type { Caller } from "../../../shared/trpc/caller.ts";
import { serveTrpc, TRPC_ENDPOINT } from "../../../shared/trpc/serve-trpc.ts";
import { type Procedure, ROUTERS } from "../../rules/procedures.ts";

export interface Answer {
  status: number;
  /** Undefined when the call succeeded. */
  errorCode: string | undefined;
  /** As it came over the wire; of a stream, as much as came with its first event. */
  text: string;
}

/** Calls a procedure as the edge does, on the router that its Worker serves. */
export async function callProcedure({
  kernel,
  procedure,
  caller,
  input,
}: {
  kernel: Kernel;
  procedure: Procedure;
  caller: Caller;
  input: unknown;
}): Promise<Answer> {
  const left = new AbortController();
  const background: Promise<unknown>[] = [];
  const response = await serveTrpc({
    request: toRequest({ procedure, input, signal: left.signal }),
    caller: structuredClone(caller),
    router: ROUTERS[procedure.group],
    kernel,
    waitUntil: (work) => void background.push(work),
  });
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const text = isStream ? await readFirstEvent(response, left) : await response.text();
  await Promise.allSettled(background);
  // A stream has begun with 200 before it can fail: the error it carries says the status.
  const status = Number(/"httpStatus":(\d+)/.exec(text)?.[1] ?? response.status);
  return { status, errorCode: /"errorCode":"(\w+)"/.exec(text)?.[1], text };
}

function toRequest({ procedure, input, signal }: { procedure: Procedure; input: unknown; signal: AbortSignal }): Request {
  const url = `http://group.test${TRPC_ENDPOINT}/${procedure.path}`;
  if (procedure.type === "mutation") {
    return new Request(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input ?? {}),
      signal,
    });
  }
  const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  const accept = procedure.type === "subscription" ? "text/event-stream" : "application/json";
  return new Request(`${url}${query}`, { headers: { accept }, signal });
}

/** Reads on until an event with data or an error has come; the stream itself never ends. */
async function readFirstEvent(response: Response, left: AbortController): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (reader !== undefined && !/^id: .+$|^event: serialized-error\ndata: .+\n/m.test(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  // First the signal: it is what ends a procedure that waits for something new.
  left.abort();
  await reader?.cancel().catch(() => undefined);
  return text;
}
