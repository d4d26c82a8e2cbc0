import { sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { UnavailableError } from "../../shared/errors/app-error.ts";
import { JOBS, jobPath } from "../../shared/jobs/catalog.ts";
import { type JobContext, type JobHandlers, serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { type Kernel, openKernel } from "../../shared/kernel.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { financeHandlers } from "./support/finance-handlers.ts";

const NAME = "finance.remind-due-charges";
const PROGRAMME_JOB = "accounts.invalidate-session";
const SECRET = "a value that nobody outside may see";

/** What each job under test does. */
const doings = new Map<string, (ctx: JobContext) => Promise<unknown>>();
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.delayMs = 3_600_000;
  const kernel = platform.kernel("finance");
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers: handlers(), kernel, waitUntil }));
});
afterAll(() => platform.close());

function handlers(): JobHandlers<"finance"> {
  const act = ({ ctx }: { ctx: JobContext }) =>
    (ctx.actor.kind === "job" ? doings.get(ctx.actor.jobId)?.(ctx) : undefined) ?? Promise.resolve();
  return financeHandlers(act);
}

async function stage(doing: (ctx: JobContext) => Promise<unknown>, row: Record<string, unknown> = {}) {
  const { id: mentoradoId } = await platform.createMentorado();
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: NAME,
    dedup_key: id,
    payload: { slot: "2026-03-10T12:00:00.000Z" },
    status: "pending",
    run_at: new Date(Date.now() - 60_000).toISOString(),
    attempts: 0,
    max_attempts: 3,
    ring: 1,
    rung_at: new Date().toISOString(),
    request_id: "attempts-test",
    created_at: new Date().toISOString(),
    ...row,
  });
  doings.set(id, doing);
  return { id, mentoradoId };
}

function offering(ctx: JobContext) {
  return ctx.db.build.execute(
    sql`insert into offerings (mentorado_id, id, name, price_cents) values (${ctx.mentoradoId}, ${ctx.newId()}, 'Effect', 1)`,
  );
}

function effect(ctx: JobContext) {
  return ctx.db.write({ statements: [offering(ctx)], answer: sql`null` });
}

async function effectsOf(mentoradoId: string): Promise<number> {
  return (await platform.database.query("select 1 from offerings where mentorado_id = $1", [mentoradoId])).length;
}

async function readJob(id: string) {
  const [job] = await platform.database.query("select status, attempts, last_error as error from jobs where id = $1", [id]);
  return job;
}

function linesOf(jobId: string): Record<string, unknown>[] {
  return platform.logs().filter((line) => line.jobId === jobId);
}

test("an attempt that outlives its time is ended, tried again, and has no effect any more", async () => {
  const timeout = AbortSignal.timeout;
  const spy = vi
    .spyOn(AbortSignal, "timeout")
    .mockImplementation((ms) => timeout.call(AbortSignal, ms === JOBS[NAME].timeoutMs ? 20 : ms));
  const late = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  let signal: AbortSignal | undefined;
  const { id, mentoradoId } = await stage(async (ctx) => {
    signal = ctx.signal;
    await late.promise;
    await effect(ctx).catch(ended.resolve);
  });
  const answer = await platform.ring(id);
  spy.mockRestore();
  expect(answer.status).toBe(503);
  expect(signal?.aborted).toBe(true);
  expect(await readJob(id)).toMatchObject({ status: "pending", attempts: 1, error: "JOB_TIMEOUT" });
  late.resolve();
  expect(await ended.promise).toMatchObject({ errorCode: "LEASE_LOST" });
  expect(await effectsOf(mentoradoId)).toBe(0);
});

test("work that was committed without an answer is done: the next delivery hears so, and does nothing", async () => {
  const { id, mentoradoId } = await stage((ctx) => {
    platform.database.bridge.faults.push({ kind: "reset-after", times: 1 });
    return effect(ctx);
  });
  expect((await platform.ring(id)).status).toBe(503);
  expect(await readJob(id)).toMatchObject({ status: "done", attempts: 1 });
  expect((await platform.ring(id)).status).toBe(200);
  expect(await effectsOf(mentoradoId)).toBe(1);
});

test("a failure that cannot be reported is held until its lease runs out, and then tried again", async () => {
  let attempts = 0;
  const { id, mentoradoId } = await stage((ctx) => {
    attempts += 1;
    if (attempts > 1) return effect(ctx);
    platform.database.bridge.faults.push({ kind: "reset-before", times: 1 });
    throw new UnavailableError();
  });
  expect((await platform.ring(id)).status).toBe(503);
  expect(linesOf(id)).toContainEqual(expect.objectContaining({ level: "error", outcome: "unreported" }));
  const held = await platform.ring(id);
  expect(held.status).toBe(503);
  expect(Number(held.headers.get("retry-after"))).toBeGreaterThan(JOBS[NAME].timeoutMs / 1_000);
  await platform.database.query("update jobs set lease_until = now() - interval '1 second' where id = $1", [id]);
  expect((await platform.ring(id)).status).toBe(200);
  expect(await effectsOf(mentoradoId)).toBe(1);
});

test("a mistake of ours is tried again, and neither the answer nor the row says more than that", async () => {
  const { id } = await stage(() => Promise.reject(new TypeError(SECRET)));
  const answer = await platform.ring(id);
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain(SECRET);
  expect(await readJob(id)).toMatchObject({ status: "pending", error: "INTERNAL" });
});

test("whoever asks for more time than the policy gives gets it", async () => {
  const { id } = await stage(() => Promise.reject(new UnavailableError(undefined, { retryAfterMs: 45_000 })));
  expect((await platform.ring(id)).headers.get("retry-after")).toBe("45");
  const [job] = await platform.database.query("select run_at > now() + interval '40 seconds' as waits from jobs where id = $1", [
    id,
  ]);
  expect(job).toEqual({ waits: true });
});

test("a job writes once: what it writes after that is cancelled", async () => {
  const { id, mentoradoId } = await stage(async (ctx) => {
    await effect(ctx);
    await effect(ctx);
  });
  await platform.ring(id);
  expect(await effectsOf(mentoradoId)).toBe(1);
  expect((await platform.ring(id)).status).toBe(200);
});

test("what a job does before its end stays, though the attempt fails, and is fenced like the end", async () => {
  let attempts = 0;
  const { id, mentoradoId } = await stage(async (ctx) => {
    attempts += 1;
    await ctx.db.checkpoint({ statements: [offering(ctx)], answer: sql`null` });
    if (attempts === 1) throw new UnavailableError();
    await platform.database.query("update jobs set lease_token = $2 where id = $1", [id, uuidv7()]);
    await ctx.db.checkpoint({ statements: [offering(ctx)], answer: sql`null` });
  });
  await platform.ring(id);
  expect(await effectsOf(mentoradoId)).toBe(1);
  await platform.database.query("update jobs set run_at = now() where id = $1", [id]);
  expect((await platform.ring(id)).status).toBe(503);
  expect(await effectsOf(mentoradoId)).toBe(2);
});

test("jobs that a job stages are there with its effect and rung after it; an attempt that fails stages none", async () => {
  const dedupKey = uuidv7();
  let attempts = 0;
  const { id, mentoradoId } = await stage((ctx) => {
    attempts += 1;
    return ctx.db.write({
      statements: [offering(ctx)],
      jobs: [{ name: NAME, payload: { slot: "2026-03-11T12:00:00.000Z" }, dedupKey }],
      answer: attempts === 1 ? sql`(select 1 / 0)` : sql`null`,
    });
  });
  const followers = () =>
    platform.database.query<{ id: string; request: string }>(
      "select id, request_id as request from jobs where mentorado_id = $1 and id <> $2",
      [mentoradoId, id],
    );
  await platform.ring(id);
  expect(await followers()).toEqual([]);
  await platform.database.query("update jobs set status = 'pending', run_at = now() where id = $1", [id]);
  expect((await platform.ring(id)).status).toBe(200);
  await platform.settled();
  const [follower, ...others] = await followers();
  expect(others).toEqual([]);
  // The request that began it all goes from job to job.
  expect(follower?.request).toBe("attempts-test");
  const rung = platform.qstash.messages().filter(({ settings }) => settings.deduplicationId === `job-${follower?.id}-1`);
  expect(rung).toHaveLength(1);
});

test("a row whose mentorado does not fit its job is dead, whichever way round", async () => {
  const { id } = await stage(effect, { mentorado_id: null });
  expect((await platform.ring(id)).status).toBe(489);
  expect(await readJob(id)).toMatchObject({ status: "dead", error: "PAYLOAD_INVALID" });

  const programme = await stage(effect, {
    name: PROGRAMME_JOB,
    worker_group: "accounts",
    payload: { userId: uuidv7() },
  });
  const act = () => Promise.reject(new Error("is never called"));
  const accounts: JobHandlers<"accounts"> = { "accounts.process-clerk-event": act, [PROGRAMME_JOB]: act };
  const kernel = platform.kernel("accounts");
  platform.mount("accounts", (request, waitUntil) => serveJobs<"accounts">({ request, handlers: accounts, kernel, waitUntil }));
  expect((await platform.ring(programme.id)).status).toBe(489);
  expect(await readJob(programme.id)).toMatchObject({ status: "dead", error: "PAYLOAD_INVALID" });
});

test("keys rotate: both are good in between, and the old one no more", async () => {
  const [old, current, next] = [
    platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
    platform.env.QSTASH_NEXT_SIGNING_KEY ?? "",
    "sig_3",
  ];
  const rotated = openKernel({
    env: { ...platform.env, QSTASH_CURRENT_SIGNING_KEY: current, QSTASH_NEXT_SIGNING_KEY: next },
    worker: "finance",
  });
  const { id } = await stage(effect);
  const answer = (kernel: Kernel, key: string) => deliver({ id, kernel, key });
  const before = platform.kernel("finance");
  expect([await answer(before, old), await answer(before, current)]).toEqual([200, 200]);
  expect([await answer(rotated, old), await answer(rotated, current), await answer(rotated, next)]).toEqual([401, 200, 200]);
});

async function deliver({ id, kernel, key }: { id: string; kernel: Kernel; key: string }): Promise<number> {
  const url = `${platform.env.PUBLIC_URL}${jobPath(NAME)}`;
  const body = JSON.stringify({ jobId: id });
  const signature = signDelivery({ key, url, body: Buffer.from(body), nowMs: Date.now() });
  const request = new Request(url, { method: "POST", body, headers: { "upstash-signature": signature } });
  return (await serveJobs<"finance">({ request, handlers: handlers(), kernel, waitUntil: () => undefined })).status;
}
