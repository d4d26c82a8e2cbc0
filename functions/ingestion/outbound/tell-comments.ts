import { eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { pullRequests, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { bySeverity, counts, type PullViolationRow } from "../pulls/pull-violations.ts";
import { renderComment, renderResolved, type ToldCheck } from "../pulls/render-check.ts";
import type { PullCalls } from "./github.ts";
import { postComments, type WantedComment, withMark } from "./post-comments.ts";

/** More on one pull request are read by nobody; the check shows all. */
const MAX_COMMENTS = 10;

interface Telling {
  ctx: JobContext;
  pulls: PullCalls;
  check: Pick<ToldCheck, "fullName" | "publicUrl" | "patterns"> & {
    number: number;
    headSha: string;
    pullRequestId: string;
    pullCheckId: string;
    reviews: number;
    /** Whether an attempt may have posted a review of which nothing is known. */
    isReviewUnsettled: boolean;
  };
  violations: readonly PullViolationRow[];
}

type Says = "open" | "resolved";
type Comment = PullViolationRow & { commentId: number; commentSays: Says };

/**
 * Brings the comments of a pull request to what its latest check says: each violation has one at most, whatever is pushed; one that is
 * fixed or let off says so.
 *
 * @returns the statements that keep what was made.
 */
export async function tellComments(telling: Telling): Promise<Statement[]> {
  const { ctx, pulls, check, violations: all } = telling;
  const wanted = wantedComments(telling);
  const hasReview = wanted.length > 0 || check.isReviewUnsettled;
  const posted = hasReview ? await postComments({ ctx, pulls, pull: check, wanted }) : undefined;
  const comments = all.flatMap((each): Comment[] => {
    const commentId = each.commentId ?? posted?.commentIds.get(each.fingerprint);
    return commentId === undefined ? [] : [{ ...each, commentId, commentSays: each.commentSays ?? "open" }];
  });
  const told = [];
  for (const comment of comments)
    told.push({ id: comment.id, commentId: comment.commentId, says: await tell({ telling, comment }) });
  return [
    ...(posted?.confirms ?? []),
    ...(posted === undefined ? [] : [countReview(telling)]),
    ...(told.length === 0 ? [] : [keepComments({ ctx, told })]),
  ];
}

/** The worst that have none, as far as there is room. */
function wantedComments({ check, violations: all }: Telling): WantedComment[] {
  const room = MAX_COMMENTS - all.filter(({ commentId }) => commentId !== null).length;
  return all
    .filter(
      (each) => counts(each) && each.commentId === null && each.severity !== "info" && each.lastCheckId === check.pullCheckId,
    )
    .sort(bySeverity)
    .flatMap((violation) => {
      const pattern = check.patterns.find(({ id }) => id === violation.patternId);
      if (pattern === undefined || violation.diffLine === null) return [];
      const body = renderComment({ check, pattern, violation });
      return [{ path: violation.path, line: violation.diffLine, body, fingerprint: violation.fingerprint }];
    })
    .slice(0, Math.max(room, 0));
}

async function tell({ telling: { pulls, check }, comment }: { telling: Telling; comment: Comment }): Promise<Says> {
  const says = counts(comment) ? "open" : "resolved";
  const pattern = check.patterns.find(({ id }) => id === comment.patternId);
  if (says === comment.commentSays || pattern === undefined) return comment.commentSays;
  const body = says === "open" ? renderComment({ check, pattern, violation: comment }) : renderResolved({ check, pattern });
  const { fullName } = check;
  await pulls.updateComment({
    fullName,
    commentId: comment.commentId,
    body: withMark({ body, fingerprint: comment.fingerprint }),
  });
  return says;
}

function countReview({ ctx: { db, mentoradoId }, check: { pullRequestId, reviews } }: Telling): Statement {
  return db.build
    .update(pullRequests)
    .set({ reviews: reviews + 1 })
    .where(
      sql`${eq(pullRequests.mentoradoId, mentoradoId)} and ${eq(pullRequests.id, pullRequestId)} and ${eq(pullRequests.reviews, reviews)}`,
    );
}

function keepComments({
  ctx: { db, mentoradoId },
  told,
}: {
  ctx: JobContext;
  told: readonly { id: string; commentId: number; says: Says }[];
}): Statement {
  return db.build.execute(sql`
    update ${violations} as v set comment_id = t."commentId", comment_says = t.says
      from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as t (id uuid, "commentId" bigint, says text)
     where v.mentorado_id = ${mentoradoId} and v.id = t.id`);
}
