import type { PATTERN_STATUSES } from "../../../shared/db/schema/craft.ts";

export type PatternStatus = (typeof PATTERN_STATUSES)[number];

interface Transition {
  from: readonly PatternStatus[];
  /** Null where the status stays what it is. */
  to: PatternStatus | null;
}

const OPEN = ["candidate", "deferred"] as const;
const ALIVE = ["candidate", "authoritative", "deferred"] as const;

/**
 * What people do with a pattern: in which status they may, and which one follows. Everything else is refused. What was rejected or
 * deprecated is opened again before anything else is done with it; scans never change a status.
 */
export const TRANSITIONS = {
  promote: { from: OPEN, to: "authoritative" },
  reject: { from: OPEN, to: "rejected" },
  defer: { from: OPEN, to: "deferred" },
  /** Into another one, which goes on for both. */
  merge: { from: OPEN, to: "rejected" },
  /** The other side of a merge. */
  absorb: { from: ALIVE, to: null },
  deprecate: { from: ["authoritative"], to: "deprecated" },
  reopen: { from: ["rejected", "deferred", "deprecated"], to: "candidate" },
  update: { from: ALIVE, to: null },
  set_severity: { from: ALIVE, to: null },
  set_channels: { from: ALIVE, to: null },
  add_evidence: { from: ALIVE, to: null },
  remove_evidence: { from: ALIVE, to: null },
  set_canonical: { from: ALIVE, to: null },
} as const satisfies Record<string, Transition>;

export type PatternVerb = keyof typeof TRANSITIONS;

/** @returns the status that follows; undefined when the verb is refused in this one. */
export function nextStatus({ status, verb }: { status: PatternStatus; verb: PatternVerb }): PatternStatus | undefined {
  const { from, to }: Transition = TRANSITIONS[verb];
  return from.includes(status) ? (to ?? status) : undefined;
}
