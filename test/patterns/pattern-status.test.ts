import { expect, test } from "vitest";
import {
  nextStatus,
  type PatternStatus,
  type PatternVerb,
  TRANSITIONS,
} from "../../functions/patterns/judging/pattern-status.ts";
import { PATTERN_STATUSES } from "../../shared/db/schema/craft.ts";

/** Every status and every verb: what follows, or null where it is refused. Written out here as well, so that a change by mistake shows. */
const EXPECTED: Record<PatternStatus, Record<PatternVerb, PatternStatus | null>> = {
  candidate: {
    promote: "authoritative",
    reject: "rejected",
    defer: "deferred",
    merge: "rejected",
    absorb: "candidate",
    deprecate: null,
    reopen: null,
    update: "candidate",
    set_severity: "candidate",
    set_channels: "candidate",
    add_evidence: "candidate",
    remove_evidence: "candidate",
    set_canonical: "candidate",
  },
  authoritative: {
    promote: null,
    reject: null,
    defer: null,
    merge: null,
    absorb: "authoritative",
    deprecate: "deprecated",
    reopen: null,
    update: "authoritative",
    set_severity: "authoritative",
    set_channels: "authoritative",
    add_evidence: "authoritative",
    remove_evidence: "authoritative",
    set_canonical: "authoritative",
  },
  deferred: {
    promote: "authoritative",
    reject: "rejected",
    defer: "deferred",
    merge: "rejected",
    absorb: "deferred",
    deprecate: null,
    reopen: "candidate",
    update: "deferred",
    set_severity: "deferred",
    set_channels: "deferred",
    add_evidence: "deferred",
    remove_evidence: "deferred",
    set_canonical: "deferred",
  },
  rejected: refusing({ reopen: "candidate" }),
  deprecated: refusing({ reopen: "candidate" }),
};

function refusing(allowed: Partial<Record<PatternVerb, PatternStatus>>): Record<PatternVerb, PatternStatus | null> {
  const verbs = Object.keys(TRANSITIONS) as PatternVerb[];
  return Object.fromEntries(verbs.map((verb) => [verb, allowed[verb] ?? null])) as Record<PatternVerb, PatternStatus | null>;
}

test.each(PATTERN_STATUSES)("from %s each verb leads where it should, or nowhere", (status) => {
  const verbs = Object.keys(TRANSITIONS) as PatternVerb[];
  const found = Object.fromEntries(verbs.map((verb) => [verb, nextStatus({ status, verb }) ?? null]));
  expect(found).toEqual(EXPECTED[status]);
});

test("every status can be left, and every one but candidate is reached", () => {
  const verbs = Object.keys(TRANSITIONS) as PatternVerb[];
  const reached = new Set(
    PATTERN_STATUSES.flatMap((status) =>
      verbs.map((verb) => nextStatus({ status, verb })).filter((next) => next !== undefined && next !== status),
    ),
  );
  expect([...reached].toSorted()).toEqual([...PATTERN_STATUSES].toSorted());
  for (const status of PATTERN_STATUSES) {
    expect(verbs.some((verb) => ![undefined, status].includes(nextStatus({ status, verb })))).toBe(true);
  }
});
