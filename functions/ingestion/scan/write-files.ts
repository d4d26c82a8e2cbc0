import { and, eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import type { Guard } from "../../../shared/db/guard.ts";
import { repoFiles, scans } from "../../../shared/db/schema/craft.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { MINER_VERSION } from "../mining/miner-version.ts";
import type { FileRow } from "./read-file.ts";

/** Which scan writes, and of which repository. */
export interface ScanKey {
  scanId: string;
  repoId: string;
}

/**
 * Holds while the scan is running, and keeps it so until the batch ends: what a newer scan has superseded writes nothing more, and parts
 * that end together wait for each other.
 */
export function isRunning({ mentoradoId }: Pick<JobContext, "mentoradoId">, scanId: string): Guard {
  return {
    condition: sql`select s.status = 'running' from ${scans} as s where s.mentorado_id = ${mentoradoId} and s.id = ${scanId} for no key update`,
    refuseWith: "CONFLICT",
    errorCode: SCAN_OVER,
  };
}

/** The scan has ended otherwise: a newer one superseded it, or another of its parts failed. */
export const SCAN_OVER = "SCAN_OVER";

/** Stores what files came to; again is the same. */
export function upsertFiles({
  ctx: { db, mentoradoId },
  key: { scanId, repoId },
  rows,
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId">;
  key: ScanKey;
  rows: readonly FileRow[];
}): Statement {
  const column = <Value>(read: (row: FileRow) => Value) => sql.param(rows.map(read));
  return db.build.execute(sql`
    insert into ${repoFiles} (mentorado_id, repo_id, path, blob_sha, size_bytes, miner_version, kind, skipped_as, tally, scan_id)
    select ${mentoradoId}::uuid, ${repoId}::uuid, f.path, f.sha, f.size, ${MINER_VERSION}, f.kind, f.skipped_as, f.tally::jsonb, ${scanId}::uuid
      from unnest(${column(({ path }) => path)}::text[], ${column(({ sha }) => sha)}::text[], ${column(({ size }) => size)}::integer[],
        ${column(({ kind }) => kind)}::text[], ${column(({ skippedAs }) => skippedAs)}::text[], ${column(({ tally }) => JSON.stringify(tally))}::text[])
        as f(path, sha, size, kind, skipped_as, tally)
    on conflict (mentorado_id, repo_id, path) do update
      set blob_sha = excluded.blob_sha, size_bytes = excluded.size_bytes, miner_version = excluded.miner_version, kind = excluded.kind,
          skipped_as = excluded.skipped_as, tally = excluded.tally, scan_id = excluded.scan_id, is_present = true`);
}

export function markPresence({
  ctx: { db, mentoradoId },
  repoId,
  paths,
  isPresent,
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId">;
  repoId: string;
  paths: readonly string[];
  isPresent: boolean;
}): Statement {
  return db.build
    .update(repoFiles)
    .set({ isPresent })
    .where(
      and(
        eq(repoFiles.mentoradoId, mentoradoId),
        eq(repoFiles.repoId, repoId),
        sql`${repoFiles.path} = any (${sql.param(paths)}::text[])`,
      ),
    );
}

/** How far the scan has come, for whoever waits; it is counted exactly at the end. */
export function addProgress({
  ctx: { db, mentoradoId },
  scanId,
  files,
  bytes,
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId">;
  scanId: string;
  files: number;
  bytes: number;
}): Statement {
  return db.build
    .update(scans)
    .set({ filesRead: sql`${scans.filesRead} + ${files}`, bytesRead: sql`${scans.bytesRead} + ${bytes}` })
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.id, scanId)));
}
