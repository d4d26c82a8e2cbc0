import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UnavailableError } from "../../shared/errors/app-error.ts";
import { JOBS, type JobName } from "../../shared/jobs/catalog.ts";
import { type JobHandlers, serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { financeHandlers } from "./support/finance-handlers.ts";

const PATIENT_MS = [1_000, 2_500, 6_250, 15_625, 39_063, 97_656, 244_141, 600_000, 600_000, 600_000, 600_000];
const PAYLOADS = {
  "accounts.process-clerk-event": { eventId: uuidv7() },
  "accounts.invalidate-session": { userId: uuidv7() },
  "finance.create-charge": { installmentId: uuidv7() },
  "finance.operate-charge": { chargeId: uuidv7(), operation: { kind: "cancel" } },
  "finance.refresh-charge": { chargeId: uuidv7() },
  "finance.bill-enrollment": { enrollmentId: uuidv7() },
  "finance.bill-due-installments": { slot: "2026-03-10T12:00:00.000Z" },
  "finance.create-subscription": { subscriptionId: uuidv7() },
  "finance.cancel-subscription": { subscriptionId: uuidv7() },
  "finance.process-asaas-event": { eventId: uuidv7() },
  "finance.register-webhook": {},
  "finance.remove-webhook": {},
  "finance.check-webhooks": { slot: "2026-03-10T12:00:00.000Z" },
  "finance.adopt-payment": { conflictId: uuidv7() },
  "finance.reconcile-recent": {},
  "finance.reconcile-full": {},
  "finance.remind-due-charges": { slot: "2026-03-10T12:00:00.000Z" },
  "patterns.adopt-scan": { scanId: uuidv7() },
  "patterns.measure-repo": { repoId: uuidv7() },
  "patterns.word-candidates": { repoId: uuidv7() },
  "ingestion.process-github-event": { eventId: uuidv7() },
  "ingestion.check-pull-request": { pullRequestId: uuidv7() },
  "ingestion.report-pull-check": { pullCheckId: uuidv7() },
  "ingestion.scan-repo": { repoId: uuidv7() },
  "ingestion.scan-shard": { scanId: uuidv7(), shard: 0 },
  "ingestion.finish-scan": { scanId: uuidv7() },
  "ingestion.check-heads": { slot: "2026-03-10T12:00:00.000Z" },
  "ingestion.redeliver-missed": { slot: "2026-03-10T12:00:00.000Z" },
} satisfies Record<JobName, object>;

/** The waits that each job of the catalog promises, in milliseconds; after the last of them it is dead. */
const WAITS_MS: Record<JobName, readonly number[]> = {
  "accounts.process-clerk-event": PATIENT_MS,
  "accounts.invalidate-session": PATIENT_MS,
  "finance.create-charge": PATIENT_MS,
  "finance.operate-charge": PATIENT_MS,
  "finance.refresh-charge": PATIENT_MS,
  "finance.bill-enrollment": [1_000, 2_000],
  "finance.bill-due-installments": [1_000, 2_000],
  "finance.create-subscription": PATIENT_MS,
  "finance.cancel-subscription": PATIENT_MS,
  "finance.process-asaas-event": PATIENT_MS,
  "finance.register-webhook": PATIENT_MS,
  "finance.remove-webhook": PATIENT_MS,
  "finance.check-webhooks": [1_000, 2_000],
  "finance.adopt-payment": PATIENT_MS,
  "finance.reconcile-recent": [1_000, 2_000],
  "finance.reconcile-full": PATIENT_MS,
  "finance.remind-due-charges": [1_000, 2_000],
  "patterns.adopt-scan": PATIENT_MS,
  "patterns.measure-repo": [1_000, 2_000],
  "patterns.word-candidates": [10_000, 40_000, 160_000, 600_000],
  "ingestion.process-github-event": PATIENT_MS,
  "ingestion.check-pull-request": PATIENT_MS,
  "ingestion.report-pull-check": PATIENT_MS,
  "ingestion.scan-repo": [1_000, 2_000],
  "ingestion.scan-shard": PATIENT_MS,
  "ingestion.finish-scan": PATIENT_MS,
  "ingestion.check-heads": [1_000, 2_000],
  "ingestion.redeliver-missed": [1_000, 2_000],
};

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
  const fail = () => Promise.reject(new UnavailableError());
  const accounts: JobHandlers<"accounts"> = { "accounts.process-clerk-event": fail, "accounts.invalidate-session": fail };
  const finance = financeHandlers(fail);
  const patterns: JobHandlers<"patterns"> = {
    "patterns.adopt-scan": fail,
    "patterns.measure-repo": fail,
    "patterns.word-candidates": fail,
  };
  const ingestion: JobHandlers<"ingestion"> = {
    "ingestion.process-github-event": fail,
    "ingestion.check-pull-request": fail,
    "ingestion.report-pull-check": fail,
    "ingestion.scan-repo": fail,
    "ingestion.scan-shard": fail,
    "ingestion.finish-scan": fail,
    "ingestion.check-heads": fail,
    "ingestion.redeliver-missed": fail,
  };
  const kernel = platform.kernel("jobs");
  platform.mount("accounts", (request, waitUntil) => serveJobs<"accounts">({ request, handlers: accounts, kernel, waitUntil }));
  platform.mount("patterns", (request, waitUntil) => serveJobs<"patterns">({ request, handlers: patterns, kernel, waitUntil }));
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers: finance, kernel, waitUntil }));
  platform.mount("ingestion", (request, waitUntil) =>
    serveJobs<"ingestion">({ request, handlers: ingestion, kernel, waitUntil }),
  );
});
afterAll(() => platform.close());

async function stage(name: JobName): Promise<string> {
  const { scope, group, retry } = JOBS[name];
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: scope === "mentorado" ? (await platform.createMentorado()).id : null,
    worker_group: group,
    name,
    dedup_key: id,
    payload: PAYLOADS[name],
    status: "pending",
    run_at: new Date(Date.now() - 60_000).toISOString(),
    attempts: 0,
    max_attempts: retry.attempts,
    ring: 1,
    rung_at: new Date().toISOString(),
    request_id: "retry-policy-test",
    created_at: new Date().toISOString(),
  });
  return id;
}

async function databaseClockMs(): Promise<number> {
  const [row] = await platform.database.query<{ ms: number }>(
    "select extract(epoch from clock_timestamp())::float8 * 1000 as ms",
  );
  return row?.ms ?? Number.NaN;
}

async function read(id: string) {
  const [job] = await platform.database.query<{ status: string; attempts: number; dueMs: number }>(
    `select status, attempts, extract(epoch from run_at)::float8 * 1000 as "dueMs" from jobs where id = $1`,
    [id],
  );
  if (job === undefined) throw new Error(`no job ${id}`);
  return job;
}

test.each(Object.keys(JOBS).map((name) => name as JobName))(
  "%s waits exactly as long as its policy says after each failure, and is dead after the last",
  async (name) => {
    const id = await stage(name);
    for (const [index, waitMs] of WAITS_MS[name].entries()) {
      const beforeMs = await databaseClockMs();
      const answer = await platform.ring(id);
      const afterMs = await databaseClockMs();
      const { status, attempts, dueMs } = await read(id);
      expect({ status, attempts, answer: answer.status }).toEqual({ status: "pending", attempts: index + 1, answer: 503 });
      expect(answer.headers.get("retry-after")).toBe(String(Math.ceil(waitMs / 1_000)));
      // The failure was written between the two readings of the database's own clock.
      expect(dueMs - waitMs).toBeGreaterThanOrEqual(beforeMs - 0.01);
      expect(dueMs - waitMs).toBeLessThanOrEqual(afterMs + 0.01);
      await platform.database.query("update jobs set run_at = now() where id = $1", [id]);
    }
    expect((await platform.ring(id)).status).toBe(489);
    expect(await read(id)).toMatchObject({ status: "dead", attempts: JOBS[name].retry.attempts });
  },
);

test("jobs that share effects at Asaas have the same time, from which it follows when an earlier call of any of them has settled", () => {
  const times = Object.values(JOBS).flatMap(({ group, timeoutMs }) => (group === "finance" ? [timeoutMs] : []));
  expect(times.length).toBeGreaterThan(10);
  expect(new Set(times).size).toBe(1);
});
