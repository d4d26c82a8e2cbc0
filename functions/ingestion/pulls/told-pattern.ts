import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { patternEvidence, patterns } from "../../../shared/db/schema/craft.ts";
import { pullCheckPatterns, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";

/** What is told of a pattern on GitHub. */
export interface ToldPattern {
  id: string;
  name: string;
  description: string;
  rationale: string | null;
  severity: "error" | "warning" | "info";
  /** Of the check that is told of; null where there was nothing to count. */
  opportunities: number | null;
  hits: number | null;
  /** The mentor's own example. */
  example: { path: string; line: number | null; commitSha: string } | null;
}

/** The statement that reads the patterns that a check, or a comment on its pull request, tells of. */
export function selectToldPatterns(
  { db, mentoradoId }: JobContext,
  { pullCheckId, pullRequestId }: { pullCheckId: string; pullRequestId: string },
) {
  const { build } = db;
  const counted = build
    .select({ id: pullCheckPatterns.patternId })
    .from(pullCheckPatterns)
    .where(and(eq(pullCheckPatterns.mentoradoId, mentoradoId), eq(pullCheckPatterns.pullCheckId, pullCheckId)));
  const broken = build
    .select({ id: violations.patternId })
    .from(violations)
    .where(and(eq(violations.mentoradoId, mentoradoId), eq(violations.pullRequestId, pullRequestId)));
  return build
    .select({
      id: patterns.id,
      name: patterns.name,
      description: patterns.description,
      rationale: patterns.rationale,
      severity: patterns.defaultSeverity,
      opportunities: pullCheckPatterns.opportunities,
      hits: pullCheckPatterns.hits,
      example: sql<ToldPattern["example"]>`case when ${patternEvidence.id} is not null then
        jsonb_build_object('path', ${patternEvidence.path}, 'line', ${patternEvidence.startLine}, 'commitSha', ${patternEvidence.commitSha}) end`,
    })
    .from(patterns)
    .leftJoin(
      pullCheckPatterns,
      and(
        eq(pullCheckPatterns.mentoradoId, patterns.mentoradoId),
        eq(pullCheckPatterns.patternId, patterns.id),
        eq(pullCheckPatterns.pullCheckId, pullCheckId),
      ),
    )
    .leftJoin(
      patternEvidence,
      and(
        eq(patternEvidence.mentoradoId, patterns.mentoradoId),
        eq(patternEvidence.patternId, patterns.id),
        eq(patternEvidence.isCanonical, true),
        isNull(patternEvidence.removedAt),
      ),
    )
    .where(and(eq(patterns.mentoradoId, mentoradoId), sql`(${inArray(patterns.id, counted)} or ${inArray(patterns.id, broken)})`))
    .orderBy(patterns.id);
}
