import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAsaas } from "../../functions/finance/outbound/asaas.ts";
import { providerCustomers } from "../../shared/db/schema/money.ts";
import { students } from "../../shared/db/schema/practice.ts";
import { runEffect } from "../../shared/jobs/run-effect.ts";
import { type JobContext, type JobHandlers, serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { type Kernel, openKernel } from "../../shared/kernel.ts";
import { financeHandlers } from "../jobs/support/finance-handlers.ts";
import { type Asaas, startAsaas } from "../local/asaas.ts";
import type { StandIn } from "../local/http-server.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { startRedis } from "../local/redis.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { installPower, type Mishap } from "./support/power.ts";
import { watchLog } from "./support/watch-log.ts";

const PUBLIC_URL = "https://api.guilda.test";
const JOB_URL = `${PUBLIC_URL}/jobs/finance/create-charge`;
const SIGNING_KEY = "sig_current";
const REDIS_TOKEN = "redis-token";
const API_KEY = "$aact_hmlg_of_this_file";
const SETTLE_S = 30;
/** What looking up customer and payment adds to a clean run: each asks the breaker and the provider. */
const STEPS_OF_LOOKING = 4;
const STUDENT = { name: "Canary da Silva", taxId: "52998224725" };
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

interface Bill {
  jobId: string;
  mentoradoId: string;
  /** What Asaas knows customer and payment by. */
  reference: string;
}

let database: TestDatabase;
let redis: StandIn;
let asaas: Asaas;
let kernel: Kernel;
let power: ReturnType<typeof installPower>;
let watch: ReturnType<typeof watchLog>;
/** What the next bills are like; set back before each test. */
let terms: { amountCents: number; signal: (ctx: JobContext) => AbortSignal };

beforeAll(async () => {
  [database, redis, asaas] = await Promise.all([createTestDatabase(), startRedis({ token: REDIS_TOKEN }), startAsaas()]);
  asaas.createAccount({ apiKey: API_KEY });
  watch = watchLog();
  power = installPower();
  kernel = openKernel({
    env: {
      DATABASE_URL: database.databaseUrl,
      NEON_FETCH_ENDPOINT: database.neonUrl,
      PUBLIC_URL,
      QSTASH_URL: "http://127.0.0.1:9",
      QSTASH_TOKEN: "unused",
      QSTASH_CURRENT_SIGNING_KEY: SIGNING_KEY,
      QSTASH_NEXT_SIGNING_KEY: "sig_next",
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN,
    },
    worker: "finance",
  });
});

afterAll(async () => {
  power.close();
  watch.close();
  await Promise.all([database.close(), redis.close(), asaas.close()]);
});

beforeEach(() => {
  asaas.faults.length = 0;
  terms = { amountCents: 12_990, signal: (ctx) => ctx.signal };
});

describe("an effect at a provider", () => {
  test("is called once, confirmed with the job, and not called again by another job", async () => {
    const bill = await stageBill();
    expect(await deliver(bill)).toMatchObject({ status: 200 });
    expect(await effectsOf(bill)).toMatchObject([
      { key: "customer", state: "confirmed", attempts: 1, job_id: bill.jobId },
      { key: "payment", state: "confirmed", attempts: 1, response: { id: paymentsOf(bill)[0]?.id } },
    ]);
    await letTimePass(bill);
    const again = await stageBill(bill);
    asaas.faults.push({ kind: "status", status: 500 });
    expect(await deliver(again)).toMatchObject({ status: 200 });
    expect(paymentsOf(bill)).toHaveLength(1);
  });

  test("whose answer was lost is adopted, not doubled, and not looked for before it can be seen", async () => {
    const bill = await stageBill();
    asaas.faults.push({ kind: "reset-after", method: "POST", path: "/payments", times: 1 });
    const { status, retryAfterS } = await deliver(bill);
    expect(status).toBe(503);
    expect(retryAfterS).toBeGreaterThanOrEqual(SETTLE_S);
    expect(await effectsOf(bill)).toMatchObject([{ state: "calling" }, { state: "unknown", response: null }]);
    expect(await jobOf(bill)).toMatchObject({ status: "pending", last_error: "PROVIDER_OUTCOME_UNKNOWN" });
    await letTimePass(bill);
    expect(await deliver(bill)).toMatchObject({ status: 200 });
    expect(paymentsOf(bill)).toHaveLength(1);
    expect(await effectsOf(bill)).toMatchObject([
      {},
      { state: "confirmed", attempts: 2, response: { id: paymentsOf(bill)[0]?.id } },
    ]);
  });

  test("that the provider brings about after we gave up is adopted, not doubled", async () => {
    const bill = await stageBill();
    const work = new AbortController();
    terms.signal = (ctx) => AbortSignal.any([ctx.signal, work.signal]);
    asaas.faults.push({ kind: "delay", delayMs: 1_000, method: "POST", path: "/payments", times: 1 });
    const delivery = deliver(bill);
    // The fault is gone from the list when the request has come in.
    await expect.poll(() => asaas.faults).toEqual([]);
    work.abort();
    expect(await delivery).toMatchObject({ status: 503 });
    await expect.poll(() => paymentsOf(bill), { timeout: 10_000 }).toHaveLength(1);
    terms.signal = (ctx) => ctx.signal;
    await letTimePass(bill);
    expect(await deliver(bill)).toMatchObject({ status: 200 });
    expect(paymentsOf(bill)).toHaveLength(1);
  });

  test("is left alone by an attempt that comes before an earlier one has settled", async () => {
    const bill = await stageBill();
    asaas.faults.push({ kind: "reset-before", method: "POST", path: "/payments", times: 1 });
    await deliver(bill);
    await database.query(
      "update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1 and key = 'customer'",
      [bill.mentoradoId],
    );
    await database.query("update jobs set run_at = now() where id = $1", [bill.jobId]);
    const { status, retryAfterS } = await deliver(bill);
    expect(status).toBe(503);
    expect(retryAfterS).toBeGreaterThan(0);
    expect(retryAfterS).toBeLessThanOrEqual(SETTLE_S);
    expect(await jobOf(bill)).toMatchObject({ last_error: "EFFECT_SETTLING" });
    expect(await effectsOf(bill)).toMatchObject([{}, { state: "unknown", attempts: 1 }]);
    expect(paymentsOf(bill)).toEqual([]);
  });

  test("that many jobs need at the same moment is called by one of them", async () => {
    const first = await stageBill();
    const bills = [first, ...(await Promise.all(Array.from({ length: 7 }, () => stageBill(first))))];
    await Promise.all(bills.map((bill) => deliver(bill)));
    await database.query("update jobs set run_at = least(run_at, now()) where mentorado_id = $1", [first.mentoradoId]);
    for (const bill of bills) expect(await deliver(bill)).toMatchObject({ status: 200 });
    expect(await countCustomers(first)).toBe(1);
    expect(paymentsOf(first)).toHaveLength(1);
    expect(await effectsOf(first)).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  });

  test("that another job is at holds a job up by its own policy, not until the other's call has settled", async () => {
    const bill = await stageBill();
    const other = await stageBill(bill);
    asaas.faults.push({ kind: "reset-after", method: "POST", path: "/customers", times: 1 });
    await deliver(bill);
    const { status, retryAfterS } = await deliver(other);
    expect({ status, retryAfterS }).toEqual({ status: 503, retryAfterS: 1 });
    expect(await jobOf(other)).toMatchObject({ status: "pending", last_error: "EFFECT_BUSY" });
    await letTimePass(bill);
    await letTimePass(other);
    expect(await deliver(other)).toMatchObject({ status: 200 });
    expect(await countCustomers(bill)).toBe(1);
  });

  test("that was refused ends the job, and can be done when what was wrong is right", async () => {
    const bill = await stageBill();
    terms.amountCents = 1;
    expect(await deliver(bill)).toMatchObject({ status: 489 });
    expect(await jobOf(bill)).toMatchObject({ status: "dead", last_error: "PROVIDER_REFUSED" });
    expect(await effectsOf(bill)).toMatchObject([{ state: "calling" }, { state: "calling", response: null }]);
    terms.amountCents = 500;
    await database.query("update jobs set status = 'pending', attempts = 0 where id = $1", [bill.jobId]);
    await letTimePass(bill);
    expect(await deliver(bill)).toMatchObject({ status: 200 });
    expect(paymentsOf(bill)).toHaveLength(1);
  });

  test("that came too often comes back when the provider says", async () => {
    const bill = await stageBill();
    asaas.faults.push({
      kind: "status",
      status: 429,
      headers: { "ratelimit-reset": "7200" },
      method: "POST",
      path: "/customers",
      times: 1,
    });
    expect(await deliver(bill)).toMatchObject({ status: 503, retryAfterS: 7_200 });
    expect(await jobOf(bill)).toMatchObject({ last_error: "PROVIDER_RATE_LIMITED", waits_s: expect.closeTo(7_200, -2) });
  });

  test("leaves nothing of a person in the ledger of effects and in the log", async () => {
    const bill = await stageBill();
    await deliver(bill);
    const kept = JSON.stringify(await effectsOf(bill));
    expect(
      watch.lines().filter(({ event, operation }) => event === "provider.called" && operation === "createCustomer"),
    ).not.toEqual([]);
    for (const text of [kept, watch.text()]) {
      for (const canary of [STUDENT.name, STUDENT.taxId, API_KEY]) expect(text).not.toContain(canary);
    }
  });
});

describe("exactly one customer and one payment", () => {
  test.each(["die-before", "die-after", "lose", "cut"] as const)("whatever request a process is struck at: %s", async (kind) => {
    const { steps } = await deliver(await stageBill());
    expect(steps).toBeGreaterThanOrEqual(6);
    for (let step = 1; step <= steps; step += 1) await survive([{ kind, step }]);
  });

  test("and when its successor is struck as well", { timeout: 120_000 }, async () => {
    const { steps } = await deliver(await stageBill());
    for (let first = 1; first <= steps; first += 1) {
      for (let second = 1; second <= steps + STEPS_OF_LOOKING; second += 1) {
        await survive([
          { kind: "die-after", step: first },
          { kind: "die-after", step: second },
        ]);
      }
    }
  });
});

/** Delivers a new bill to processes that are struck, one after another, and then until it is done. */
async function survive(mishaps: Mishap[]): Promise<void> {
  const story = JSON.stringify(mishaps);
  const bill = await stageBill();
  for (const mishap of mishaps) {
    await deliver(bill, mishap);
    await letTimePass(bill);
  }
  const statuses: unknown[] = [];
  while (statuses.at(-1) !== 200 && statuses.length < 4) {
    statuses.push((await deliver(bill)).status);
    await letTimePass(bill);
  }
  expect(statuses.at(-1), `${story} ${statuses}`).toBe(200);
  expect(await countCustomers(bill), story).toBe(1);
  expect(paymentsOf(bill), story).toHaveLength(1);
  expect(await effectsOf(bill), story).toMatchObject([
    { state: "confirmed" },
    { state: "confirmed", response: { id: paymentsOf(bill)[0]?.id } },
  ]);
  const written = await database.query("select external_id from provider_customers where mentorado_id = $1", [bill.mentoradoId]);
  expect(written, story).toHaveLength(1);
}

/** What a job of this kind does: the customer, the payment, then all that is known about them in one write. */
async function createCharge({ ctx, input }: { ctx: JobContext; input: { installmentId: string } }): Promise<void> {
  const externalReference = input.installmentId;
  const client = createAsaas({
    baseUrl: `${asaas.url}/v3`,
    apiKey: API_KEY,
    account: ctx.mentoradoId,
    cache: kernel.cache,
    log: ctx.log,
    signal: terms.signal(ctx),
  });
  const customer = await runEffect({
    ctx,
    key: "customer",
    find: async () => idOf(await client.findCustomer({ externalReference })),
    call: async () => idOf(await client.createCustomer({ ...STUDENT, externalReference })),
  });
  const payment = await runEffect({
    ctx,
    key: "payment",
    find: async () => idOf(await client.findPayment({ externalReference })),
    call: async () =>
      idOf(
        await client.createPayment({
          customerId: customer.value.id,
          billingType: "pix",
          amountCents: terms.amountCents,
          dueDate: TOMORROW,
          externalReference,
        }),
      ),
  });
  // A row for each finish, so that a second one would show.
  const studentId = ctx.newId();
  await ctx.db.write({
    statements: [
      ctx.db.build.insert(students).values({ mentoradoId: ctx.mentoradoId, id: studentId, name: "Finish" }),
      ctx.db.build.insert(providerCustomers).values({
        mentoradoId: ctx.mentoradoId,
        studentId,
        provider: "asaas",
        externalId: customer.value.id,
      }),
      customer.confirm,
      payment.confirm,
    ],
    answer: sql`null`,
  });
}

function idOf(found: { id: string }): { id: string };
function idOf(found: { id: string } | undefined): { id: string } | undefined;
function idOf(found: { id: string } | undefined): { id: string } | undefined {
  return found === undefined ? undefined : { id: found.id };
}

/** @param like another bill that it is about as well. */
async function stageBill(like?: Bill): Promise<Bill> {
  const { mentoradoId, reference } = like ?? { mentoradoId: crypto.randomUUID(), reference: crypto.randomUUID() };
  const jobId = crypto.randomUUID();
  await database.query(
    `insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
     values ($1, $2, 'finance', 'finance.create-charge', gen_random_uuid()::text, jsonb_build_object('installmentId', $3::text), 12, 'req-1')`,
    [jobId, mentoradoId, reference],
  );
  return { jobId, mentoradoId, reference };
}

/** One delivery of the job's message to a process of its own. */
async function deliver(
  { jobId }: Bill,
  mishap?: Mishap,
): Promise<{ status: number | "died"; retryAfterS: number; steps: number }> {
  const body = JSON.stringify({ jobId });
  const signature = signDelivery({ key: SIGNING_KEY, url: JOB_URL, body: Buffer.from(body), nowMs: Date.now() });
  const request = new Request(JOB_URL, { method: "POST", headers: { "upstash-signature": signature }, body });
  const unexpected = () => Promise.reject(new Error("not this job"));
  const handlers: JobHandlers<"finance"> = {
    ...financeHandlers(unexpected),
    "finance.create-charge": ({ ctx, input }) => ("installmentId" in input ? createCharge({ ctx, input }) : unexpected()),
  };
  const { outcome, steps } = await power.run(() => serveJobs({ request, handlers, kernel, waitUntil: () => undefined }), mishap);
  if (outcome === "died") return { status: "died", retryAfterS: 0, steps };
  return { status: outcome.status, retryAfterS: Number(outcome.headers.get("retry-after") ?? 0), steps };
}

/** An hour, as far as this bill can tell. */
async function letTimePass({ jobId, mentoradoId }: Bill): Promise<void> {
  await database.query(
    `update jobs set run_at = least(run_at, now()), lease_until = lease_until - interval '1 hour' where id = $1 and status in ('pending', 'running')`,
    [jobId],
  );
  await database.query("update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1", [mentoradoId]);
}

function effectsOf({ mentoradoId }: Bill) {
  return database.query("select * from effects where mentorado_id = $1 order by key", [mentoradoId]);
}

async function jobOf({ jobId }: Bill) {
  const [job] = await database.query("select *, extract(epoch from run_at - now())::float8 as waits_s from jobs where id = $1", [
    jobId,
  ]);
  return job;
}

function paymentsOf({ reference }: Bill) {
  return asaas.payments(API_KEY).filter(({ externalReference }) => externalReference === reference);
}

async function countCustomers({ reference }: Bill): Promise<number> {
  const { outcome } = await power.run(async () => {
    const answer = await fetch(`${asaas.url}/v3/customers?externalReference=${reference}`, {
      headers: { access_token: API_KEY, "user-agent": "test" },
    });
    return ((await answer.json()) as { totalCount: number }).totalCount;
  });
  return Number(outcome);
}
