import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { runTick } from "../../functions/scheduler/receive-tick.ts";
import { JOBS, type JobName, jobPath } from "../../shared/jobs/catalog.ts";
import { createDoorbell } from "../../shared/jobs/doorbell.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import type { StagedJob } from "../../shared/jobs/stage.ts";
import { insertRow } from "../db/support/insert-row.ts";
import type { Fault } from "../local/http-server.ts";
import type { Message } from "../local/qstash/message.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { financeHandlers } from "./support/finance-handlers.ts";

const HOUR_MS = 3_600_000;
const NAME = "finance.remind-due-charges";
/** What every plan of QStash allows. */
const MAX_RETRIES = 3;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  const kernel = platform.kernel("finance");
  const act = async () => undefined;
  const handlers = financeHandlers(act);
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers, kernel, waitUntil }));
});
afterEach(() => {
  platform.qstash.faults.length = 0;
  for (const key of Object.keys(platform.qstash.chaos) as (keyof typeof platform.qstash.chaos)[])
    delete platform.qstash.chaos[key];
});
afterAll(() => platform.close());

function staged(change: Partial<StagedJob> = {}): StagedJob {
  return { id: uuidv7(), name: NAME, ring: 1, runAt: new Date().toISOString(), ...change };
}

async function ring(jobs: StagedJob[], { url = platform.qstash.url } = {}): Promise<void> {
  const { QSTASH_TOKEN: token = "", PUBLIC_URL: publicUrl = "" } = platform.env;
  await createDoorbell({ url, token, publicUrl }).ring(jobs, platform.kernel("doorbell").log);
}

/** QStash keeps what it accepts instead of delivering it. */
function hold(): void {
  platform.qstash.chaos.delayMs = HOUR_MS;
}

function messagesOf(jobs: readonly { id: string }[]): Message[] {
  const ids = new Set(jobs.map(({ id }) => id));
  return platform.qstash.messages().filter((message) => ids.has(jobIdOf(message)));
}

function jobIdOf({ bodyBase64 }: Message): string {
  return (JSON.parse(Buffer.from(bodyBase64, "base64").toString()) as { jobId: string }).jobId;
}

function refusals(): unknown[] {
  return platform.logs().filter(({ event }) => event === "doorbell.refused" || event === "doorbell.failed");
}

test("every job of the catalog is rung at its own endpoint, with its id alone, and no more retries than any plan allows", async () => {
  hold();
  const jobs = (Object.keys(JOBS) as JobName[]).map((name) => staged({ name, ring: 7 }));
  await ring(jobs);
  const messages = messagesOf(jobs);
  expect(messages).toHaveLength(jobs.length);
  for (const { id, name } of jobs) {
    const message = messages.find((each) => jobIdOf(each) === id);
    expect(message).toMatchObject({
      url: `${platform.env.PUBLIC_URL}${jobPath(name)}`,
      bodyBase64: Buffer.from(JSON.stringify({ jobId: id })).toString("base64"),
      settings: { deduplicationId: `job-${id}-7` },
    });
    expect(message?.settings.retries).toBeLessThanOrEqual(MAX_RETRIES);
  }
});

test("a job of later is delivered later, one of now at once", async () => {
  hold();
  const runAt = new Date(Date.now() + HOUR_MS).toISOString();
  const [later, now] = [staged({ runAt }), staged()];
  await ring([later, now]);
  expect(messagesOf([later])[0]?.notBefore).toBe(Math.ceil(Date.parse(runAt) / 1_000) * 1_000);
  expect(messagesOf([now])[0]?.notBefore).toBeLessThanOrEqual(Date.now());
});

test("more jobs than fit one batch are all rung, each once", async () => {
  hold();
  const jobs = Array.from({ length: 250 }, () => staged());
  await ring(jobs);
  expect(messagesOf(jobs).map(jobIdOf).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
});

describe("jobs of other requests that come while one rings", () => {
  test("go along with it, each once, in few requests to QStash", async () => {
    hold();
    const { doorbell, log } = platform.kernel("doorbell");
    const sent = vi.spyOn(globalThis, "fetch");
    const jobs = Array.from({ length: 40 }, () => staged());
    await Promise.all(jobs.map((job) => doorbell.ring([job], log)));
    const requests = sent.mock.calls.length;
    sent.mockRestore();
    expect(messagesOf(jobs).map(jobIdOf).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
    expect(requests).toBe(2);
  });

  test("are rung by a later one when that request ended without a word", async () => {
    hold();
    const { doorbell, log } = platform.kernel("doorbell");
    const jobs = [staged(), staged(), staged()] as const;
    const silent = vi.spyOn(globalThis, "fetch").mockReturnValue(new Promise(() => undefined));
    void doorbell.ring([jobs[0]], log);
    await expect.poll(() => silent.mock.calls.length).toBe(1);
    silent.mockRestore();
    await doorbell.ring([jobs[1]], log);
    expect(messagesOf(jobs)).toEqual([]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11_000 });
    await doorbell.ring([jobs[2]], log);
    vi.useRealTimers();
    expect(messagesOf(jobs).map(jobIdOf)).toEqual([jobs[1].id, jobs[2].id]);
  });
});

test("the same ring twice is one message, and the next number gets through what QStash remembers", async () => {
  hold();
  const job = staged();
  await ring([job]);
  await ring([job]);
  expect(messagesOf([job])).toHaveLength(1);
  await ring([{ ...job, ring: 2 }]);
  expect(messagesOf([job])).toHaveLength(2);
});

test("items that QStash refuses inside a batch keep none of the others, and are counted in one line", async () => {
  hold();
  platform.qstash.chaos.batchItemError = 0.5;
  const before = refusals().length;
  const jobs = Array.from({ length: 60 }, () => staged());
  await ring(jobs);
  const accepted = messagesOf(jobs).length;
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(60);
  expect(refusals().slice(before)).toMatchObject([{ event: "doorbell.refused", level: "warn", count: 60 - accepted }]);
});

describe("a QStash that", () => {
  const daily = { "ratelimit-limit": "500", "ratelimit-remaining": "0", "ratelimit-reset": "1" };
  test.each<[string, Fault]>([
    ["says 500", { kind: "status", status: 500, body: '{"error":"no"}' }],
    ["says 429 for the day", { kind: "status", status: 429, body: '{"error":"no"}', headers: daily }],
    ["says 429 for the moment", { kind: "status", status: 429, body: '{"error":"no"}' }],
    ["says 401", { kind: "status", status: 401, body: '{"error":"no"}' }],
    ["hangs up", { kind: "reset-before" }],
    ["answers with a page", { kind: "garbage" }],
    ["redirects to nowhere", { kind: "status", status: 302, headers: { location: "/elsewhere" } }],
  ])("%s costs the caller nothing, and is one line", async (_what, fault) => {
    hold();
    const before = refusals().length;
    platform.qstash.faults.push(fault);
    await ring([staged(), staged()]);
    expect(refusals().slice(before)).toMatchObject([{ event: "doorbell.failed", level: "warn", count: 2 }]);
  });

  test("is not there costs the caller nothing", async () => {
    const before = refusals().length;
    await ring([staged()], { url: "http://127.0.0.1:9" });
    expect(refusals().slice(before)).toMatchObject([{ event: "doorbell.failed" }]);
  });

  test("does not answer is not waited for longer than its time, and what it does late is no second message", async () => {
    hold();
    const timeout = AbortSignal.timeout;
    const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => timeout(30));
    const delay = { kind: "delay", delayMs: 300, times: 1 } as const;
    platform.qstash.faults.push({ ...delay });
    const job = staged();
    const before = refusals().length;
    await ring([job]);
    spy.mockRestore();
    expect(refusals().slice(before)).toMatchObject([{ event: "doorbell.failed", error: expect.stringContaining("in time") }]);
    await ring([job]);
    await expect.poll(() => messagesOf([job]).length).toBe(1);
  });

  test("accepts and loses its answer is asked again, and keeps one message", async () => {
    hold();
    platform.qstash.faults.push({ kind: "reset-after", times: 1 });
    const job = staged();
    const before = refusals().length;
    await ring([job]);
    expect(messagesOf([job])).toHaveLength(1);
    expect(refusals().slice(before)).toEqual([]);
  });

  test.each<[string, Fault]>([
    ["says 500", { kind: "status", status: 500, body: '{"error":"no"}' }],
    ["hangs up", { kind: "reset-before" }],
  ])("%s has not taken over what was handed to it: that rejects", async (_what, fault) => {
    platform.qstash.faults.push(fault);
    const message = { path: "/jobs/webhooks/store-event", body: {}, deduplicationId: uuidv7(), retries: 1 };
    await expect(platform.kernel("doorbell").doorbell.hand(message)).rejects.toThrow();
  });
});

test("a message that QStash accepted and forgot is rung again by the next ticks, and the work is done once", async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  const job = staged();
  await insertRow(platform.database, "jobs", {
    id: job.id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: NAME,
    dedup_key: job.id,
    payload: { slot: "2026-03-10T12:00:00.000Z" },
    status: "pending",
    attempts: 0,
    max_attempts: 3,
    ring: 1,
    run_at: new Date(Date.now() - HOUR_MS).toISOString(),
    rung_at: new Date().toISOString(),
    request_id: "doorbell-test",
    created_at: new Date().toISOString(),
  });
  platform.qstash.chaos.drop = 1;
  await ring([job]);
  platform.qstash.chaos.drop = 0;
  const kernel = platform.kernel("scheduler");
  // QStash remembers the number of the lost message, and so does the sweeper that it has just been rung.
  await ring([job]);
  expect(await runTick({ kernel, at: new Date() })).toMatchObject({ rungAgain: 0 });
  expect(messagesOf([job])).toEqual([]);
  await platform.database.query("update jobs set rung_at = now() - interval '2 minutes' where id = $1", [job.id]);
  expect(await runTick({ kernel, at: new Date() })).toMatchObject({ rungAgain: 1 });
  const read = () => platform.database.query("select status, ring, attempts from jobs where id = $1", [job.id]);
  await expect.poll(read).toEqual([{ status: "done", ring: 2, attempts: 1 }]);
});
