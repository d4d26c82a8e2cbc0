import { sql } from "drizzle-orm";
import { patternEvidence } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import { oneEvidence } from "../judging/one-evidence.ts";
import type { OneEvidenceInput } from "../judging/pattern-schemas.ts";

/** Takes a place away, for good: no scan brings it back. @throws as `changePattern`; NotFoundError EVIDENCE_NOT_FOUND. */
export function removeEvidence({ ctx, input }: { ctx: VerbContext; input: OneEvidenceInput }) {
  const { isIt, guard, change } = oneEvidence({ ctx, input });
  return changePattern({
    ctx,
    id: input.id,
    verb: "remove_evidence",
    change,
    guards: [guard],
    statements: [ctx.db.build.update(patternEvidence).set({ removedAt: sql`now()`, removedBy: "person" }).where(isIt)],
  });
}
