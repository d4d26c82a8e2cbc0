import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { patternEvidence } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { evidenceOf } from "./evidence-view.ts";
import type { OneEvidenceInput } from "./pattern-schemas.ts";

/** One place of a pattern, the guard that it is there, and what the history says of it. */
export function oneEvidence({ ctx, input: { id, evidenceId } }: { ctx: VerbContext; input: OneEvidenceInput }) {
  const isIt = and(evidenceOf({ mentoradoId: ctx.mentoradoId, patternId: id }), eq(patternEvidence.id, evidenceId));
  const guard: Guard = {
    condition: sql`exists (select 1 from ${patternEvidence} where ${isIt} for update)`,
    refuseWith: "NOT_FOUND",
    errorCode: "EVIDENCE_NOT_FOUND",
  };
  const change: SQL = sql`(select jsonb_build_object('path', ${patternEvidence.path}, 'startLine', ${patternEvidence.startLine},
    'endLine', ${patternEvidence.endLine}, 'isCounterExample', ${patternEvidence.isCounterExample}) from ${patternEvidence} where ${isIt})`;
  return { isIt, guard, change };
}
