import { ValidationError } from "../../shared/errors/app-error.ts";
import { findGroupOfProcedure, type RouteGroupName } from "./groups.ts";

/** Where tRPC is served; group Workers use the same path. */
export const TRPC_ENDPOINT = "/api/trpc/";
export const MAX_BATCH_CALLS = 10;

export interface Call {
  path: string;
  /** The group that owns the procedure; none for an unknown namespace. */
  group: RouteGroupName | undefined;
}

/** The calls of one batch that go to one group, with their positions in the batch. */
export interface Share {
  group: RouteGroupName;
  paths: string[];
  positions: number[];
}

/**
 * Reads which procedures a tRPC URL names, by tRPC's own rules.
 *
 * @throws ValidationError BATCH_TOO_LARGE above 10 calls, or when the path is not valid percent-encoding.
 */
export function readCalls(url: URL): { calls: Call[]; isBatch: boolean } {
  const path = decodePath(url.pathname.slice(TRPC_ENDPOINT.length));
  const isBatch = url.searchParams.get("batch") === "1";
  const paths = isBatch ? path.split(",") : [path];
  if (paths.length > MAX_BATCH_CALLS) {
    throw new ValidationError(`A batch holds at most ${MAX_BATCH_CALLS} calls`, { errorCode: "BATCH_TOO_LARGE" });
  }
  return { calls: paths.map((each) => ({ path: each, group: findGroupOfProcedure(each) })), isBatch };
}

/** @returns the calls by group, each group once, in the order in which the batch first names it. */
export function splitByGroup(calls: Call[]): Share[] {
  const shares = new Map<RouteGroupName, Share>();
  for (const [position, { path, group }] of calls.entries()) {
    if (group === undefined) continue;
    const share = shares.get(group) ?? { group, paths: [], positions: [] };
    share.paths.push(path);
    share.positions.push(position);
    shares.set(group, share);
  }
  return [...shares.values()];
}

/** @returns the inputs of one share as the group expects them: numbered from 0. Calls without an input stay without. */
export function inputsOfShare({ inputs, share }: { inputs: Record<string, unknown>; share: Share }): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [index, position] of share.positions.entries()) {
    if (Object.hasOwn(inputs, String(position))) own[String(index)] = inputs[String(position)];
  }
  return own;
}

/** @returns the URL of one share: the batch's own, with the share's procedures and, for a GET, its inputs as JSON. */
export function urlOfShare({ url, share, input }: { url: URL; share: Share; input?: string }): URL {
  const own = new URL(url);
  own.pathname = TRPC_ENDPOINT + share.paths.map((path) => encodeURIComponent(path)).join(",");
  own.searchParams.delete("input");
  if (input !== undefined) own.searchParams.set("input", input);
  return own;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ValidationError("The path is not valid percent-encoding");
  }
}
