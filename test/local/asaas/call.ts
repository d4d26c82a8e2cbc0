import type { EventQueues } from "./event-queues.ts";
import type { Account } from "./wire.ts";

/** An authenticated call on its way to its handler. */
export interface Call {
  account: Account;
  /** The id within the path, or "". */
  id: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  queues: EventQueues;
  now: () => Date;
  /** Base URL of the stand-in, for links in answers. */
  baseUrl: string;
  /** @returns the next of a running number that all accounts share. */
  nextNumber: () => number;
}
