import { and, eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { scans } from "../../../shared/db/schema/craft.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { PASSING_FAILURES, type ScanFailure } from "../scan/scan-failure.ts";
import { RepositoryRefused } from "./github.ts";

/** An archive may be damaged on its way: it is asked for so many times before that is believed. */
const MAX_DAMAGED = 3;
/** A limit that says it has passed is given some time all the same. */
const MIN_WAIT_MS = 10_000;
const DEFAULT_WAIT_MS = 60_000;

/** What becomes of work on a scan that failed. */
export type Settlement = { kind: "wait"; runAt: string } | { kind: "fail"; failure: ScanFailure } | { kind: "retry" };

/** Limits never fail a scan, refusals do at once, and whatever may pass only when no attempt is left. */
export function settleFailure(error: unknown, { attempt }: Pick<JobContext, "attempt">): Settlement {
  if (error instanceof AppError && error.code === "RATE_LIMITED") {
    const waitMs = Math.max(error.retryAfterMs ?? DEFAULT_WAIT_MS, MIN_WAIT_MS);
    return { kind: "wait", runAt: new Date(Date.now() + waitMs).toISOString() };
  }
  if (error instanceof RepositoryRefused) return { kind: "fail", failure: error.reason };
  if (error instanceof ArchiveError && (!PASSING_FAILURES.includes(error.code) || attempt.number >= MAX_DAMAGED))
    return { kind: "fail", failure: error.code };
  if (!attempt.isLast) return { kind: "retry" };
  return { kind: "fail", failure: error instanceof ArchiveError ? error.code : "unavailable" };
}

/** Ends a scan that is running. */
export function failScan({
  ctx: { db, mentoradoId },
  scanId,
  failure,
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId">;
  scanId: string;
  failure: ScanFailure;
}): Statement {
  return db.build
    .update(scans)
    .set({ status: "failed", failure, finishedAt: sql`now()` })
    .where(and(eq(scans.mentoradoId, mentoradoId), eq(scans.id, scanId), eq(scans.status, "running")));
}
