import { sql } from "drizzle-orm";
import { type Database, openDatabase, type Write } from "../db/database.ts";
import { LeaseLostError, toAppError } from "../db/database-error.ts";
import { AppError, UnavailableError } from "../errors/app-error.ts";
import { toHttpResponse } from "../errors/to-http-response.ts";
import type { Kernel } from "../kernel.ts";
import type { Logger } from "../log/logger.ts";
import { describeError } from "../log/scrub.ts";
import type { Actor, VerbContext } from "../trpc/verb-context.ts";
import {
  isJobName,
  JOBS,
  type JobName,
  type JobNameOf,
  LEASE_MARGIN_MS,
  type PayloadOf,
  retryDelayMs,
  type WorkerGroup,
} from "./catalog.ts";
import { readSigned } from "./read-signed.ts";

const HELD_RETRY_MS = 1_000;

/** The database of one attempt. Its `write` finishes the job in the same transaction, so a job writes once, at its end. */
export interface JobDatabase extends Database {
  /** Writes without finishing: for what must be known before a foreign call. */
  checkpoint: Database["write"];
}

/** What a verb gets when a job calls it. Every batch is fenced: it is cancelled when another attempt has taken the job over. */
export interface JobContext extends VerbContext {
  db: JobDatabase;
  actor: Extract<Actor, { kind: "job" }>;
  /** `number` from 1. After the last one the job is dead, so what it worked on must be told by then. None works longer than `timeoutMs`. */
  attempt: { number: number; isLast: boolean; timeoutMs: number };
  /** Ends with the time of this attempt. */
  signal: AbortSignal;
}

/** What a verb answers that found nothing to do. */
export interface Skipped {
  skipped: true;
  reason: string;
}

export type ProgrammeJobContext = Omit<JobContext, "mentoradoId">;

/** Job name → verb, for every job of one Worker. */
export type JobHandlers<Group extends WorkerGroup> = {
  [Name in JobNameOf<Group, "mentorado">]: (call: { ctx: JobContext; input: PayloadOf<Name> }) => Promise<unknown>;
} & {
  [Name in JobNameOf<Group, "programme">]: (call: { ctx: ProgrammeJobContext; input: PayloadOf<Name> }) => Promise<unknown>;
};

type AnyHandler = (call: { ctx: JobContext; input: unknown }) => Promise<unknown>;

interface Claim {
  outcome: "claimed" | "done" | "dead" | "held" | "early" | "unknown";
  name: string | null;
  mentorado_id: string | null;
  payload: unknown;
  attempt: number;
  request_id: string | null;
  retry_after_ms: number;
}

/**
 * Answers `/jobs/<group>/<job>`, called by QStash: verifies the signature, claims the job, runs its verb, and makes sure that the
 * attempt ends: done in the transaction of its effect, pending again, or dead.
 *
 * @returns 200 when the work is done, now or before; 503 with `Retry-After` when it is to be rung again; 489 when it is dead; 401 when QStash did not sign it.
 */
export async function serveJobs<Group extends WorkerGroup>({
  request,
  handlers,
  kernel,
  waitUntil,
}: {
  request: Request;
  handlers: JobHandlers<Group>;
  kernel: Kernel;
  waitUntil: (work: Promise<unknown>) => void;
}): Promise<Response> {
  const startedAt = performance.now();
  const message = await readSigned({ request, ...kernel });
  if (message === undefined) return toHttpResponse(new AppError("UNAUTHORIZED", "Not signed"));
  const jobId = readJobId(message);
  if (jobId === undefined) return dead("UNKNOWN_JOB");
  const token = kernel.newId();
  const path = new URL(request.url).pathname;
  let log = kernel.log.with({ jobId, job: path });
  let claim: Claim | undefined;
  try {
    const name = nameOf(path);
    [claim] = await kernel.connection.call<Claim>(
      sql`select * from guilda.claim_job(${jobId}, ${name}, ${token}, ${leaseMsOf(name)} * interval '1 millisecond')`,
    );
  } catch (error) {
    log.write("error", "job.claim_failed", { error: describeError(error) });
    return toHttpResponse(new UnavailableError(undefined, { retryAfterMs: HELD_RETRY_MS }));
  }
  if (claim === undefined || claim.outcome === "unknown") return dead("UNKNOWN_JOB");
  log = log.with({ job: claim.name ?? "", attempt: claim.attempt, ...ids(claim) });
  if (claim.outcome !== "claimed") return answerUnclaimed(claim);
  const attempt: Attempt = { jobId, token, claim, kernel, log, waitUntil };
  const outcome = await runAttempt(attempt, handlers as unknown as Partial<Record<JobName, AnyHandler>>);
  log.write(outcome.level, "job.answered", { ...outcome.fields, durationMs: Math.round(performance.now() - startedAt) });
  return outcome.response;
}

interface Attempt {
  jobId: string;
  token: string;
  claim: Claim;
  kernel: Kernel;
  log: Logger;
  waitUntil: (work: Promise<unknown>) => void;
}

interface Outcome {
  level: "info" | "warn" | "error";
  fields: { outcome: string; errorCode?: string; error?: string };
  response: Response;
}

async function runAttempt(attempt: Attempt, handlers: Partial<Record<JobName, AnyHandler>>): Promise<Outcome> {
  const { claim } = attempt;
  try {
    const name = claim.name ?? "";
    if (!isJobName(name)) throw new AppError("VALIDATION", "No such job", { errorCode: "UNKNOWN_JOB" });
    const handler = handlers[name];
    const payload = JOBS[name].payload.safeParse(claim.payload);
    if (handler === undefined || !payload.success || (JOBS[name].scope === "mentorado") !== (claim.mentorado_id !== null)) {
      throw new AppError("VALIDATION", "The payload is not valid", { errorCode: "PAYLOAD_INVALID" });
    }
    const signal = AbortSignal.timeout(JOBS[name].timeoutMs);
    const { ctx, isFinished } = openContext(attempt, signal);
    const result = await Promise.race([handler({ ctx, input: payload.data }), expiry(signal)]);
    if (!isFinished()) await ctx.db.write({ answer: sql`null` });
    const skipped = isSkipped(result) ? { skipped: true, reason: result.reason } : undefined;
    return {
      level: "info",
      fields: { outcome: skipped === undefined ? "done" : "skipped" },
      response: Response.json({ data: { outcome: "done", ...skipped }, error: null }),
    };
  } catch (error) {
    return failAttempt(attempt, toAppError(error));
  }
}

function openContext({ jobId, token, claim, kernel, log, waitUntil }: Attempt, signal: AbortSignal) {
  const requestId = claim.request_id ?? jobId;
  const entry = sql`select guilda.enter_job(${jobId}, ${token}, false)`;
  const options = {
    connection: kernel.connection,
    entry,
    mentoradoId: claim.mentorado_id,
    requestId,
    newId: kernel.newId,
    onStaged: (jobs: Parameters<typeof kernel.doorbell.ring>[0]) => waitUntil(kernel.doorbell.ring(jobs, log)),
  };
  const steps = openDatabase(options);
  const last = openDatabase({ ...options, writeEntry: sql`select guilda.enter_job(${jobId}, ${token}, true)` });
  let finished = false;
  const db: JobDatabase = {
    ...steps,
    checkpoint: steps.write,
    async write<Answer>(write: Write<Answer>) {
      const answer = await last.write(write);
      finished = true;
      return answer;
    },
  };
  const ctx: JobContext = {
    db,
    // Programme jobs are typed without it; `runAttempt` has checked that the row agrees with the catalog.
    mentoradoId: claim.mentorado_id ?? "",
    actor: { kind: "job", jobId },
    attempt: attemptOf(claim),
    requestId,
    log,
    now: new Date(),
    newId: kernel.newId,
    signal,
  };
  return { ctx, isFinished: () => finished };
}

/** Ends the attempt: pending again by the job's own policy, or dead. When even that fails, the lease runs out by itself. */
async function failAttempt({ jobId, token, claim, kernel }: Attempt, error: unknown): Promise<Outcome> {
  const code = error instanceof AppError ? error.errorCode : "INTERNAL";
  const fields = { errorCode: code, error: describeError(error) };
  if (error instanceof LeaseLostError) {
    return { level: "warn", fields: { outcome: "lease_lost", ...fields }, response: again(HELD_RETRY_MS) };
  }
  const isRetryable = !(error instanceof AppError) || error.retryable;
  const asked = error instanceof AppError ? (error.retryAfterMs ?? 0) : 0;
  const delayMs =
    claim.name !== null && isJobName(claim.name) ? Math.max(asked, retryDelayMs(JOBS[claim.name].retry, claim.attempt)) : asked;
  try {
    const wait = isRetryable ? sql`${delayMs} * interval '1 millisecond'` : sql`null::interval`;
    const [row] = await kernel.connection.call<{ status: string }>(
      sql`select guilda.fail_job(${jobId}, ${token}, ${code}, ${wait}) as status`,
    );
    if (row?.status === "dead") return { level: "error", fields: { outcome: "dead", ...fields }, response: dead(code) };
    return { level: "warn", fields: { outcome: "retry", ...fields }, response: again(delayMs) };
  } catch {
    return { level: "error", fields: { outcome: "unreported", ...fields }, response: again(HELD_RETRY_MS) };
  }
}

function answerUnclaimed({ outcome, retry_after_ms }: Claim): Response {
  if (outcome === "done") return Response.json({ data: { outcome: "done" }, error: null });
  if (outcome === "dead") return dead("JOB_DEAD");
  return again(Math.max(retry_after_ms, HELD_RETRY_MS));
}

/** QStash waits this long and delivers again. */
function again(retryAfterMs: number): Response {
  return toHttpResponse(new UnavailableError("Not done yet", { errorCode: "NOT_DONE", retryAfterMs }));
}

/** QStash's word for "never again": the message goes to its dead letters. */
function dead(code: string): Response {
  return Response.json(
    { data: null, error: { code, message: "This job is dead" } },
    { status: 489, headers: { "upstash-nonretryable-error": "true" } },
  );
}

function expiry(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () =>
      reject(new AppError("TIMEOUT", "The attempt took too long", { errorCode: "JOB_TIMEOUT" })),
    );
  });
}

function nameOf(path: string): string {
  return path.replace("/jobs/", "").replace("/", ".");
}

function attemptOf({ name, attempt: number }: Claim): JobContext["attempt"] {
  if (name === null || !isJobName(name)) return { number, isLast: true, timeoutMs: 0 };
  const { retry, timeoutMs } = JOBS[name];
  return { number, isLast: number >= retry.attempts, timeoutMs };
}

function isSkipped(result: unknown): result is Skipped {
  return typeof result === "object" && result !== null && "skipped" in result && "reason" in result;
}

function leaseMsOf(name: string): number {
  return (isJobName(name) ? JOBS[name].timeoutMs : 0) + LEASE_MARGIN_MS;
}

function ids(claim: Claim): { requestId?: string; mentoradoId?: string } {
  return {
    ...(claim.request_id === null ? {} : { requestId: claim.request_id }),
    ...(claim.mentorado_id === null ? {} : { mentoradoId: claim.mentorado_id }),
  };
}

function readJobId(body: string): string | undefined {
  try {
    const { jobId } = JSON.parse(body) as { jobId?: unknown };
    return typeof jobId === "string" && /^[0-9a-f-]{36}$/.test(jobId) ? jobId : undefined;
  } catch {
    return undefined;
  }
}
