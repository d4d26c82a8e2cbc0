import { and, eq, sql } from "drizzle-orm";
import { scans } from "../../../shared/db/schema/craft.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { adoptEvidence } from "../adoption/adopt-evidence.ts";
import { adoptPatterns } from "../adoption/adopt-patterns.ts";
import { adoptRepository } from "../adoption/adopt-repository.ts";
import { type DoneScan, doneScan, findingsOf } from "../adoption/scan-findings.ts";

/** Postgres takes JSON for a handful of rows, and would compare thousands of places with thousands one by one. */
const PLAN_FOR_MANY_ROWS = sql`select set_config('enable_nestloop', 'off', true)`;

/**
 * A repository shows what a scan found from now on, unless a newer one was adopted before: in one batch, which has the same effect however
 * often and in whatever order it comes.
 *
 * @param isWorded whether there is a model that words what was found.
 * @throws NotFoundError SCAN_NOT_FOUND; AppError SCAN_UNREADABLE when it is not done, or not as scans are.
 */
export async function adoptScan({
  ctx,
  input: { scanId },
  isWorded,
}: {
  ctx: JobContext;
  input: { scanId: string };
  isWorded: boolean;
}): Promise<void> {
  const { mentoradoId } = ctx;
  const scan = await readScan({ ctx, scanId });
  const findings = findingsOf({ scan, newId: ctx.newId });
  const dedupKey = `${scanId}:${ctx.actor.jobId}`;
  const parts = { mentoradoId, scan, findings };
  await ctx.db.write({
    statements: [PLAN_FOR_MANY_ROWS, ...adoptRepository(parts), ...adoptPatterns(parts), ...adoptEvidence(parts)].map(
      (statement) => ctx.db.build.execute(statement),
    ),
    jobs: [
      { name: "patterns.measure-repo", payload: { repoId: scan.repoId }, dedupKey },
      ...(isWorded ? [{ name: "patterns.word-candidates" as const, payload: { repoId: scan.repoId }, dedupKey }] : []),
    ],
    answer: sql`null`,
  });
}

async function readScan({ ctx, scanId }: { ctx: JobContext; scanId: string }): Promise<DoneScan> {
  const [[stored]] = await ctx.db.read([
    ctx.db.build
      .select()
      .from(scans)
      .where(and(eq(scans.mentoradoId, ctx.mentoradoId), eq(scans.id, scanId))),
  ]);
  if (stored === undefined) throw new NotFoundError(undefined, { errorCode: "SCAN_NOT_FOUND" });
  const { data: scan, error: cause } = doneScan.safeParse(stored);
  if (scan === undefined) throw new AppError("VALIDATION", "The scan is not readable", { errorCode: "SCAN_UNREADABLE", cause });
  return scan;
}
