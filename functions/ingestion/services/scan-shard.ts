import { and, eq, isNull, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { repos, scanShards, scans } from "../../../shared/db/schema/craft.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import { describeError } from "../../../shared/log/scrub.ts";
import { MINER_VERSION } from "../mining/miner-version.ts";
import type { Github, RepositoryCalls } from "../outbound/github.ts";
import { readListed, readUnlisted, type TakeFile } from "../outbound/read-archive.ts";
import { type Listing, readListing } from "../outbound/read-listing.ts";
import { failScan, settleFailure } from "../outbound/settle-failure.ts";
import { type FileWriter, openFileWriter } from "../scan/file-writer.ts";
import { type KnownFile, selectKnownFiles } from "../scan/known-file.ts";
import { type FilePlan, type ListedFile, planFiles } from "../scan/plan-files.ts";
import { noteFile, openFileReader } from "../scan/read-file.ts";
import type { ScanLimits } from "../scan/scan-limits.ts";
import { shardOf } from "../scan/shard-of.ts";
import { isRunning, markPresence, SCAN_OVER } from "../scan/write-files.ts";

/** As many requests as a Worker may have open, and some for the database. */
const FILES_AT_ONCE = 4;

type Input = PayloadOf<"ingestion.scan-shard">;

/**
 * One step of one part of a scan: reads files of its part that are not known yet, stores what each says, and hands over to the next step,
 * or ends the part. What a step has stored is known to whatever comes after it, so a step that is repeated, doubled or late reads less and
 * changes nothing.
 *
 * @returns why there was nothing to do.
 * @throws what may pass, while attempts are left.
 */
export async function scanShard({
  ctx,
  input,
  github,
  limits,
}: {
  ctx: JobContext;
  input: Input;
  github: Github;
  limits: ScanLimits;
}): Promise<Skipped | undefined> {
  const [[part]] = await ctx.db.read([selectPart(ctx, input)]);
  if (part === undefined || part.status !== "running" || part.isDone) return OVER;
  const writer = openFileWriter({ ctx, key: { scanId: input.scanId, repoId: part.repoId }, limits });
  try {
    const repository = github.repositories(part.installationId, ctx);
    const end = await readPart({ ctx, input, part, repository, writer, limits });
    await (end.kind === "done"
      ? endPart({ ctx, input, part, writer, plan: end.plan })
      : handOver({ ctx, input, part, writer, ...end }));
  } catch (error) {
    if (error instanceof AppError && error.errorCode === SCAN_OVER) return OVER;
    await settle({ ctx, input, part, writer, error });
  }
  return undefined;
}

const OVER: Skipped = { skipped: true, reason: "over" };

function selectPart({ db, mentoradoId }: JobContext, { scanId, shard }: Input) {
  return db.build
    .select({
      repoId: scans.repoId,
      status: scans.status,
      kind: scans.kind,
      shards: scans.shards,
      // A scan that is running knows these.
      commitSha: sql<string>`${scans.commitSha}`,
      fullName: sql<string>`${scans.fullName}`,
      installationId: repos.installationId,
      step: scanShards.step,
      isDone: scanShards.isDone,
    })
    .from(scanShards)
    .innerJoin(scans, and(eq(scans.mentoradoId, scanShards.mentoradoId), eq(scans.id, scanShards.scanId)))
    .innerJoin(repos, and(eq(repos.mentoradoId, scans.mentoradoId), eq(repos.id, scans.repoId), isNull(repos.disconnectedAt)))
    .where(and(eq(scanShards.mentoradoId, mentoradoId), eq(scanShards.scanId, scanId), eq(scanShards.shard, shard)));
}

type Part = Awaited<ReturnType<typeof selectPart>>[number];

type End = { kind: "done"; plan: FilePlan } | { kind: "more"; isArchiveRead: boolean };

interface Reading {
  ctx: JobContext;
  input: Input;
  part: Part;
  repository: RepositoryCalls;
  writer: FileWriter;
  limits: ScanLimits;
}

async function readPart(reading: Reading): Promise<End> {
  const { ctx, input, part, repository } = reading;
  const isOurs = (path: string) => shardOf(path, part.shards) === input.shard;
  const [known] = await ctx.db.read([selectKnownFiles(ctx, part.repoId)]);
  const ours = known.filter(({ path }) => isOurs(path));
  const listing = await readListing({ repository, fullName: part.fullName, commitSha: part.commitSha });
  if (listing === undefined) return await readWithoutTree({ reading, known: ours, isOurs });
  return await readWithTree({
    reading,
    known: ours,
    listing: { ...listing, files: listing.files.filter(({ path }) => isOurs(path)) },
  });
}

/** The tree says which files there are; the archive is the quick way to many of them. */
async function readWithTree({
  reading,
  known,
  listing,
}: {
  reading: Reading;
  known: readonly KnownFile[];
  listing: Listing;
}): Promise<End> {
  const { input, part, repository, limits } = reading;
  const plan = planFiles({ ...listing, known });
  if (input.shard === 0 && listing.links > 0) plan.skipped.link = listing.links;
  const missing = new Map(plan.toRead.map((file) => [file.path, file]));
  const take = taker(reading, ({ path }) => missing.delete(path));
  if (part.kind === "full" && input.isArchiveRead !== true && missing.size > 0) {
    const stream = await repository.openTarball(part);
    const archive = { stream, files: plan.toRead, attributes: listing.attributes, budgetBytes: limits.stepBytes, take };
    if (!(await readListed(archive))) return { kind: "more", isArchiveRead: false };
  }
  const files = [...missing.values()];
  await readSingly({ reading, files: files.slice(0, limits.stepFiles), attributes: listing.attributes, take });
  if (files.length > limits.stepFiles) return { kind: "more", isArchiveRead: true };
  return { kind: "done", plan };
}

async function readSingly({
  reading: { part, repository },
  files,
  attributes,
  take,
}: {
  reading: Reading;
  files: readonly ListedFile[];
  attributes: Listing["attributes"];
  take: TakeFile;
}): Promise<void> {
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    const contents = await Promise.all(some.map(({ sha }) => repository.getBlob({ fullName: part.fullName, sha })));
    for (const [index, bytes] of contents.entries()) {
      const file = some[index];
      if (file !== undefined) await take(file, { bytes, attributes });
    }
  }
}

/** Nobody tells the files of a very large tree, so the archive says which there are. */
async function readWithoutTree({
  reading,
  known,
  isOurs,
}: {
  reading: Reading;
  known: readonly KnownFile[];
  isOurs: (path: string) => boolean;
}): Promise<End> {
  const { input, part, repository, limits } = reading;
  const rows = new Map(known.map((file) => [file.path, file]));
  const take = taker(reading, ({ path, sha }) => {
    rows.set(path, { path, blobSha: sha, minerVersion: MINER_VERSION, kind: "source", isPresent: true });
  });
  const archive = await readUnlisted({
    stream: await repository.openTarball(part),
    isOurs,
    isKnown: ({ path, sha }) => rows.get(path)?.blobSha === sha && rows.get(path)?.minerVersion === MINER_VERSION,
    budgetBytes: limits.stepBytes,
    take,
  });
  if (archive === undefined) return { kind: "more", isArchiveRead: false };
  const plan = planFiles({ ...archive, known: rows.values() });
  if (input.shard === 0) Object.assign(plan.skipped, archive.skipped);
  return { kind: "done", plan };
}

function taker({ writer }: Reading, onTaken: (file: ListedFile) => void): TakeFile {
  const reader = openFileReader();
  return async (file, content) => {
    await writer.add(reader.read(file, content));
    onTaken(file);
  };
}

async function endPart({
  ctx,
  input: { scanId, shard },
  part: { repoId },
  writer,
  plan,
}: {
  ctx: JobContext;
  input: Input;
  part: Part;
  writer: FileWriter;
  plan: FilePlan;
}): Promise<void> {
  for (const file of plan.toNote) await writer.add(noteFile(file));
  await ctx.db.write({
    guards: [isRunning(ctx, scanId)],
    statements: [
      ...writer.drain(),
      ...(plan.gone.length === 0 ? [] : [markPresence({ ctx, repoId, paths: plan.gone, isPresent: false })]),
      ...(plan.returned.length === 0 ? [] : [markPresence({ ctx, repoId, paths: plan.returned, isPresent: true })]),
      countDown({ ctx, scanId, shard, skipped: plan.skipped }),
    ],
    // Each part stages the end of the scan, which ends by itself while others are left.
    jobs: [{ name: "ingestion.finish-scan", payload: { scanId }, dedupKey: `${scanId}:${shard}` }],
    answer: sql`null`,
  });
}

/** A part that ends twice counts once. */
function countDown({
  ctx: { db, mentoradoId },
  scanId,
  shard,
  skipped,
}: {
  ctx: JobContext;
  scanId: string;
  shard: number;
  skipped: Record<string, number>;
}): Statement {
  return db.build.execute(sql`
    with ended as (
      update ${scanShards} as p set is_done = true, skipped = ${JSON.stringify(skipped)}::jsonb, updated_at = now()
       where p.mentorado_id = ${mentoradoId} and p.scan_id = ${scanId} and p.shard = ${shard} and not p.is_done
      returning 1
    )
    update ${scans} as s set shards_left = s.shards_left - 1
     where s.mentorado_id = ${mentoradoId} and s.id = ${scanId} and exists (select 1 from ended)`);
}

async function handOver({
  ctx,
  input: { scanId, shard },
  part: { step },
  writer,
  isArchiveRead,
}: {
  ctx: JobContext;
  input: Input;
  part: Part;
  writer: FileWriter;
  isArchiveRead: boolean;
}): Promise<void> {
  const { db, mentoradoId } = ctx;
  await db.write({
    guards: [isRunning(ctx, scanId)],
    statements: [
      ...writer.drain(),
      db.build
        .update(scanShards)
        .set({ step: step + 1, updatedAt: sql`now()` })
        .where(
          and(
            eq(scanShards.mentoradoId, mentoradoId),
            eq(scanShards.scanId, scanId),
            eq(scanShards.shard, shard),
            eq(scanShards.step, step),
          ),
        ),
    ],
    jobs: [stepJob({ scanId, shard, isArchiveRead }, `${step + 1}`)],
    answer: sql`null`,
  });
}

function stepJob(payload: Input, key: string): NewJob {
  return { name: "ingestion.scan-shard", payload, dedupKey: `${payload.scanId}:${payload.shard}:${key}` };
}

async function settle({
  ctx,
  input,
  part: { step },
  writer,
  error,
}: {
  ctx: JobContext;
  input: Input;
  part: Part;
  writer: FileWriter;
  error: unknown;
}): Promise<void> {
  const settlement = settleFailure(error, ctx);
  if (settlement.kind === "retry") throw error;
  if (settlement.kind === "wait") {
    const job = { ...stepJob(input, `${step}:after:${ctx.actor.jobId}`), runAt: settlement.runAt };
    await ctx.db.write({ guards: [isRunning(ctx, input.scanId)], statements: writer.drain(), jobs: [job], answer: sql`null` });
    return;
  }
  const { failure } = settlement;
  ctx.log.write("warn", "scan.failed", { outcome: failure, error: describeError(error) });
  await ctx.db.write({ statements: [failScan({ ctx, scanId: input.scanId, failure })], answer: sql`null` });
}
