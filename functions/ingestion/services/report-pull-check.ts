import { and, eq, isNull, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { repos } from "../../../shared/db/schema/craft.ts";
import { pullChecks, pullRequests } from "../../../shared/db/schema/pull-requests.ts";
import { effects } from "../../../shared/db/schema/work.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import { describeError } from "../../../shared/log/scrub.ts";
import type { Github } from "../outbound/github.ts";
import { postCheckRun } from "../outbound/post-check-run.ts";
import { REVIEW_EFFECT } from "../outbound/post-comments.ts";
import { settleFailure } from "../outbound/settle-failure.ts";
import { tellComments } from "../outbound/tell-comments.ts";
import { bySeverity, counts, selectPullViolations } from "../pulls/pull-violations.ts";
import { renderCheck } from "../pulls/render-check.ts";
import { selectToldPatterns } from "../pulls/told-pattern.ts";

type Input = PayloadOf<"ingestion.report-pull-check">;

/**
 * Tells on GitHub what a check has found: one check run, and comments on the lines. A check that a newer one has superseded is told no
 * more.
 *
 * @returns why there was nothing to do.
 * @throws what may pass, while attempts are left.
 */
export async function reportPullCheck({
  ctx,
  input,
  github,
  publicUrl,
}: {
  ctx: JobContext;
  input: Input;
  github: Github;
  publicUrl: string;
}): Promise<Skipped | undefined> {
  const [[check]] = await ctx.db.read([selectCheck(ctx, input)]);
  if (check === undefined || check.status !== "running") return { skipped: true, reason: "over" };
  if (check.state !== "open") {
    await ctx.db.write({ statements: [end({ ctx, input, status: "superseded" })], answer: sql`null` });
    return { skipped: true, reason: check.state };
  }
  const [patterns, violations] = await ctx.db.read([
    selectToldPatterns(ctx, { ...input, pullRequestId: check.pullRequestId }),
    selectPullViolations(ctx, check.pullRequestId),
  ]);
  // What stands in files that this check had to leave out is not told of anew.
  const own = violations.filter((each) => counts(each) && each.lastCheckId === input.pullCheckId).sort(bySeverity);
  const told = { ...check, publicUrl, patterns, violations: own };
  try {
    const pulls = github.pulls(check.installationId, ctx);
    const run = await postCheckRun({ ctx, pulls, check: { ...check, ...input }, output: renderCheck(told) });
    const comments = await tellComments({ ctx, pulls, check: { ...told, ...input }, violations });
    await ctx.db.write({
      statements: [end({ ctx, input, status: "done", checkRunId: run.checkRunId }), ...run.confirms, ...comments],
      answer: sql`null`,
    });
  } catch (error) {
    await settle({ ctx, input, error });
  }
  return undefined;
}

function selectCheck({ db, mentoradoId }: JobContext, { pullCheckId }: Input) {
  return db.build
    .select({
      status: pullChecks.status,
      headSha: pullChecks.headSha,
      // What is to be told has been concluded.
      conclusion: sql<"success" | "failure" | "neutral">`${pullChecks.conclusion}`,
      filesRead: pullChecks.filesRead,
      leftOut: pullChecks.leftOut,
      waived: pullChecks.waived,
      dismissed: pullChecks.dismissed,
      pullRequestId: pullRequests.id,
      number: pullRequests.number,
      reviews: pullRequests.reviews,
      isReviewUnsettled: sql<boolean>`exists (select from ${effects} where ${effects.mentoradoId} = ${pullRequests.mentoradoId}
        and ${effects.key} = concat(${`${REVIEW_EFFECT}:`}::text, ${pullRequests.id}, ':', ${pullRequests.reviews}))`,
      state: pullRequests.state,
      fullName: repos.fullName,
      installationId: repos.installationId,
    })
    .from(pullChecks)
    .innerJoin(
      pullRequests,
      and(eq(pullRequests.mentoradoId, pullChecks.mentoradoId), eq(pullRequests.id, pullChecks.pullRequestId)),
    )
    .innerJoin(
      repos,
      and(eq(repos.mentoradoId, pullRequests.mentoradoId), eq(repos.id, pullRequests.repoId), isNull(repos.disconnectedAt)),
    )
    .where(and(eq(pullChecks.mentoradoId, mentoradoId), eq(pullChecks.id, pullCheckId)));
}

/** Ends the check, unless a newer one has superseded it meanwhile. */
function end({
  ctx: { db, mentoradoId },
  input: { pullCheckId },
  ...set
}: {
  ctx: JobContext;
  input: Input;
  status: "done" | "failed" | "superseded";
  checkRunId?: number;
  failure?: string;
}): Statement {
  const { status, checkRunId, failure } = set;
  const isRunning = sql`${pullChecks.status} = 'running'`;
  return db.build
    .update(pullChecks)
    .set({
      status: sql`case when ${isRunning} then ${status} else ${pullChecks.status} end`,
      failure: sql`case when ${isRunning} then ${failure ?? null} else ${pullChecks.failure} end`,
      finishedAt: sql`coalesce(${pullChecks.finishedAt}, now())`,
      ...(checkRunId === undefined ? {} : { checkRunId }),
    })
    .where(and(eq(pullChecks.mentoradoId, mentoradoId), eq(pullChecks.id, pullCheckId)));
}

async function settle({ ctx, input, error }: { ctx: JobContext; input: Input; error: unknown }): Promise<void> {
  const settlement = settleFailure(error, ctx);
  if (settlement.kind !== "fail") throw error;
  ctx.log.write("warn", "pull_check.failed", { outcome: settlement.failure, error: describeError(error) });
  await ctx.db.write({ statements: [end({ ctx, input, status: "failed", failure: settlement.failure })], answer: sql`null` });
}
