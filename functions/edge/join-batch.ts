import type { TRPCErrorShape, TRPCResponse } from "@trpc/server/rpc";
import { getHTTPStatusCode, jsonlStreamProducer } from "@trpc/server/unstable-core-do-not-import";

/** The answer to one call of a batch, as tRPC clients read it. */
export type Entry = TRPCResponse<unknown, TRPCErrorShape>;

/**
 * Reads what a group answered to its share of a batch.
 *
 * @param count how many calls the share has.
 * @returns exactly `count` entries; an error of the whole share stands for each of its calls.
 * @throws Error when it is not a tRPC answer to that many calls.
 */
export function readEntries({ answer, count }: { answer: unknown; count: number }): Entry[] {
  if (Array.isArray(answer) && answer.length === count && answer.every(isEntry)) return answer;
  const whole = readEntry(answer);
  if (whole !== undefined && "error" in whole) return Array.from({ length: count }, () => whole);
  throw new Error(`The answer is not one of tRPC to ${count} calls`);
}

/** @returns what a group answered to a single call, `undefined` when it is not a tRPC answer. */
export function readEntry(answer: unknown): Entry | undefined {
  return isEntry(answer) ? answer : undefined;
}

/** Joins the entries in the order of the batch; the status is the common one, else 207. */
export async function joinAsJson(entries: Promise<Entry>[]): Promise<Response> {
  const all = await Promise.all(entries);
  return Response.json(all, { status: getHTTPStatusCode(all), headers: { vary: "trpc-accept, accept" } });
}

/** Joins the entries as tRPC's JSON lines: each is sent when it is there. @param entries promises that never reject. */
export function joinAsStream(entries: Promise<Entry>[]): Response {
  return new Response(jsonlStreamProducer({ data: entries }), { headers: { vary: "trpc-accept, accept" } });
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  if ("error" in value)
    return isObject(value.error) && typeof value.error.code === "number" && typeof value.error.message === "string";
  return isObject(value.result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
