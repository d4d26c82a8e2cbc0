import { sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppError, UnavailableError } from "../../shared/errors/app-error.ts";
import { JOBS, jobPath, LEASE_MARGIN_MS, retryDelayMs } from "../../shared/jobs/catalog.ts";
import { type JobContext, serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { financeHandlers } from "./support/finance-handlers.ts";

const NAME = "finance.remind-due-charges";

/** What the job under test does; each test says it for its own jobs. */
const doings = new Map<string, (ctx: JobContext) => Promise<unknown>>();
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
  const kernel = platform.kernel("finance");
  const act = ({ ctx }: { ctx: JobContext }) =>
    (ctx.actor.kind === "job" ? doings.get(ctx.actor.jobId)?.(ctx) : undefined) ?? Promise.resolve();
  const handlers = financeHandlers(act);
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers, kernel, waitUntil }));
});
afterAll(() => platform.close());

/** Stages a job and says what it does. Its effect is an offering, which a test can count. */
async function stage(doing?: (ctx: JobContext) => Promise<unknown>, row: Record<string, unknown> = {}) {
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
    request_id: "jobs-test",
    created_at: new Date().toISOString(),
    ...row,
  });
  if (doing !== undefined) doings.set(id, doing);
  return { id, mentoradoId };
}

function effect(ctx: JobContext) {
  return ctx.db.write({
    statements: [
      ctx.db.build.execute(
        sql`insert into offerings (mentorado_id, id, name, price_cents) values (${ctx.mentoradoId}, ${ctx.newId()}, 'Effect', 1)`,
      ),
    ],
    answer: sql`null`,
  });
}

async function effectsOf(mentoradoId: string): Promise<number> {
  return (await platform.database.query("select 1 from offerings where mentorado_id = $1", [mentoradoId])).length;
}

async function readJob(id: string) {
  const [job] = await platform.database.query<{ status: string; attempts: number; error: string | null; waits: number }>(
    "select status, attempts, last_error as error, round(extract(epoch from run_at - now()) * 1000)::integer as waits from jobs where id = $1",
    [id],
  );
  return job;
}

function expireLease(id: string) {
  return platform.database.query("update jobs set lease_until = now() - interval '1 second' where id = $1", [id]);
}

test("forty deliveries at once do the work once; the others hear that it is held, or done", async () => {
  const { id, mentoradoId } = await stage(effect);
  const answers = await Promise.all(Array.from({ length: 40 }, () => platform.ring(id)));
  expect(await effectsOf(mentoradoId)).toBe(1);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await platform.ring(id)).status).toBe(200);
  expect(await readJob(id)).toMatchObject({ status: "done", attempts: 1, error: null });
});

test("an attempt that stalls past its lease and goes on has no effect; the one that took over has it", async () => {
  let attempts = 0;
  let goOn: () => void = () => undefined;
  const stalled = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isStalling: () => void = () => undefined;
  const stalling = new Promise<void>((resolve) => {
    isStalling = resolve;
  });
  const { id, mentoradoId } = await stage(async (ctx) => {
    attempts += 1;
    if (attempts === 1) {
      isStalling();
      await stalled;
    }
    await effect(ctx);
  });
  const first = platform.ring(id);
  await stalling;
  await expireLease(id);
  expect((await platform.ring(id)).status).toBe(200);
  goOn();
  expect((await first).status).toBe(503);
  expect(attempts).toBe(2);
  expect(await effectsOf(mentoradoId)).toBe(1);
  expect(await readJob(id)).toMatchObject({ status: "done" });
});

test("a late failure of an attempt that lost its lease does not undo the work of the other", async () => {
  let attempts = 0;
  let fail: () => void = () => undefined;
  const failing = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const { id } = await stage(async (ctx) => {
    attempts += 1;
    if (attempts > 1) return effect(ctx);
    await expireLease(id);
    await failing;
    throw new UnavailableError();
  });
  const first = platform.ring(id);
  await expect.poll(() => readJob(id)).toMatchObject({ status: "running" });
  await expect.poll(async () => (await platform.ring(id)).status).toBe(200);
  fail();
  expect((await first).status).toBe(503);
  expect(await readJob(id)).toMatchObject({ status: "done", error: null });
});

test("an effect and its finish are one transaction: what fails at the end leaves nothing", async () => {
  const { id, mentoradoId } = await stage((ctx) =>
    ctx.db.write({
      statements: [
        ctx.db.build.execute(
          sql`insert into offerings (mentorado_id, id, name, price_cents) values (${ctx.mentoradoId}, ${ctx.newId()}, 'Effect', 1)`,
        ),
      ],
      answer: sql`(select 1 / 0)`,
    }),
  );
  await platform.ring(id);
  expect(await effectsOf(mentoradoId)).toBe(0);
  expect(await readJob(id)).not.toMatchObject({ status: "done" });
});

test("what can be tried again waits as its policy says, and is dead after the last attempt", async () => {
  const { id } = await stage(() => Promise.reject(new UnavailableError()));
  const { retry } = JOBS[NAME];
  for (let attempt = 1; attempt < retry.attempts; attempt += 1) {
    const answer = await platform.ring(id);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBe(retryDelayMs(retry, attempt) / 1_000);
    const job = await readJob(id);
    expect(job).toMatchObject({ status: "pending", attempts: attempt, error: "UNAVAILABLE" });
    expect(Math.abs((job?.waits ?? 0) - retryDelayMs(retry, attempt))).toBeLessThan(900);
    expect((await platform.ring(id)).status).toBe(503);
    await platform.database.query("update jobs set run_at = now() where id = $1", [id]);
  }
  const last = await platform.ring(id);
  expect(last.status).toBe(489);
  expect(last.headers.get("upstash-nonretryable-error")).toBe("true");
  expect(await readJob(id)).toMatchObject({ status: "dead", attempts: retry.attempts });
  expect((await platform.ring(id)).status).toBe(489);
});

test("the policies of the catalog grow by their factor up to their cap, and every lease outlives its attempt", () => {
  for (const { retry, timeoutMs } of Object.values(JOBS)) {
    const delays = Array.from({ length: retry.attempts }, (_, index) => retryDelayMs(retry, index + 1));
    expect(delays[0]).toBe(retry.minMs);
    expect(delays.every((delay, index) => delay <= retry.maxMs && (index === 0 || delay >= (delays[index - 1] ?? 0)))).toBe(true);
    expect(timeoutMs + LEASE_MARGIN_MS).toBeGreaterThan(timeoutMs);
  }
});

test("what can never succeed is dead at once, and its siblings go on", async () => {
  const { id } = await stage(() => Promise.reject(new AppError("VALIDATION", "No", { errorCode: "NEVER" })));
  const sibling = await stage(effect);
  expect((await platform.ring(id)).status).toBe(489);
  expect(await readJob(id)).toMatchObject({ status: "dead", attempts: 1, error: "NEVER" });
  expect((await platform.ring(sibling.id)).status).toBe(200);
});

test("attempts that died without a word are counted, and after the last the job is dead", async () => {
  const { id } = await stage(undefined, {
    status: "running",
    attempts: 3,
    lease_until: new Date(Date.now() - 1_000).toISOString(),
    lease_token: uuidv7(),
  });
  expect((await platform.ring(id)).status).toBe(489);
  expect(await readJob(id)).toMatchObject({ status: "dead", error: "ATTEMPTS_EXHAUSTED" });
});

test("a job whose time has not come is not done early", async () => {
  const { id, mentoradoId } = await stage(effect, { run_at: new Date(Date.now() + 600_000).toISOString() });
  const answer = await platform.ring(id);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(590);
  expect(await effectsOf(mentoradoId)).toBe(0);
});

test("the mentorado is the one of the row: a job cannot write for another", async () => {
  const other = await platform.createMentorado();
  const { id } = await stage((ctx) => effect({ ...ctx, mentoradoId: other.id }));
  expect((await platform.ring(id)).status).not.toBe(200);
  expect(await effectsOf(other.id)).toBe(0);
});

test("a payload that is not valid is dead, and says so in its code", async () => {
  const { id } = await stage(effect, { payload: { slot: "tomorrow" } });
  expect((await platform.ring(id)).status).toBe(489);
  expect(await readJob(id)).toMatchObject({ status: "dead", error: "PAYLOAD_INVALID" });
});

/** Delivers by hand, so that everything about the delivery can be wrong. */
async function deliver({
  path = jobPath(NAME),
  body,
  signature,
}: {
  path?: string;
  body: string;
  signature?: string;
}): Promise<number> {
  const kernel = platform.kernel("finance");
  const act = ({ ctx }: { ctx: JobContext }) => effect(ctx);
  const handlers = financeHandlers(act);
  const request = new Request(`${platform.env.PUBLIC_URL}${path}`, {
    method: "POST",
    body,
    ...(signature === undefined ? {} : { headers: { "upstash-signature": signature } }),
  });
  return (await serveJobs<"finance">({ request, handlers, kernel, waitUntil: () => undefined })).status;
}

function sign({
  body,
  path = jobPath(NAME),
  key = platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
  nowMs = Date.now(),
}: {
  body: string;
  path?: string;
  key?: string;
  nowMs?: number;
}) {
  return signDelivery({ key, url: `${platform.env.PUBLIC_URL}${path}`, body: Buffer.from(body), nowMs });
}

test("only what QStash signed for this very endpoint, body and time is looked at", async () => {
  const { id, mentoradoId } = await stage();
  const body = JSON.stringify({ jobId: id });
  const other = jobPath("finance.create-charge");
  expect(await deliver({ body })).toBe(401);
  expect(await deliver({ body, signature: sign({ body, path: other }) })).toBe(401);
  expect(await deliver({ body, signature: sign({ body: JSON.stringify({ jobId: uuidv7() }) }) })).toBe(401);
  expect(await deliver({ body, signature: sign({ body, key: "sig_of_a_stranger" }) })).toBe(401);
  expect(await deliver({ body, signature: sign({ body, nowMs: Date.now() - 600_000 }) })).toBe(401);
  expect(await deliver({ body, signature: sign({ body, nowMs: Date.now() + 600_000 }) })).toBe(401);
  expect(await deliver({ body, signature: "not.a.token" })).toBe(401);
  expect(await effectsOf(mentoradoId)).toBe(0);
  expect(await deliver({ body, signature: sign({ body, key: platform.env.QSTASH_NEXT_SIGNING_KEY ?? "" }) })).toBe(200);
  expect(await effectsOf(mentoradoId)).toBe(1);
});

test("a job is not done at the endpoint of another, and an unknown one or an odd message is given up", async () => {
  const { id, mentoradoId } = await stage();
  const body = JSON.stringify({ jobId: id });
  const path = jobPath("finance.create-charge");
  expect(await deliver({ path, body, signature: sign({ body, path }) })).toBe(489);
  expect(await effectsOf(mentoradoId)).toBe(0);
  // It waits for its own endpoint as before.
  expect(await readJob(id)).toMatchObject({ status: "pending", attempts: 0 });
  for (const odd of [JSON.stringify({ jobId: uuidv7() }), "{}", "nonsense", ""]) {
    expect(await deliver({ body: odd, signature: sign({ body: odd }) })).toBe(489);
  }
});

test("with the database down the delivery comes again later, and nothing is marked", async () => {
  const { id } = await stage(effect);
  platform.database.bridge.faults.push({ kind: "status", status: 500, body: "down", times: 1 });
  expect((await platform.ring(id)).status).toBe(503);
  expect(await readJob(id)).toMatchObject({ status: "pending", attempts: 0 });
  expect((await platform.ring(id)).status).toBe(200);
});
