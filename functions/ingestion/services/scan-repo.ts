import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { repos, scanShards, scans } from "../../../shared/db/schema/craft.ts";
import { AppError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import { describeError } from "../../../shared/log/scrub.ts";
import { MINER_VERSION } from "../mining/miner-version.ts";
import type { Github, GithubRepository, RepositoryCalls } from "../outbound/github.ts";
import { type Listing, readListing } from "../outbound/read-listing.ts";
import { settleFailure } from "../outbound/settle-failure.ts";
import { type KnownFile, selectKnownFiles } from "../scan/known-file.ts";
import { planFiles } from "../scan/plan-files.ts";
import type { ScanFailure } from "../scan/scan-failure.ts";
import { type ScanLimits, shardCount } from "../scan/scan-limits.ts";

const SCAN_BEGUN = "SCAN_BEGUN";

/** What scans are made with. */
export interface ScanTools {
  github: Github;
  limits: ScanLimits;
}

/**
 * Begins a scan of the commit that the default branch is at, unless that has been read: a scan of another commit that is still running is
 * superseded, one of the same is helped on. What GitHub refuses is a scan that failed.
 *
 * @throws what may pass, while attempts are left; UnavailableError SCAN_BEGUN when another job was faster.
 */
export async function scanRepo({
  ctx,
  input: { repoId },
  github,
  limits,
}: ScanTools & {
  ctx: JobContext;
  input: { repoId: string };
}): Promise<Skipped | undefined> {
  const [[repo], [latest], known] = await ctx.db.read([
    selectRepo(ctx, repoId),
    selectLatest(ctx, repoId),
    selectKnownFiles(ctx, repoId),
  ]);
  if (repo === undefined) return { skipped: true, reason: "disconnected" };
  let head: Head;
  let listing: Listing | undefined;
  try {
    const repository = github.repositories(repo.installationId, ctx);
    head = await findHead({ repository, repo, latest });
    if (latest !== undefined && isSame(latest, head)) {
      if (latest.status === "done") return { skipped: true, reason: "unchanged" };
      if (latest.status === "running") return await helpOn({ ctx, scanId: latest.id, shardsLeft: latest.shardsLeft });
    }
    listing = await readListing({ repository, fullName: head.fullName, commitSha: head.commitSha });
  } catch (error) {
    return await settle({ ctx, repoId, latest, error });
  }
  try {
    await begin({ ctx, repoId, latest, head, ...decide({ listing, known, limits }) });
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== SCAN_BEGUN) throw error;
    throw new UnavailableError(undefined, { errorCode: SCAN_BEGUN, cause: error });
  }
  return undefined;
}

/** The commit to be read, and what GitHub says of its repository. */
type Head = GithubRepository & { commitSha: string };

async function findHead({
  repository,
  repo,
  latest,
}: {
  repository: RepositoryCalls;
  repo: { githubId: number | null; fullName: string };
  latest: LatestScan | undefined;
}): Promise<Head> {
  const told = await repository.getRepository(repo);
  const { fullName, defaultBranch } = told;
  const known = latest?.status === "done" ? (latest.commitSha ?? undefined) : undefined;
  return { ...told, commitSha: await repository.getHead({ fullName, branch: defaultBranch, known }) };
}

async function settle({
  ctx,
  repoId,
  latest,
  error,
}: {
  ctx: JobContext;
  repoId: string;
  latest: LatestScan | undefined;
  error: unknown;
}): Promise<undefined> {
  const settlement = settleFailure(error, ctx);
  if (settlement.kind === "retry") throw error;
  if (settlement.kind === "wait") return await comeAgain({ ctx, repoId, runAt: settlement.runAt });
  // What could not be reached here may be reached by the steps of the scan that runs.
  if (settlement.failure === "unavailable" && latest?.status === "running") throw error;
  ctx.log.write("warn", "scan.failed", { outcome: settlement.failure, error: describeError(error) });
  await fail({ ctx, repoId, failure: settlement.failure });
}

function selectRepo({ db, mentoradoId }: JobContext, repoId: string) {
  return db.build
    .select({ installationId: repos.installationId, githubId: repos.githubId, fullName: repos.fullName })
    .from(repos)
    .where(and(eq(repos.mentoradoId, mentoradoId), eq(repos.id, repoId), isNull(repos.disconnectedAt)));
}

function selectLatest({ db, mentoradoId }: JobContext, repoId: string) {
  return db.build
    .select({
      id: scans.id,
      status: scans.status,
      commitSha: scans.commitSha,
      minerVersion: scans.minerVersion,
      githubId: scans.githubId,
      fullName: scans.fullName,
      defaultBranch: scans.defaultBranch,
      isPrivate: scans.isPrivate,
      shardsLeft: scans.shardsLeft,
    })
    .from(scans)
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.repoId, repoId)))
    .orderBy(desc(scans.id))
    .limit(1);
}

type LatestScan = Awaited<ReturnType<typeof selectLatest>>[number];

/** Nothing that a scan would find is other than what the latest one has found, or is finding. */
function isSame(latest: LatestScan, head: Head): boolean {
  return (
    latest.commitSha === head.commitSha &&
    latest.minerVersion === MINER_VERSION &&
    latest.githubId === head.githubId &&
    latest.fullName === head.fullName &&
    latest.defaultBranch === head.defaultBranch &&
    latest.isPrivate === head.isPrivate
  );
}

interface Decision {
  kind: "full" | "incremental";
  shards: number;
  filesTotal: number;
}

/** Few changes are read file by file; many, or all of a tree that is too large to be told, from the archive. */
function decide({
  listing,
  known,
  limits,
}: {
  listing: Listing | undefined;
  known: readonly KnownFile[];
  limits: ScanLimits;
}): Decision {
  if (listing === undefined) return { kind: "full", shards: shardCount(undefined, limits), filesTotal: 0 };
  const { toRead, sources, sourceBytes } = planFiles({ ...listing, known });
  const bytes = toRead.reduce((sum, { size }) => sum + size, 0);
  const isSmall = known.length > 0 && toRead.length <= limits.incrementalFiles && bytes <= limits.incrementalBytes;
  if (isSmall) return { kind: "incremental", shards: 1, filesTotal: sources };
  return { kind: "full", shards: shardCount(sourceBytes, limits), filesTotal: sources };
}

async function begin({
  ctx,
  repoId,
  latest,
  head,
  kind,
  shards,
  filesTotal,
}: {
  ctx: JobContext;
  repoId: string;
  latest: LatestScan | undefined;
  head: Head;
} & Decision): Promise<void> {
  const { db, mentoradoId } = ctx;
  const scanId = ctx.newId();
  const parts = Array.from({ length: shards }, (_, shard) => shard);
  await db.write({
    guards: [isConnected(ctx, repoId)],
    statements: [
      db.build.execute(guardStatement([isStillLatest({ ctx, repoId, latest })])),
      supersede({ ctx, repoId }),
      db.build.insert(scans).values({
        mentoradoId,
        id: scanId,
        repoId,
        minerVersion: MINER_VERSION,
        kind,
        ...head,
        shards,
        shardsLeft: shards,
        filesTotal,
      }),
      db.build.insert(scanShards).values(parts.map((shard) => ({ mentoradoId, scanId, shard }))),
    ],
    jobs: parts.map(
      (shard): NewJob => ({ name: "ingestion.scan-shard", payload: { scanId, shard }, dedupKey: `${scanId}:${shard}:0` }),
    ),
    answer: sql`null`,
  });
}

/** Locks the repository, so that two scans of it begin one after the other. */
function isConnected({ mentoradoId }: JobContext, repoId: string) {
  return {
    condition: sql`select r.disconnected_at is null from ${repos} as r where r.mentorado_id = ${mentoradoId} and r.id = ${repoId} for update`,
    refuseWith: "NOT_FOUND",
    errorCode: "REPO_DISCONNECTED",
  } as const;
}

/** Another job began a scan meanwhile: this one looks again. */
function isStillLatest({
  ctx: { mentoradoId },
  repoId,
  latest,
}: {
  ctx: JobContext;
  repoId: string;
  latest: LatestScan | undefined;
}) {
  return {
    condition: sql`(select s.id from ${scans} as s where s.mentorado_id = ${mentoradoId} and s.repo_id = ${repoId} order by s.id desc limit 1) is not distinct from ${latest?.id ?? null}::uuid`,
    refuseWith: "CONFLICT",
    errorCode: SCAN_BEGUN,
  } as const;
}

function supersede({ ctx: { db, mentoradoId }, repoId }: { ctx: JobContext; repoId: string }) {
  return db.build
    .update(scans)
    .set({ status: "superseded", finishedAt: sql`now()` })
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.repoId, repoId), eq(scans.status, "running")));
}

/** Stages what is left of a running scan once more, in case that its own jobs have died. */
async function helpOn({ ctx, scanId, shardsLeft }: { ctx: JobContext; scanId: string; shardsLeft: number }): Promise<Skipped> {
  const { db, mentoradoId } = ctx;
  const again = `again:${ctx.actor.jobId}`;
  const [open] = await db.read([
    db.build
      .select({ shard: scanShards.shard })
      .from(scanShards)
      .where(and(eq(scanShards.mentoradoId, mentoradoId), eq(scanShards.scanId, scanId), eq(scanShards.isDone, false))),
  ]);
  const jobs =
    shardsLeft === 0
      ? [{ name: "ingestion.finish-scan" as const, payload: { scanId }, dedupKey: `${scanId}:${again}` }]
      : open.map(({ shard }) => ({
          name: "ingestion.scan-shard" as const,
          payload: { scanId, shard },
          dedupKey: `${scanId}:${shard}:${again}`,
        }));
  await db.write({ jobs, answer: sql`null` });
  return { skipped: true, reason: "running" };
}

async function comeAgain({ ctx, repoId, runAt }: { ctx: JobContext; repoId: string; runAt: string }): Promise<undefined> {
  const job = { name: "ingestion.scan-repo", payload: { repoId }, dedupKey: `after:${ctx.actor.jobId}`, runAt } as const;
  await ctx.db.write({ jobs: [job], answer: sql`null` });
}

/** The scan that runs has failed; where none does, there is one that knows nothing but why. */
async function fail({ ctx, repoId, failure }: { ctx: JobContext; repoId: string; failure: ScanFailure }): Promise<void> {
  const { db, mentoradoId } = ctx;
  await db.write({
    guards: [isConnected(ctx, repoId)],
    statements: [
      db.build.execute(sql`
        insert into ${scans} (mentorado_id, id, repo_id, miner_version, status, failure, shards_left, finished_at)
        select ${mentoradoId}::uuid, ${ctx.newId()}::uuid, ${repoId}::uuid, ${MINER_VERSION}, 'failed', ${failure}, 0, now()
         where not exists (select 1 from ${scans} as s where s.mentorado_id = ${mentoradoId} and s.repo_id = ${repoId} and s.status = 'running')`),
      db.build
        .update(scans)
        .set({ status: "failed", failure, finishedAt: sql`now()` })
        .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.repoId, repoId), eq(scans.status, "running"))),
    ],
    answer: sql`null`,
  });
}
