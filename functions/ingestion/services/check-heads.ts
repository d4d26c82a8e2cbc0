import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import { repos, scans } from "../../../shared/db/schema/craft.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import { describeError } from "../../../shared/log/scrub.ts";
import { MINER_VERSION } from "../mining/miner-version.ts";
import { type Github, RepositoryRefused } from "../outbound/github.ts";
import { settleFailure } from "../outbound/settle-failure.ts";
import { PASSING_FAILURES } from "../scan/scan-failure.ts";

/** Repositories of one job. */
const PAGE = 20;
/** A scan that runs for longer has lost its jobs. */
const STUCK_MS = 6 * 3_600_000;

type Input = PayloadOf<"ingestion.check-heads">;

/**
 * Looks where the default branch of each repository is and stages a scan where the latest one has not been: for pushes that nobody has told,
 * scans that failed for what may have passed, scans that are stuck, and repositories that can be read again. An answer that nothing has
 * changed is not counted by GitHub.
 */
export async function checkHeads({ ctx, input, github }: { ctx: JobContext; input: Input; github: Github }): Promise<void> {
  const [page] = await ctx.db.read([selectRepos(ctx, input.after)]);
  const jobs: NewJob[] = [];
  let after = input.after;
  for (const repo of page) {
    const state = await look({ ctx, repo, github });
    if (state.kind === "wait") {
      jobs.push({ ...nextPage(ctx, { ...input, after }), runAt: state.runAt });
      break;
    }
    if (state.kind === "scan")
      jobs.push({ name: "ingestion.scan-repo", payload: { repoId: repo.id }, dedupKey: `${repo.id}:head:${input.slot}` });
    after = repo.id;
    if (page.length === PAGE && repo === page.at(-1)) jobs.push(nextPage(ctx, { ...input, after }));
  }
  await ctx.db.write({ jobs, answer: sql`null` });
}

function nextPage(ctx: JobContext, payload: Input): NewJob {
  return { name: "ingestion.check-heads", payload, dedupKey: `after:${ctx.actor.jobId}` };
}

function selectRepos({ db, mentoradoId }: JobContext, after: string | undefined) {
  const latest = db.build
    .select({
      commitSha: scans.commitSha,
      status: scans.status,
      failure: scans.failure,
      minerVersion: scans.minerVersion,
      startedAt: scans.startedAt,
    })
    .from(scans)
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.repoId, repos.id)))
    .orderBy(sql`${scans.id} desc`)
    .limit(1)
    .as("latest");
  return db.build
    .select({
      id: repos.id,
      installationId: repos.installationId,
      githubId: repos.githubId,
      fullName: repos.fullName,
      defaultBranch: repos.defaultBranch,
      commitSha: latest.commitSha,
      status: latest.status,
      failure: latest.failure,
      minerVersion: latest.minerVersion,
      startedAt: latest.startedAt,
    })
    .from(repos)
    .leftJoinLateral(latest, sql`true`)
    .where(
      and(
        eq(repos.mentoradoId, mentoradoId),
        isNull(repos.disconnectedAt),
        after === undefined ? undefined : gt(repos.id, after),
      ),
    )
    .orderBy(asc(repos.id))
    .limit(PAGE);
}

type Repo = Awaited<ReturnType<typeof selectRepos>>[number];

type State = { kind: "scan" } | { kind: "leave" } | { kind: "wait"; runAt: string };

async function look({ ctx, repo, github }: { ctx: JobContext; repo: Repo; github: Github }): Promise<State> {
  const { status, failure, commitSha, startedAt, defaultBranch, fullName } = repo;
  if (status === "running") return { kind: Date.parse(startedAt ?? "") < ctx.now.getTime() - STUCK_MS ? "scan" : "leave" };
  if (status !== "done" && status !== "failed") return { kind: "scan" };
  if (defaultBranch === null || repo.minerVersion !== MINER_VERSION || PASSING_FAILURES.includes(failure))
    return { kind: "scan" };
  const known = status === "done" ? (commitSha ?? undefined) : undefined;
  try {
    const head = await github.repositories(repo.installationId, ctx).getHead({ fullName, branch: defaultBranch, known });
    return { kind: head === commitSha && status === "done" ? "leave" : "scan" };
  } catch (error) {
    // What is refused and has not been told yet is for a scan to tell.
    if (error instanceof RepositoryRefused) return { kind: status === "failed" ? "leave" : "scan" };
    const settlement = settleFailure(error, ctx);
    if (settlement.kind === "wait") return settlement;
    if (!(error instanceof AppError)) throw error;
    ctx.log.write("warn", "scan.head_unknown", { outcome: "unavailable", error: describeError(error) });
    return { kind: "leave" };
  }
}
