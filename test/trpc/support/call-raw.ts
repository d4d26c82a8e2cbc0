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
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
  if (isStream) await answer.body?.cancel();
  const body = isStream ? "" : await answer.text();
  return {
    status: answer.status,
    body,
    error: isStream ? undefined : (JSON.parse(body) as { error?: RawAnswer["error"] }).error,
  };
}
