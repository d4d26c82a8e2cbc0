import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { guardStatement } from "../../../shared/db/guard.ts";
import { repos } from "../../../shared/db/schema/craft.ts";
import { pullChecks, pullRequests, violationDismissals, violations } from "../../../shared/db/schema/pull-requests.ts";
import { AppError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import { describeError } from "../../../shared/log/scrub.ts";
import type { Github } from "../outbound/github.ts";
import { type PullReading, readPull } from "../outbound/read-pull.ts";
import { settleFailure } from "../outbound/settle-failure.ts";
import { evaluatePull } from "../pulls/evaluate-pull.ts";
import { keepPull } from "../pulls/keep-pull.ts";
import type { PullFacts } from "../pulls/pull-facts.ts";
import type { PullLimits } from "../pulls/pull-limits.ts";
import { selectSpeaking, selectWaivers, toConventions } from "../pulls/select-conventions.ts";
import { type CheckOutcome, writeCheck } from "../pulls/write-check.ts";

const CHECK_BEGUN = "CHECK_BEGUN";

type Input = PayloadOf<"ingestion.check-pull-request">;

/**
 * Compares what a pull request changes at its present head with the conventions that speak there, and stores what it finds; telling it on
 * GitHub is the next job. Whatever event it was staged for, GitHub says what the head is, so a head is checked once, and an older one that
 * is still to be told is superseded.
 *
 * @returns why there was nothing to do.
 * @throws what may pass, while attempts are left; UnavailableError CHECK_BEGUN when another job was faster.
 */
export async function checkPullRequest({
  ctx,
  input,
  github,
  limits,
}: {
  ctx: JobContext;
  input: Input;
  github: Github;
  limits: PullLimits;
}): Promise<Skipped | undefined> {
  const [[known], [latest], dismissals] = await ctx.db.read([
    selectPull(ctx, input),
    selectLatest(ctx, input),
    selectDismissed(ctx, input),
  ]);
  if (known === undefined || known.checkMode === "off") return { skipped: true, reason: "off" };
  const [speaking, waivers] = await ctx.db.read([selectSpeaking(ctx, known.repoId), selectWaivers(ctx, known.repoId)]);
  const conventions = toConventions({ speaking, waivers });
  const check: Check = { ctx, input, known, latest };
  let pull: PullFacts & { baseSha: string };
  let reading: PullReading;
  try {
    pull = await github.pulls(known.installationId, ctx).getPull(known);
    if (pull.state !== "open") return await close({ check, pull });
    if (input.isAgain !== true && latest !== undefined && isSame(latest, pull)) {
      await ctx.db.write({ statements: [keep({ check, pull })], answer: sql`null` });
      return { skipped: true, reason: "checked" };
    }
    reading = await readPull({
      ctx,
      github,
      installationId: known.installationId,
      fullName: known.fullName,
      pull,
      conventions,
      limits,
    });
  } catch (error) {
    return await settle({ check, error });
  }
  const dismissed = new Set(dismissals.map(({ fingerprint }) => fingerprint));
  const { plan, files, treePaths } = reading;
  const evaluation = await evaluatePull({ conventions, files, treePaths, dismissed, now: ctx.now });
  await store({ check, pull, outcome: { evaluation, plan, filesRead: plan.toRead.length, maxViolations: limits.violations } });
  return undefined;
}

interface Check {
  ctx: JobContext;
  input: Input;
  known: KnownPull;
  latest: LatestCheck | undefined;
}

function selectPull({ db, mentoradoId }: JobContext, { pullRequestId }: Input) {
  return db.build
    .select({
      repoId: repos.id,
      number: pullRequests.number,
      headSha: pullRequests.headSha,
      baseRef: pullRequests.baseRef,
      fullName: repos.fullName,
      installationId: repos.installationId,
      checkMode: repos.checkMode,
    })
    .from(pullRequests)
    .innerJoin(
      repos,
      and(eq(repos.mentoradoId, pullRequests.mentoradoId), eq(repos.id, pullRequests.repoId), isNull(repos.disconnectedAt)),
    )
    .where(and(eq(pullRequests.mentoradoId, mentoradoId), eq(pullRequests.id, pullRequestId)));
}

type KnownPull = Awaited<ReturnType<typeof selectPull>>[number];

function selectLatest({ db, mentoradoId }: JobContext, { pullRequestId }: Input) {
  return db.build
    .select({ id: pullChecks.id, status: pullChecks.status, headSha: pullChecks.headSha, baseRef: pullChecks.baseRef })
    .from(pullChecks)
    .where(and(eq(pullChecks.mentoradoId, mentoradoId), eq(pullChecks.pullRequestId, pullRequestId)))
    .orderBy(desc(pullChecks.id))
    .limit(1);
}

type LatestCheck = Awaited<ReturnType<typeof selectLatest>>[number];

/** A dismissal lasts as long as its violation is the same, push after push. */
function selectDismissed({ db, mentoradoId }: JobContext, { pullRequestId }: Input) {
  return db.build
    .select({ fingerprint: violations.fingerprint })
    .from(violations)
    .innerJoin(
      violationDismissals,
      and(eq(violationDismissals.mentoradoId, violations.mentoradoId), eq(violationDismissals.violationId, violations.id)),
    )
    .where(and(eq(violations.mentoradoId, mentoradoId), eq(violations.pullRequestId, pullRequestId)));
}

function isSame({ status, headSha, baseRef }: LatestCheck, pull: PullFacts): boolean {
  return (status === "running" || status === "done") && headSha === pull.headSha && baseRef === pull.baseRef;
}

function keep({ check: { ctx, known }, pull }: { check: Check; pull: PullFacts }): Statement {
  const { baseSha: _, ...facts } = { baseSha: "", ...pull };
  const row = { mentoradoId: ctx.mentoradoId, repoId: known.repoId, id: ctx.newId() };
  return keepPull({ build: ctx.db.build, rows: [row], pull: facts });
}

/** What was merged or closed is told nothing more. */
async function close({ check, pull }: { check: Check; pull: PullFacts }): Promise<Skipped> {
  await check.ctx.db.write({ statements: [keep({ check, pull }), supersede(check)], answer: sql`null` });
  return { skipped: true, reason: pull.state };
}

function supersede({ ctx: { db, mentoradoId }, input }: Check): Statement {
  return db.build
    .update(pullChecks)
    .set({ status: "superseded", finishedAt: sql`now()` })
    .where(
      and(
        eq(pullChecks.mentoradoId, mentoradoId),
        eq(pullChecks.pullRequestId, input.pullRequestId),
        eq(pullChecks.status, "running"),
      ),
    );
}

async function store({ check, pull, outcome }: { check: Check; pull: PullFacts; outcome: CheckOutcome }): Promise<void> {
  const { ctx, input, known } = check;
  const pullCheckId = ctx.newId();
  const isShadow = known.checkMode !== "enforce";
  const report: NewJob = { name: "ingestion.report-pull-check", payload: { pullCheckId }, dedupKey: pullCheckId };
  await begin({
    check,
    statements: [
      keep({ check, pull }),
      supersede(check),
      ...writeCheck({ ctx, pullCheckId, pullRequestId: input.pullRequestId, pull, isShadow, outcome }),
    ],
    jobs: isShadow ? [] : [report],
  });
}

/** Checks of one pull request are stored one after the other. */
async function begin({
  check: { ctx, input, known, latest },
  statements,
  jobs = [],
}: {
  check: Check;
  statements: readonly Statement[];
  jobs?: readonly NewJob[];
}): Promise<void> {
  const { mentoradoId } = ctx;
  const isConnected = {
    condition: sql`select r.disconnected_at is null from ${repos} as r where r.mentorado_id = ${mentoradoId} and r.id = ${known.repoId} for share`,
    refuseWith: "NOT_FOUND",
    errorCode: "REPO_DISCONNECTED",
  } as const;
  const lock = sql`exists (select 1 from ${pullRequests} as p where p.mentorado_id = ${mentoradoId} and p.id = ${input.pullRequestId} for update)`;
  const isStillLatest = {
    condition: sql`(select c.id from ${pullChecks} as c where c.mentorado_id = ${mentoradoId} and c.pull_request_id = ${input.pullRequestId} order by c.id desc limit 1) is not distinct from ${latest?.id ?? null}::uuid`,
    refuseWith: "CONFLICT",
    errorCode: CHECK_BEGUN,
  } as const;
  try {
    await ctx.db.write({
      guards: [isConnected, { condition: lock, refuseWith: "NOT_FOUND", errorCode: "PULL_NOT_FOUND" }],
      statements: [ctx.db.build.execute(guardStatement([isStillLatest])), ...statements],
      jobs,
      answer: sql`null`,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== CHECK_BEGUN) throw error;
    throw new UnavailableError(undefined, { errorCode: CHECK_BEGUN, cause: error });
  }
}

async function settle({ check, error }: { check: Check; error: unknown }): Promise<undefined> {
  const { ctx, input, known } = check;
  const settlement = settleFailure(error, ctx);
  if (settlement.kind === "retry") throw error;
  if (settlement.kind === "wait") {
    const { runAt } = settlement;
    const job = { name: "ingestion.check-pull-request", payload: input, dedupKey: `after:${ctx.actor.jobId}`, runAt } as const;
    await ctx.db.write({ jobs: [job], answer: sql`null` });
    return;
  }
  ctx.log.write("warn", "pull_check.failed", { outcome: settlement.failure, error: describeError(error) });
  await begin({
    check,
    statements: [
      supersede(check),
      ctx.db.build.insert(pullChecks).values({
        mentoradoId: ctx.mentoradoId,
        id: ctx.newId(),
        pullRequestId: input.pullRequestId,
        headSha: known.headSha,
        baseRef: known.baseRef,
        status: "failed",
        failure: settlement.failure,
        isShadow: known.checkMode !== "enforce",
        finishedAt: sql`now()`,
      }),
    ],
  });
}
