import { and, eq } from "drizzle-orm";
import { violationDismissals, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";

const SEVERITY_ORDER = ["error", "warning", "info"];

/** The statement that reads every violation that a pull request has, or has had. */
export function selectPullViolations({ db, mentoradoId }: JobContext, pullRequestId: string) {
  return db.build
    .select({
      id: violations.id,
      patternId: violations.patternId,
      fingerprint: violations.fingerprint,
      path: violations.path,
      startLine: violations.startLine,
      endLine: violations.endLine,
      value: violations.value,
      severity: violations.severity,
      diffLine: violations.diffLine,
      lastCheckId: violations.lastCheckId,
      commentId: violations.commentId,
      commentSays: violations.commentSays,
      resolvedAt: violations.resolvedAt,
      dismissedAt: violationDismissals.dismissedAt,
    })
    .from(violations)
    .leftJoin(
      violationDismissals,
      and(eq(violationDismissals.mentoradoId, violations.mentoradoId), eq(violationDismissals.violationId, violations.id)),
    )
    .where(and(eq(violations.mentoradoId, mentoradoId), eq(violations.pullRequestId, pullRequestId)))
    .orderBy(violations.path, violations.startLine, violations.id);
}

export type PullViolationRow = Awaited<ReturnType<typeof selectPullViolations>>[number];

/** Whether it is still there and nobody has let it off. */
export function counts({ resolvedAt, dismissedAt }: PullViolationRow): boolean {
  return resolvedAt === null && dismissedAt === null;
}

export function bySeverity(left: PullViolationRow, right: PullViolationRow): number {
  return SEVERITY_ORDER.indexOf(left.severity) - SEVERITY_ORDER.indexOf(right.severity);
}
