import { and, eq, isNull, type SQL } from "drizzle-orm";
import { patternEvidence } from "../../../shared/db/schema/craft.ts";

/** A place that shows a pattern, or its opposite, as the API shows it. Without lines the path itself is the evidence. */
export const evidenceView = {
  id: patternEvidence.id,
  path: patternEvidence.path,
  startLine: patternEvidence.startLine,
  endLine: patternEvidence.endLine,
  commit: patternEvidence.commitSha,
  isCounterExample: patternEvidence.isCounterExample,
  isCanonical: patternEvidence.isCanonical,
  addedBy: patternEvidence.addedBy,
  staleReason: patternEvidence.staleReason,
  createdAt: patternEvidence.createdAt,
};

/** What was not taken away of the evidence of one pattern. */
export function evidenceOf({ mentoradoId, patternId }: { mentoradoId: string; patternId: string }): SQL | undefined {
  return and(
    eq(patternEvidence.mentoradoId, mentoradoId),
    eq(patternEvidence.patternId, patternId),
    isNull(patternEvidence.removedAt),
  );
}
