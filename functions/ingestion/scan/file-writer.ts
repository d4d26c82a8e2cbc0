import { sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { FileRow } from "./read-file.ts";
import type { ScanLimits } from "./scan-limits.ts";
import { addProgress, isRunning, type ScanKey, upsertFiles } from "./write-files.ts";

/** Stores rows of files in batches, each by itself. */
export interface FileWriter {
  /** @throws AppError SCAN_OVER when the scan has ended otherwise. */
  add(row: FileRow): Promise<void>;
  /** @returns the statements for what is not stored yet, to be part of another write. */
  drain(): Statement[];
}

export function openFileWriter({ ctx, key, limits }: { ctx: JobContext; key: ScanKey; limits: ScanLimits }): FileWriter {
  let rows: FileRow[] = [];
  let bytes = 0;

  function drain(): Statement[] {
    if (rows.length === 0) return [];
    const read = rows.filter(({ kind }) => kind !== "other");
    const statements = [
      upsertFiles({ ctx, key, rows }),
      addProgress({ ctx, scanId: key.scanId, files: read.length, bytes: read.reduce((sum, { size }) => sum + size, 0) }),
    ];
    rows = [];
    bytes = 0;
    return statements;
  }

  return {
    async add(row) {
      rows.push(row);
      // What a file says is smaller than the file, mostly; the bound is for the request to the database.
      bytes += row.kind === "source" ? row.size : row.path.length;
      if (rows.length >= limits.batchRows || bytes >= limits.batchBytes)
        await ctx.db.checkpoint({ guards: [isRunning(ctx, key.scanId)], statements: drain(), answer: sql`null` });
    },
    drain,
  };
}
