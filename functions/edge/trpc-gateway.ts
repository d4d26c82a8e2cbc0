import { AppError, NotFoundError } from "../../shared/errors/app-error.ts";
import type { Logger } from "../../shared/log/logger.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import { answerMixedBatch } from "./answer-mixed-batch.ts";
import type { Authenticate, SignedInOrNot } from "./authenticate.ts";
import { callGroup } from "./call-group.ts";
import { readClientAddress } from "./client-address.ts";
import { forwardRequest } from "./forward-request.ts";
import type { Groups } from "./groups.ts";
import type { Limits } from "./limits.ts";
import { parseJson } from "./parse-json.ts";
import { decodeText, MAX_CALL_BYTES, readBody } from "./read-body.ts";
import { readCaller } from "./read-caller.ts";
import { type Call, readCalls } from "./split-batch.ts";
import { asStream, wantsStream } from "./stream-answer.ts";
import type { Trace } from "./trace.ts";

/**
 * Answers GET and POST `/api/trpc/<procedures>`. Calls of one group pass through as they came, streams included; a batch that
 * spans groups is split and joined.
 *
 * @throws AppError when the request as a whole is refused.
 */
export async function answerTrpc({
  request,
  trace,
  groups,
  authenticate,
  limits,
}: {
  request: Request;
  trace: Trace;
  groups: Groups;
  authenticate: Authenticate;
  limits: Limits;
}): Promise<Response> {
  const { calls, isBatch } = readCalls(new URL(request.url));
  trace.procedures = calls.map((call) => call.path);

  const identity = await authenticate(request.headers.get("authorization") ?? undefined);
  await countCalls({ request, identity, limits, cost: calls.length });
  const caller = readCaller({ headers: request.headers, identity, requestId: trace.requestId });
  const { body, input } = await readInput(request);

  const answer = await answerCalls({ request, calls, isBatch, body, input, caller, groups, log: trace.log });
  return isBatch && answer.ok && wantsStream(request.headers) ? asStream(answer) : answer;
}

async function answerCalls({
  request,
  calls,
  isBatch,
  body,
  input,
  caller,
  groups,
  log,
}: {
  request: Request;
  calls: Call[];
  isBatch: boolean;
  body: Uint8Array<ArrayBuffer> | undefined;
  input: unknown;
  caller: Caller;
  groups: Groups;
  log: Logger;
}): Promise<Response> {
  const group = calls[0]?.group;
  if (group !== undefined && calls.every((call) => call.group === group)) {
    return callGroup({ groups, group, caller, request: forwardRequest({ request, body }) });
  }
  if (!isBatch) throw new NotFoundError(`No procedure found on path "${calls[0]?.path}"`);
  return answerMixedBatch({ request, calls, input, caller, groups, log });
}

/** A signed-in person is counted as such wherever they are; everyone else by address. Reads of known people stay open without Redis. */
async function countCalls({
  request,
  identity,
  limits,
  cost,
}: {
  request: Request;
  identity: SignedInOrNot;
  limits: Limits;
  cost: number;
}): Promise<void> {
  switch (identity.kind) {
    case "user":
      return limits.take({
        limit: "user",
        key: identity.clerkUserId,
        cost,
        withoutRedis: request.method === "GET" ? "open" : "strict",
      });
    case "anonymous":
      return limits.take({ limit: "address", key: readClientAddress(request.headers), cost, withoutRedis: "strict" });
  }
}

/** @returns the body's bytes, to be passed on as they are, and the parsed input: of the body for a POST, of the URL for a GET. */
async function readInput(request: Request): Promise<{ body: Uint8Array<ArrayBuffer> | undefined; input: unknown }> {
  if (request.method === "GET") return { body: undefined, input: parseInput(new URL(request.url).searchParams.get("input")) };
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Send the input as application/json", { field: "content-type" });
  }
  const body = await readBody({ request, maxBytes: MAX_CALL_BYTES });
  return { body, input: parseInput(decodeText(body)) };
}

function parseInput(text: string | null): unknown {
  return text === null || text === "" ? undefined : parseJson(text);
}
