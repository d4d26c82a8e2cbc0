import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPractice } from "../crm/support/open-practice.ts";
import { openBooks } from "../finance/support/open-books.ts";
import { type CrashPoint, crashPoints, distinctPoints, invoke } from "./support/crash.ts";
import { type Delivery, type Faults, openWorld, type World } from "./support/world.ts";

const AT_ONCE = 6;
const AMOUNT_CENTS = 10_000;
const MANY_SCENARIOS_TIMEOUT_MS = 120_000;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** What the history of one scenario came to; everything but the totals must be zero. */
interface Verdict {
  lost: number;
  doubled: number;
  unfinished: number;
  dead: number;
  unbalanced: number;
}
const CLEAN: Verdict = { lost: 0, doubled: 0, unfinished: 0, dead: 0, unbalanced: 0 };

/** Runs every scenario, several at once, and adds their verdicts up. */
async function judge(scenarios: (() => Promise<Verdict>)[]): Promise<Verdict> {
  const total = { ...CLEAN };
  const queue = [...scenarios];
  const work = async () => {
    for (let scenario = queue.shift(); scenario !== undefined; scenario = queue.shift()) {
      const verdict = await scenario();
      for (const name of Object.keys(total) as (keyof Verdict)[]) total[name] += verdict[name];
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return total;
}

/** The final read: how often each effect that must exist once exists, and what is left of the work. */
async function readVerdict(mentoradoId: string, counts: number[]): Promise<Verdict> {
  const { query } = world.platform.database;
  const [row] = await query<{ unfinished: number; dead: number; balance: number }>(
    `select count(*) filter (where status in ('pending', 'running'))::integer as unfinished,
            count(*) filter (where status = 'dead')::integer as dead,
            (select coalesce(sum(amount_cents), 0)::integer from ledger_lines where mentorado_id = $1) as balance
       from jobs where mentorado_id = $1`,
    [mentoradoId],
  );
  return {
    lost: counts.filter((count) => count === 0).length,
    doubled: counts.filter((count) => count > 1).length,
    unfinished: row?.unfinished ?? 1,
    dead: row?.dead ?? 1,
    unbalanced: row?.balance === 0 ? 0 : 1,
  };
}

async function count(sql: string, parameters: unknown[]): Promise<number> {
  const [row] = await world.platform.database.query<{ count: number }>(`select count(*)::integer as count ${sql}`, parameters);
  return row?.count ?? 0;
}

/** Sends until it is answered 200, as Asaas does; each attempt takes the next faults. */
async function sendUntilTaken(delivery: Delivery, faults: Faults[]): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await world.deliver(delivery, faults.shift());
    if (answer.outcome === "answered" && answer.value === 200) return;
  }
  throw new Error("The event was never taken");
}

const EVENTS = ["CREATED", "CONFIRMED", "RECEIVED"] as const;
type EventName = (typeof EVENTS)[number];
const STATUS: Record<EventName, string> = { CREATED: "PENDING", CONFIRMED: "CONFIRMED", RECEIVED: "RECEIVED" };

interface PaymentScenario {
  order?: readonly EventName[];
  /** Taken by the deliveries of the webhook, in order. */
  webhookFaults?: Faults[];
  /** Taken by the deliveries of the jobs, in order. */
  jobFaults?: Faults[];
  /** Each delivery and each ring happens twice at the same time. */
  isDuplicated?: boolean;
}

/** Events of one payment, from the provider to the ledger. */
async function payCharge({
  order = EVENTS,
  webhookFaults = [],
  jobFaults = [],
  isDuplicated = false,
}: PaymentScenario): Promise<Verdict> {
  const books = await openBooks(world.platform);
  const { mentoradoId } = books;
  const [account, charge] = [await world.openAccount(mentoradoId), await books.bill({ amountCents: AMOUNT_CENTS })];
  for (const name of order) {
    const payment = { id: charge.externalId, status: STATUS[name], externalReference: charge.id, netValue: 98.01 };
    const dateCreated = `2026-11-21 12:00:0${EVENTS.indexOf(name)}`;
    const body = JSON.stringify({ id: `evt_${charge.id}&${name}`, event: `PAYMENT_${name}`, dateCreated, payment });
    if (isDuplicated) await Promise.all([world.deliver({ ...account, body }), world.deliver({ ...account, body })]);
    await sendUntilTaken({ ...account, body }, webhookFaults);
  }
  if (isDuplicated) {
    const jobs = await world.unfinished(mentoradoId);
    await Promise.all(jobs.flatMap((job) => [world.ring(job), world.ring(job)]));
  }
  await world.rest(mentoradoId, jobFaults);
  const [state] = await world.platform.database.query<{ status: string }>("select status from charges where id = $1", [
    charge.id,
  ]);
  return readVerdict(mentoradoId, [
    await count("from ledger_entries where charge_id = $1 and kind = 'receipt'", [charge.id]),
    ...(await Promise.all(order.map((name) => count("from webhook_events where event_id = $1", [`evt_${charge.id}&${name}`])))),
    ...(await Promise.all(
      order.map((name) => count("from charge_events where charge_id = $1 and event_type = $2", [charge.id, `PAYMENT_${name}`])),
    )),
    state?.status === "received" ? 1 : 0,
  ]);
}

/** A lead is won and its instalment billed at Asaas. */
async function billLead({
  jobFaults = [],
  isDuplicated = false,
}: {
  jobFaults?: Faults[];
  isDuplicated?: boolean;
}): Promise<Verdict> {
  const practice = await openPractice(world.platform);
  const { mentoradoId } = practice;
  const { apiKey } = await world.openAccount(mentoradoId);
  const { crm } = await practice.join("owner");
  const { id } = await crm.leads.create.mutate({ name: "Ana Prado", email: "ana@example.com" });
  const { studentId } = await crm.leads.convert.mutate({
    id,
    offeringId: practice.offeringId,
    taxId: "529.982.247-25",
    totalCents: AMOUNT_CENTS,
    firstDueDate: "2027-01-31",
    billingType: "pix",
  });
  if (isDuplicated) {
    const jobs = await world.unfinished(mentoradoId);
    await Promise.all(jobs.flatMap((job) => [world.ring(job), world.ring(job), world.ring(job)]));
  }
  await world.rest(mentoradoId, jobFaults);
  const customers = (await listAtAsaas(apiKey, "customers")).filter((customer) => customer.externalReference === studentId);
  return readVerdict(mentoradoId, [
    customers.length,
    (await listAtAsaas(apiKey, "payments")).length,
    await count("from charges where mentorado_id = $1 and status = 'pending' and pix_payload is not null", [mentoradoId]),
    await count("from ledger_entries where mentorado_id = $1 and kind = 'charge'", [mentoradoId]),
    await count("from provider_customers where mentorado_id = $1", [mentoradoId]),
  ]);
}

async function listAtAsaas(apiKey: string, what: string): Promise<{ externalReference: string }[]> {
  const response = await fetch(`${world.asaas.url}/v3/${what}?limit=100`, {
    headers: { access_token: apiKey, "user-agent": "test" },
  });
  return ((await response.json()) as { data: { externalReference: string }[] }).data;
}

/** A schedule fires and a reminder is left. The operator's fire stands for the tick: it takes the same statement. */
async function remind({ fireFaults = [], jobFaults = [] }: { fireFaults?: Faults[]; jobFaults?: Faults[] }): Promise<Verdict> {
  const books = await openBooks(world.platform);
  const charge = await books.bill({ dueDate: "2027-01-31" });
  const at = "2027-01-28T15:00:00Z";
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const fired = await world.fire("finance.remind-due-charges", at, fireFaults.shift());
    if (fired.outcome === "answered") break;
  }
  await world.fire("finance.remind-due-charges", at);
  await world.rest(books.mentoradoId, jobFaults);
  return readVerdict(books.mentoradoId, [
    await count("from payment_reminders where charge_id = $1", [charge.id]),
    await count("from schedule_slots where mentorado_id = $1", [books.mentoradoId]),
  ]);
}

const at = (crash: CrashPoint): Faults => ({ crash });
/** The steps of each invocation, counted on runs without a fault. */
const STEPS = { webhook: 3, event: 3, bill: 12, fire: 2, reminder: 2 };

test("the steps of every flow are counted, so that no step is left out of what follows", async () => {
  const books = await openBooks(world.platform);
  const [account, charge] = [await world.openAccount(books.mentoradoId), await books.bill()];
  const payment = { id: charge.externalId, status: "RECEIVED", externalReference: charge.id, netValue: 98.01 };
  const webhook = await world.deliver({
    ...account,
    body: JSON.stringify({ id: "evt_1&1", event: "PAYMENT_RECEIVED", payment }),
  });
  const [job = ""] = await world.unfinished(books.mentoradoId);
  const event = await world.ring(job);

  const practice = await openPractice(world.platform);
  await world.openAccount(practice.mentoradoId);
  const { crm } = await practice.join("owner");
  const { id } = await crm.leads.create.mutate({ name: "Ana Prado" });
  await crm.leads.convert.mutate({
    id,
    offeringId: practice.offeringId,
    taxId: "529.982.247-25",
    totalCents: AMOUNT_CENTS,
    firstDueDate: "2027-01-31",
    billingType: "pix",
  });
  const [billing = ""] = await world.unfinished(practice.mentoradoId);
  const bill = await world.ring(billing);

  const reminded = await openBooks(world.platform);
  await reminded.bill({ dueDate: "2027-02-28" });
  const fire = await world.fire("finance.remind-due-charges", "2027-02-25T15:00:00Z");
  const [slotJob = ""] = await world.unfinished(reminded.mentoradoId);
  const reminder = await world.ring(slotJob);
  expect({ webhook: webhook.steps, event: event.steps, bill: bill.steps, fire: fire.steps, reminder: reminder.steps }).toEqual(
    STEPS,
  );
});

test("webhook and job die before and after each of their steps: 0 lost, 0 doubled", async () => {
  const scenarios = [
    ...crashPoints(STEPS.webhook).flatMap((point) =>
      [0, 1, 2].map((skip) => () => payCharge({ webhookFaults: [...idle(skip), at(point)] })),
    ),
    ...crashPoints(STEPS.event).flatMap((point) =>
      [0, 1, 2].map((skip) => () => payCharge({ jobFaults: [...idle(skip), at(point)] })),
    ),
  ];
  expect(scenarios).toHaveLength(36);
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test("webhook and job die twice, at every pair of steps: 0 lost, 0 doubled", async () => {
  const [webhook, event] = [distinctPoints(STEPS.webhook), distinctPoints(STEPS.event)];
  const scenarios = [
    ...pairs(webhook, webhook).map(
      ([one, two]) =>
        () =>
          payCharge({ order: ["RECEIVED"], webhookFaults: [at(one), at(two)] }),
    ),
    ...pairs(webhook, event).map(
      ([one, two]) =>
        () =>
          payCharge({ order: ["RECEIVED"], webhookFaults: [at(one)], jobFaults: [at(two)] }),
    ),
    ...pairs(event, event).map(
      ([one, two]) =>
        () =>
          payCharge({ order: ["RECEIVED"], jobFaults: [at(one), at(two)] }),
    ),
  ];
  expect(scenarios).toHaveLength(48);
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test("events in every order, delivered twice at once and rung twice at once: 0 lost, 0 doubled", async () => {
  const orders: EventName[][] = [
    ["CREATED", "CONFIRMED", "RECEIVED"],
    ["CREATED", "RECEIVED", "CONFIRMED"],
    ["CONFIRMED", "CREATED", "RECEIVED"],
    ["CONFIRMED", "RECEIVED", "CREATED"],
    ["RECEIVED", "CREATED", "CONFIRMED"],
    ["RECEIVED", "CONFIRMED", "CREATED"],
  ];
  const scenarios = orders.flatMap((order) => [
    () => payCharge({ order }),
    () => payCharge({ order, isDuplicated: true }),
    ...crashPoints(STEPS.event).map((point) => () => payCharge({ order, isDuplicated: true, jobFaults: [at(point)] })),
  ]);
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test("the job that bills at Asaas dies before and after each of its steps: one customer, one payment, one debt", async () => {
  const scenarios = crashPoints(STEPS.bill).map((point) => () => billLead({ jobFaults: [at(point)] }));
  expect(scenarios).toHaveLength(2 * STEPS.bill);
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test(
  "it dies twice, at every pair of steps: one customer, one payment, one debt",
  async () => {
    const points = distinctPoints(STEPS.bill);
    const scenarios = pairs(points, points).map(
      ([one, two]) =>
        () =>
          billLead({ jobFaults: [at(one), at(two)] }),
    );
    expect(scenarios).toHaveLength((STEPS.bill + 1) ** 2);
    expect(await judge(scenarios)).toEqual(CLEAN);
  },
  MANY_SCENARIOS_TIMEOUT_MS,
);

test("three deliveries of the billing job at once: one customer, one payment, one debt", async () => {
  expect(await judge(Array.from({ length: 10 }, () => () => billLead({ isDuplicated: true })))).toEqual(CLEAN);
});

test("fire and job of a schedule die before and after each step, and at every pair: one slot, one reminder", async () => {
  const [fire, reminder] = [crashPoints(STEPS.fire), crashPoints(STEPS.reminder)];
  const scenarios = [
    ...fire.map((point) => () => remind({ fireFaults: [at(point)] })),
    ...reminder.map((point) => () => remind({ jobFaults: [at(point)] })),
    ...pairs(fire, fire).map(
      ([one, two]) =>
        () =>
          remind({ fireFaults: [at(one), at(two)] }),
    ),
    ...pairs(fire, reminder).map(
      ([one, two]) =>
        () =>
          remind({ fireFaults: [at(one)], jobFaults: [at(two)] }),
    ),
    ...pairs(reminder, reminder).map(
      ([one, two]) =>
        () =>
          remind({ jobFaults: [at(one), at(two)] }),
    ),
  ];
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test("QStash, Redis or Asaas refuse everything for a while, or the database any one request: 0 lost, 0 doubled", async () => {
  const { env } = world.platform;
  const refusing = (base: string | undefined): Faults => ({ refuse: (url) => base !== undefined && url.startsWith(base) });
  const outages = [env.QSTASH_URL, env.UPSTASH_REDIS_REST_URL, env.NEON_FETCH_ENDPOINT].map(refusing);
  const asaasDown = refusing(world.asaas.url);
  const redisDown = refusing(env.UPSTASH_REDIS_REST_URL);
  const scenarios = [
    ...outages.map((outage) => () => payCharge({ webhookFaults: [outage, outage], jobFaults: [outage, outage] })),
    ...outages.map((outage) => () => remind({ fireFaults: [outage], jobFaults: [outage] })),
    ...[...outages, asaasDown].map((outage) => () => billLead({ jobFaults: [outage, outage] })),
    // Without Redis there is no circuit breaker, and everything is done all the same.
    ...crashPoints(9).map((crash) => () => billLead({ jobFaults: [{ ...redisDown, crash }, redisDown, redisDown] })),
  ];
  expect(await judge(scenarios)).toEqual(CLEAN);
});

test("the same deaths do lose and double with the two popular recipes, so the injector bites", async () => {
  const { connection, cache } = world.platform.kernel("naive");
  await world.platform.database.query("create table naive_effects (event text)");
  await world.platform.database.query("create table naive_events (event text primary key)");
  const effect = (event: string) => connection.call(sql`insert into naive_effects values (${event})`);

  async function checkThenWork(event: string): Promise<void> {
    const known = await connection.call(sql`select 1 from naive_events where event = ${event}`);
    if (known.length > 0) return;
    await effect(event);
    await connection.call(sql`insert into naive_events values (${event})`);
  }
  async function flagThenWork(event: string): Promise<void> {
    const won = await cache.eval("return redis.call('SET', KEYS[1], '1', 'NX') and 1 or 0", [event], []);
    if (won === 1) await effect(event);
  }
  async function effectsOf(recipe: (event: string) => Promise<void>, steps: number): Promise<number[]> {
    const counts: number[] = [];
    for (const [index, crash] of crashPoints(steps).entries()) {
      const event = `${recipe.name}-${index}`;
      for (const faults of [{ crash }, {}]) await invoke(() => recipe(event), faults);
      counts.push(await count("from naive_effects where event = $1", [event]));
    }
    return counts;
  }
  expect(Math.max(...(await effectsOf(checkThenWork, 3)))).toBe(2);
  expect(Math.min(...(await effectsOf(flagThenWork, 2)))).toBe(0);
});

function idle(invocations: number): Faults[] {
  return Array.from({ length: invocations }, () => ({}));
}

function pairs<One, Two>(ones: One[], twos: Two[]): [One, Two][] {
  return ones.flatMap((one) => twos.map((two): [One, Two] => [one, two]));
}
