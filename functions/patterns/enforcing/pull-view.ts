import { type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { pullChecks, pullRequests, violationDismissals, violations } from "../../../shared/db/schema/pull-requests.ts";

/** A check as the API shows it. */
export const checkView = {
  id: pullChecks.id,
  headSha: pullChecks.headSha,
  status: pullChecks.status,
  failure: pullChecks.failure,
  isShadow: pullChecks.isShadow,
  conclusion: pullChecks.conclusion,
  checkRunId: pullChecks.checkRunId,
  filesRead: pullChecks.filesRead,
  leftOut: pullChecks.leftOut,
  waived: pullChecks.waived,
  dismissed: pullChecks.dismissed,
  startedAt: pullChecks.startedAt,
  finishedAt: pullChecks.finishedAt,
};

const isDismissed = sql`exists (select from ${violationDismissals}
  where ${violationDismissals.mentoradoId} = ${violations.mentoradoId} and ${violationDismissals.violationId} = ${violations.id})`;

/** A pull request as the API shows it, with its latest check and how many violations count. */
export const pullView = {
  id: pullRequests.id,
  repoId: pullRequests.repoId,
  number: pullRequests.number,
  title: pullRequests.title,
  authorLogin: pullRequests.authorLogin,
  state: pullRequests.state,
  headSha: pullRequests.headSha,
  baseRef: pullRequests.baseRef,
  openedAt: pullRequests.openedAt,
  check: correlated<ViewRow<typeof checkView> | null>(
    sql`(select ${jsonRow(checkView)} from ${pullChecks} where ${pullChecks.mentoradoId} = ${pullRequests.mentoradoId}
      and ${pullChecks.pullRequestId} = ${pullRequests.id} order by ${pullChecks.id} desc limit 1)`,
  ),
  openViolations: correlated<Record<"error" | "warning" | "info", number>>(
    sql`(select jsonb_build_object('error', count(*) filter (where ${violations.severity} = 'error'),
        'warning', count(*) filter (where ${violations.severity} = 'warning'), 'info', count(*) filter (where ${violations.severity} = 'info'))
      from ${violations} where ${violations.mentoradoId} = ${pullRequests.mentoradoId} and ${violations.pullRequestId} = ${pullRequests.id}
        and ${violations.resolvedAt} is null and not ${isDismissed})`,
  ),
};

interface Dismissal {
  reason: string;
  isFalsePositive: boolean;
  dismissedBy: string;
  dismissedAt: string;
}

const dismissalView = {
  reason: violationDismissals.reason,
  isFalsePositive: violationDismissals.isFalsePositive,
  dismissedBy: violationDismissals.dismissedBy,
  dismissedAt: violationDismissals.dismissedAt,
};

/** A violation as the API shows it. It counts as long as it is neither resolved nor dismissed. */
export const violationView = {
  id: violations.id,
  pullRequestId: violations.pullRequestId,
  patternId: violations.patternId,
  path: violations.path,
  startLine: violations.startLine,
  endLine: violations.endLine,
  value: violations.value,
  severity: violations.severity,
  commentId: violations.commentId,
  resolvedAt: violations.resolvedAt,
  createdAt: violations.createdAt,
  dismissal: correlated<Dismissal | null>(
    sql`(select ${jsonRow(dismissalView)} from ${violationDismissals}
      where ${violationDismissals.mentoradoId} = ${violations.mentoradoId} and ${violationDismissals.violationId} = ${violations.id})`,
  ),
};

/** The violations in a state, as a condition on their row. */
export function isInState(state: "open" | "resolved" | "dismissed"): SQL {
  const dismissed = correlated(isDismissed);
  if (state === "dismissed") return dismissed;
  return state === "open"
    ? sql`(${violations.resolvedAt} is null and not ${dismissed})`
    : sql`(${violations.resolvedAt} is not null and not ${dismissed})`;
}
