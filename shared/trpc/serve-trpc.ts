import type { AnyRouter } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import type { Kernel } from "../kernel.ts";
import type { Caller } from "./caller.ts";
import type { RequestContext } from "./procedures.ts";

export const TRPC_ENDPOINT = "/api/trpc";
const MAX_BATCH_SIZE = 10;

/** Answers the tRPC request that the edge passed on to this group. */
export function serveTrpc({
  request,
  caller,
  router,
  kernel,
  waitUntil,
}: {
  request: Request;
  caller: Caller;
  router: AnyRouter;
  kernel: Kernel;
  waitUntil: (work: Promise<unknown>) => void;
}): Promise<Response> {
  const { connection, cache, memory, doorbell, newId } = kernel;
  const log = kernel.log.with({ requestId: caller.requestId });
  const context: RequestContext = { caller, connection, cache, memory, doorbell, log, now: new Date(), newId, waitUntil };
  return fetchRequestHandler({
    endpoint: TRPC_ENDPOINT,
    req: request,
    router,
    maxBatchSize: MAX_BATCH_SIZE,
    createContext: () => context,
  });
}
