import { NotFoundError, UnavailableError, ValidationError } from "../../shared/errors/app-error.ts";
import type { Logger } from "../../shared/log/logger.ts";
import { describeError } from "../../shared/log/scrub.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import { toTrpcErrorEntry } from "./answer-error.ts";
import { callGroup } from "./call-group.ts";
import { forwardShare } from "./forward-request.ts";
import type { Groups } from "./groups.ts";
import { type Entry, joinAsJson, joinAsStream, readEntries } from "./join-batch.ts";
import { type Call, inputsOfShare, type Share, splitByGroup, urlOfShare } from "./split-batch.ts";
import { wantsStream } from "./stream-answer.ts";

/**
 * Answers a batch whose calls belong to several groups, or to none: each group gets its share as a plain batch, all at once. A
 * group that fails costs only its own calls. For a client that streams, each group's answers are sent when that group is done.
 *
 * @param input the batch's inputs by position, parsed and not yet checked.
 * @throws ValidationError when the inputs are no object.
 */
export async function answerMixedBatch({
  request,
  calls,
  input,
  caller,
  groups,
  log,
}: {
  request: Request;
  calls: Call[];
  input: unknown;
  caller: Caller;
  groups: Groups;
  log: Logger;
}): Promise<Response> {
  const inputs = readInputs(input);
  const entries = calls.map(({ path }) => Promise.resolve<Entry>(unknownProcedure({ path, requestId: caller.requestId })));
  for (const share of splitByGroup(calls)) {
    const answers = askGroup({ request, share, inputs, caller, groups, log });
    for (const [index, position] of share.positions.entries()) {
      entries[position] = answers.then((all) => all[index] as Entry);
    }
  }
  return wantsStream(request.headers) ? joinAsStream(entries) : joinAsJson(entries);
}

/** @returns one entry per call of the share; never rejects. */
async function askGroup({
  request,
  share,
  inputs,
  caller,
  groups,
  log,
}: {
  request: Request;
  share: Share;
  inputs: Record<string, unknown>;
  caller: Caller;
  groups: Groups;
  log: Logger;
}): Promise<Entry[]> {
  const { group, paths } = share;
  try {
    const response = await callGroup({ groups, group, caller, request: requestOfShare({ request, share, inputs }) });
    return readEntries({ answer: await response.json(), count: paths.length });
  } catch (error) {
    log.write("error", "group.failed", { operation: group, error: describeError(error) });
    return paths.map((path) => toTrpcErrorEntry({ error: new UnavailableError(), requestId: caller.requestId, path }));
  }
}

function requestOfShare({
  request,
  share,
  inputs,
}: {
  request: Request;
  share: Share;
  inputs: Record<string, unknown>;
}): Request {
  const own = JSON.stringify(inputsOfShare({ inputs, share }));
  const url = new URL(request.url);
  return request.method === "GET"
    ? forwardShare({ request, url: urlOfShare({ url, share, input: own }), body: undefined })
    : forwardShare({ request, url: urlOfShare({ url, share }), body: own });
}

function readInputs(input: unknown): Record<string, unknown> {
  if (input === undefined) return {};
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  throw new ValidationError("The input of a batch must be an object, by position");
}

function unknownProcedure({ path, requestId }: { path: string; requestId: string }): Entry {
  return toTrpcErrorEntry({ error: new NotFoundError(`No procedure found on path "${path}"`), requestId, path });
}
