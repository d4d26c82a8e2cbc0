import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { patternEvidence, patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { allows, isOfVersion, statusOf } from "../judging/change-pattern.ts";
import { evidenceOf } from "../judging/evidence-view.ts";
import { historyLine } from "../judging/history.ts";
import type { MergeInput } from "../judging/pattern-schemas.ts";
import { isPattern, patternAnswer } from "../judging/pattern-view.ts";

/**
 * One pattern goes into another one of its repository: its evidence moves, as shown by a person from then on, and it is rejected for the
 * other. Its fingerprint stays with it, so no scan brings it back.
 *
 * @returns the pattern that stays.
 * @throws NotFoundError PATTERN_NOT_FOUND for either; ConflictError STALE_VERSION (of the one that goes), PATTERN_STATUS_REFUSED, OTHER_REPOSITORY.
 */
export function mergePattern({ ctx, input }: { ctx: VerbContext; input: MergeInput }) {
  const { build } = ctx.db;
  const { id, into, rationale } = input;
  const { isIt, isTarget } = sidesOf({ ctx, input });
  return ctx.db.write({
    guards: guardsOf({ ctx, input }),
    statements: [
      historyLine({ ctx, patternId: id, verb: "merge", rationale, change: { into } }),
      historyLine({ ctx, patternId: into, verb: "absorb", rationale, change: { merged: id } }),
      build
        .update(patternEvidence)
        .set({ patternId: into, isCanonical: false, addedBy: "person" })
        .where(and(evidenceOf({ mentoradoId: ctx.mentoradoId, patternId: id }), isNew({ ctx, into }))),
      // What the other one shows already. A scan may bring it back, should this one be opened again.
      build
        .update(patternEvidence)
        .set({ removedAt: sql`now()`, removedBy: "extraction" })
        .where(evidenceOf({ mentoradoId: ctx.mentoradoId, patternId: id })),
      build
        .update(patterns)
        .set({ ...statusOf("merge"), mergedInto: into, version: sql`${patterns.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
      build
        .update(patterns)
        .set({ version: sql`${patterns.version} + 1`, updatedAt: sql`now()` })
        .where(isTarget),
    ],
    answer: patternAnswer(isTarget),
  });
}

function sidesOf({ ctx: { mentoradoId }, input: { id, into } }: { ctx: VerbContext; input: MergeInput }) {
  return { isIt: isPattern({ mentoradoId, id }), isTarget: isPattern({ mentoradoId, id: into }) };
}

function guardsOf({ ctx, input }: { ctx: VerbContext; input: MergeInput }): Guard[] {
  const { isIt, isTarget } = sidesOf({ ctx, input });
  const isEither = and(eq(patterns.mentoradoId, ctx.mentoradoId), inArray(patterns.id, [input.id, input.into]));
  // In one order, so that two merges the other way around wait for each other.
  const locked = sql`(select count(*) from (select 1 from ${patterns} where ${isEither} order by ${patterns.id} for update) as locked)`;
  const repoOf = (condition: SQL | undefined) => sql`(select ${patterns.repoId} from ${patterns} where ${condition})`;
  return [
    { condition: sql`${locked} = 2`, refuseWith: "NOT_FOUND", errorCode: "PATTERN_NOT_FOUND" },
    ...(input.expectedVersion === undefined ? [] : [isOfVersion({ isIt, expectedVersion: input.expectedVersion })]),
    allows({ isIt, verb: "merge" }),
    allows({ isIt: isTarget, verb: "absorb" }),
    { condition: sql`${repoOf(isIt)} = ${repoOf(isTarget)}`, refuseWith: "CONFLICT", errorCode: "OTHER_REPOSITORY" },
  ];
}

/** Whether the other pattern does not show the same place already. */
function isNew({ ctx: { mentoradoId }, into }: { ctx: VerbContext; into: string }): SQL {
  return sql`not exists (
    select 1 from ${patternEvidence} as known
     where known.mentorado_id = ${mentoradoId} and known.pattern_id = ${into} and known.removed_at is null
       and known.path = ${patternEvidence.path} and known.start_line is not distinct from ${patternEvidence.startLine}
       and known.end_line is not distinct from ${patternEvidence.endLine} and known.is_counter_example = ${patternEvidence.isCounterExample})`;
}
