import type { WireAnswer, WireRequest } from "../../http-server.ts";
import type { Broker } from "../broker.ts";

export interface Call {
  broker: Broker;
  request: WireRequest;
  query: URLSearchParams;
  /** The one variable part of the path, decoded; empty when the path has none. */
  id: string;
}

export interface Route {
  method: string;
  /** A path in which `:id` stands for one segment. */
  path: string;
  answer: (call: Call) => WireAnswer;
}

/** How many records a list holds, or a bulk action touches, when the query does not say. */
export function countOf(query: URLSearchParams): number {
  const count = Number(query.get("count") ?? 100);
  return Number.isInteger(count) && count > 0 ? Math.min(count, 1_000) : 100;
}
