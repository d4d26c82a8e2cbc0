import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { PgUpdateSetSource } from "drizzle-orm/pg-core";
import type { Statement } from "../../../shared/db/connect.ts";
import { type Guard, guardStatement } from "../../../shared/db/guard.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { historyLine } from "./history.ts";
import { type PatternStatus, type PatternVerb, TRANSITIONS } from "./pattern-status.ts";
import { isPattern, lockPattern, patternAnswer } from "./pattern-view.ts";

export interface PatternChange {
  ctx: VerbContext;
  id: string;
  verb: PatternVerb;
  /** Refuses when somebody changed it since. */
  expectedVersion?: number | undefined;
  rationale?: string | undefined;
  /** For the history: what was set, as the API names it. */
  change?: Record<string, unknown> | SQL;
  set?: PgUpdateSetSource<typeof patterns>;
  /** Judged in a statement of their own once the pattern is locked: one that waits for a lock does not see what was committed meanwhile. */
  guards?: readonly Guard[];
  /** Done before the pattern itself is changed. */
  statements?: readonly Statement[];
  jobs?: readonly NewJob[];
}

/**
 * One change of a pattern by a member, in one batch: the row is locked and judged, the history gets its line, the version rises by one,
 * and what follows from it is staged.
 *
 * @returns the pattern.
 * @throws NotFoundError PATTERN_NOT_FOUND; ConflictError STALE_VERSION, PATTERN_STATUS_REFUSED; what `guards` refuse with.
 */
export function changePattern({
  ctx,
  id,
  verb,
  expectedVersion,
  rationale,
  change,
  set = {},
  guards = [],
  statements = [],
  jobs = [],
}: PatternChange) {
  const isIt = isPattern({ mentoradoId: ctx.mentoradoId, id });
  return ctx.db.write({
    guards: [
      { condition: lockPattern(isIt), refuseWith: "NOT_FOUND", errorCode: "PATTERN_NOT_FOUND" },
      ...(expectedVersion === undefined ? [] : [isOfVersion({ isIt, expectedVersion })]),
      allows({ isIt, verb }),
    ],
    statements: [
      ...(guards.length === 0 ? [] : [ctx.db.build.execute(guardStatement(guards))]),
      historyLine({ ctx, patternId: id, verb, rationale, change }),
      ...statements,
      ctx.db.build
        .update(patterns)
        .set({ ...statusOf(verb), ...set, version: sql`${patterns.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
    ],
    jobs,
    answer: patternAnswer(isIt),
  });
}

/** The guard of a verb by the status of a pattern that is locked already. */
export function allows({ isIt, verb }: { isIt: SQL | undefined; verb: PatternVerb }): Guard {
  const from: readonly PatternStatus[] = TRANSITIONS[verb].from;
  return {
    condition: lockPattern(and(isIt, inArray(patterns.status, [...from]))),
    refuseWith: "CONFLICT",
    errorCode: "PATTERN_STATUS_REFUSED",
  };
}

export function isOfVersion({ isIt, expectedVersion }: { isIt: SQL | undefined; expectedVersion: number }): Guard {
  return {
    condition: lockPattern(and(isIt, eq(patterns.version, expectedVersion))),
    refuseWith: "CONFLICT",
    errorCode: "STALE_VERSION",
  };
}

/** What every change of the status sets; what belongs to the status that is left goes with it. */
export function statusOf(verb: PatternVerb): PgUpdateSetSource<typeof patterns> {
  const { to } = TRANSITIONS[verb];
  if (to === null) return {};
  return {
    status: to,
    statusChangedAt: sql`now()`,
    statusChangedBy: sql`guilda.actor_id()::uuid`,
    rejectionReason: null,
    mergedInto: null,
    deferredAt: null,
    resurfacesAt: null,
  };
}
