import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import { repoFiles, scanShards, scans } from "../../../shared/db/schema/craft.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import { openTreeFold } from "../mining/fold-tree.ts";
import { hashState } from "../mining/mining-state.ts";
import { proposeCandidates } from "../mining/propose-candidates.ts";
import { isRunning, SCAN_OVER } from "../scan/write-files.ts";

/** Rows of files that are read at once. */
const PAGE = 1_000;
/** The best of them; nobody judges more. */
const MAX_CANDIDATES = 500;

/**
 * Puts what all files say together, proposes the conventions that hold, and ends the scan, which the patterns then adopt. It reads what is
 * stored and asks nobody, so it can be run again.
 */
export async function finishScan({
  ctx,
  input: { scanId },
}: {
  ctx: JobContext;
  input: { scanId: string };
}): Promise<Skipped | undefined> {
  const { db } = ctx;
  const [[scan], parts] = await db.read([selectScan(ctx, scanId), selectParts(ctx, scanId)]);
  if (scan === undefined || scan.status !== "running") return { skipped: true, reason: "over" };
  if (scan.shardsLeft > 0) return { skipped: true, reason: "unread" };
  const state = await foldFiles(ctx, scan.repoId);
  const candidates = (await proposeCandidates(state)).slice(0, MAX_CANDIDATES);
  try {
    await db.write({
      guards: [isRunning(ctx, scanId)],
      statements: [
        db.build
          .update(scans)
          .set({
            status: "done",
            finishedAt: sql`now()`,
            stateHash: await hashState(state),
            candidates,
            ...countsOf({ ctx, scanId, repoId: scan.repoId, parts }),
          })
          .where(and(eq(scans.mentoradoId, ctx.mentoradoId), eq(scans.id, scanId))),
      ],
      jobs: [{ name: "patterns.adopt-scan", payload: { scanId }, dedupKey: scanId }],
      answer: sql`null`,
    });
  } catch (error) {
    if (error instanceof AppError && error.errorCode === SCAN_OVER) return { skipped: true, reason: "over" };
    throw error;
  }
  return undefined;
}

function selectScan({ db, mentoradoId }: JobContext, scanId: string) {
  return db.build
    .select({ repoId: scans.repoId, status: scans.status, shardsLeft: scans.shardsLeft })
    .from(scans)
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.id, scanId)));
}

function selectParts({ db, mentoradoId }: JobContext, scanId: string) {
  return db.build
    .select({ skipped: scanShards.skipped })
    .from(scanShards)
    .where(and(eq(scanShards.mentoradoId, mentoradoId), eq(scanShards.scanId, scanId)));
}

/** Page by page, so that what the files say is never in memory at once. Nobody writes to them: all parts of the one running scan have ended. */
async function foldFiles(ctx: JobContext, repoId: string) {
  const { db, mentoradoId } = ctx;
  const isCounted = and(eq(repoFiles.mentoradoId, mentoradoId), eq(repoFiles.repoId, repoId), eq(repoFiles.isPresent, true));
  const fold = openTreeFold();
  for (let after = ""; ; ) {
    const [page] = await db.read([
      db.build
        .select({ path: repoFiles.path, tally: repoFiles.tally })
        .from(repoFiles)
        .where(and(isCounted, eq(repoFiles.kind, "source"), gt(repoFiles.path, after)))
        .orderBy(asc(repoFiles.path))
        .limit(PAGE),
    ]);
    for (const file of page) fold.add(file);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.path;
  }
  const [paths] = await db.read([
    db.build
      .select({ path: repoFiles.path })
      .from(repoFiles)
      .where(and(isCounted, inArray(repoFiles.kind, ["source", "other"]))),
  ]);
  return fold.finish(paths.map(({ path }) => path));
}

/** Counted from the rows: what was added on the way may have been added twice. */
function countsOf({
  ctx: { mentoradoId },
  scanId,
  repoId,
  parts,
}: {
  ctx: JobContext;
  scanId: string;
  repoId: string;
  parts: readonly { skipped: Record<string, number> }[];
}) {
  const skipped: Record<string, number> = {};
  for (const part of parts)
    for (const [reason, count] of Object.entries(part.skipped)) skipped[reason] = (skipped[reason] ?? 0) + count;
  const ofRepo = sql`from ${repoFiles} as f where f.mentorado_id = ${mentoradoId} and f.repo_id = ${repoId}`;
  const isRead = sql`f.scan_id = ${scanId} and f.kind <> 'other'`;
  return {
    filesTotal: sql`(select count(*) ${ofRepo} and f.is_present and f.kind = 'source')`,
    filesRead: sql`(select count(*) ${ofRepo} and ${isRead})`,
    bytesRead: sql`(select coalesce(sum(f.size_bytes), 0) ${ofRepo} and ${isRead})`,
    skipped: sql`${JSON.stringify(skipped)}::jsonb || coalesce((select jsonb_object_agg(g.skipped_as, g.count)
      from (select f.skipped_as, count(*) ${ofRepo} and f.is_present and f.kind = 'skipped' group by f.skipped_as) as g), '{}'::jsonb)`,
  };
}
