import { and, eq, not, sql } from "drizzle-orm";
import { patternEvidence } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import { evidenceOf } from "../judging/evidence-view.ts";
import { oneEvidence } from "../judging/one-evidence.ts";
import type { OneEvidenceInput } from "../judging/pattern-schemas.ts";

/** The one example that a mentor shows first, in place of the one before. @throws as `changePattern`; NotFoundError EVIDENCE_NOT_FOUND; AppError COUNTER_EXAMPLE. */
export function setCanonical({ ctx, input }: { ctx: VerbContext; input: OneEvidenceInput }) {
  const { build } = ctx.db;
  const { isIt, guard, change } = oneEvidence({ ctx, input });
  const isExample = and(isIt, not(patternEvidence.isCounterExample));
  return changePattern({
    ctx,
    id: input.id,
    verb: "set_canonical",
    change,
    guards: [
      guard,
      {
        condition: sql`exists (select 1 from ${patternEvidence} where ${isExample} for update)`,
        refuseWith: "PRECONDITION_FAILED",
        errorCode: "COUNTER_EXAMPLE",
      },
    ],
    statements: [
      build
        .update(patternEvidence)
        .set({ isCanonical: false })
        .where(and(evidenceOf({ mentoradoId: ctx.mentoradoId, patternId: input.id }), eq(patternEvidence.isCanonical, true))),
      build.update(patternEvidence).set({ isCanonical: true }).where(isIt),
    ],
  });
}
