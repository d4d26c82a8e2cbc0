import { setTimeout as wait } from "node:timers/promises";
import { createTRPCClient, httpLink } from "@trpc/client";
import { Client } from "@upstash/qstash";
import type { AppRouter } from "../../functions/edge/app-router.ts";
import { JOBS, LEASE_MARGIN_MS } from "../../shared/jobs/catalog.ts";
import { saoPauloDateTime } from "../local/asaas/sao-paulo-time.ts";
import { DEMO } from "../local/demo.ts";
import { seededRandom } from "../local/qstash/chaos.ts";
import type { Ground } from "./open-ground.ts";
import { type SeededCharge, seedCharges } from "./seed-charges.ts";

const DUPLICATES = 0.3;
const EVENTS_PER_CHARGE = 20;
const DAY_MS = 86_400_000;
const STARTED_AT_MS = Date.UTC(2026, 5, 12, 19, 45);
const CONCURRENCY = 16;
const SEND_PAUSE_MS = 20;
const SEND_DEADLINE_MS = 120_000;
const REST_DEADLINE_MS = 300_000;
const POLL_INTERVAL_MS = 250;
/** The kills, as shares of what is sent. */
const KILLS_AT = [0.25, 0.5, 0.75];
const LEASE_MS = JOBS["finance.process-asaas-event"].timeoutMs + LEASE_MARGIN_MS;

export interface StormEvent {
  id: string;
  type: string;
  charge: SeededCharge;
  /** Of the provider's clock; no two events of a charge share one. */
  second: number;
  /** The payment as the provider shows it then, beside what never changes. */
  payment: Record<string, unknown> & { status: string };
  /** What the charge is called here when this is its latest event. */
  becomes: string;
  /** The ledger lines of which this event is the source: `kind account cents`. */
  books: string[];
}

export interface StormResult {
  events: StormEvent[];
  /** Deliveries that ended in 200, duplicates included. */
  accepted: number;
  /** Answers or broken connections that made the sender come again. */
  retried: number;
  kills: number;
  ackP50Ms: number;
  ackP99Ms: number;
  sendMs: number;
  /** From the first delivery until no job was unfinished. */
  restMs: number;
  /** Jobs whose attempt died with a workerd, so that their lease had to run out. */
  leasesExpired: number;
  /** Events that were processed once more, as a person asks for it. */
  replayed: number;
}

/**
 * Asaas' events of many charges: 30 % twice, in any order, at once, while workerd is killed and restarted three times. Then everything
 * is driven to rest: what a minute would bring (a lease that runs out, the next tick) is brought at once by moving times in the rows.
 * At last the owner has stored events replayed, and rest comes once more.
 *
 * @param events how many different ones.
 * @param replays how many are replayed, at least; the procedure takes a thousand at a time.
 */
export async function playStorm({
  ground,
  events: count,
  replays,
  seed,
}: {
  ground: Ground;
  events: number;
  replays: number;
  seed: number;
}): Promise<StormResult> {
  const random = seededRandom(seed);
  const events = await inventEvents({ ground, count, random });
  const deliveries = shuffle([...events, ...events.filter(() => random() < DUPLICATES)], random);
  const startedAt = performance.now();
  const sent = await sendAll({ ground, deliveries });
  const sendMs = performance.now() - startedAt;
  const lastCrash = sent.crashes.at(-1) ?? "";
  const leasesExpired = await driveToRest({ ground, lastCrash });
  const restMs = performance.now() - startedAt;
  const replayed = await replay({ ground, replays });
  await driveToRest({ ground, lastCrash });
  const acks = sent.ackMs.toSorted((a, b) => a - b);
  return {
    events,
    accepted: acks.length,
    retried: sent.retried,
    kills: sent.crashes.length,
    ackP50Ms: acks[Math.floor(acks.length * 0.5)] ?? 0,
    ackP99Ms: acks[Math.floor(acks.length * 0.99)] ?? 0,
    sendMs,
    restMs,
    leasesExpired,
    replayed,
  };
}

/** Through the front door, as the owner, from the oldest event on. @returns how many were staged. */
async function replay({ ground: { stack, demo, url }, replays }: { ground: Ground; replays: number }): Promise<number> {
  const token = stack.clerk?.mint({ userId: demo.ownerClerkId });
  const links = [httpLink({ url: `${url}/api/trpc`, headers: { authorization: `Bearer ${token}` } })];
  const { financial } = createTRPCClient<AppRouter>({ links });
  const receivedUntil = new Date(Date.now() + DAY_MS).toISOString();
  let staged = 0;
  for (let from: string | null = new Date(Date.now() - DAY_MS).toISOString(); from !== null && staged < replays; ) {
    const page: { staged: number; lastReceivedAt: string | null } = await financial.events.replay.mutate({
      receivedFrom: from,
      receivedUntil,
    });
    staged += page.staged;
    from = page.lastReceivedAt;
  }
  return staged;
}

/** What the rows must be, from the events alone, to the byte: each ledger line with its source and time, and the status of each charge. */
export function expectedBooks(events: readonly StormEvent[]): { ledger: string[]; statuses: string[] } {
  const latest = new Map<string, StormEvent>();
  for (const event of events) {
    const known = latest.get(event.charge.id);
    if (known === undefined || known.second < event.second) latest.set(event.charge.id, event);
  }
  const ledger = events.flatMap(({ id, charge, second, books }) =>
    books.map((line) => `${charge.id} asaas:${id} ${timeOf(second).toISOString()} ${line}`),
  );
  const statuses = [...latest.values()].map(({ charge, becomes }) => `${charge.id} ${becomes}`);
  return { ledger: ledger.sort(), statuses: statuses.sort() };
}

/** The rows as they are, in the same words. */
export async function readBooks({ database }: Ground, events: readonly StormEvent[]): Promise<ReturnType<typeof expectedBooks>> {
  const ids = [...new Set(events.map(({ charge }) => charge.id))];
  const ledger = await database.query<{ line: string }>(
    `select concat_ws(' ', e.charge_id, e.source, to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), e.kind, l.account, l.amount_cents) as line
       from ledger_entries e join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id where e.charge_id = any($1::uuid[])`,
    [ids],
  );
  const statuses = await database.query<{ line: string }>(
    "select id || ' ' || status as line from charges where id = any($1::uuid[])",
    [ids],
  );
  const lines = (rows: { line: string }[]) => rows.map(({ line }) => line).sort();
  return { ledger: lines(ledger.rows), statuses: lines(statuses.rows) };
}

export interface StormCounts {
  stored: number;
  storedOnce: number;
  applied: number;
  appliedOnce: number;
  deadJobs: number;
  unfinishedJobs: number;
  /** Ledger entries whose lines do not sum to zero. */
  unbalanced: number;
}

/** How often each event of the storm is in the inbox and in the history of its charge, and what is left undone. */
export async function countStorm({ database }: Ground, events: readonly StormEvent[]): Promise<StormCounts> {
  const { rows } = await database.query<StormCounts>(
    `with inbox as (select * from webhook_events where event_id = any($1::text[]))
     select count(*)::int as stored, count(distinct event_id)::int as "storedOnce",
       (select count(*)::int from charge_events c join inbox i on i.id = c.event_id) as applied,
       (select count(distinct c.event_id)::int from charge_events c join inbox i on i.id = c.event_id) as "appliedOnce",
       (select count(*)::int from jobs where status = 'dead') as "deadJobs",
       (select count(*)::int from jobs where status in ('pending', 'running')) as "unfinishedJobs",
       (select count(*)::int from (select 1 from ledger_lines group by mentorado_id, entry_id having sum(amount_cents) <> 0) u) as unbalanced
     from inbox`,
    [events.map(({ id }) => id)],
  );
  if (rows[0] === undefined) throw new Error("no counts");
  return rows[0];
}

/** Lives of about twenty events per charge, of all kinds; the last one may be cut off. */
async function inventEvents({
  ground,
  count,
  random,
}: {
  ground: Ground;
  count: number;
  random: () => number;
}): Promise<StormEvent[]> {
  const amountsCents = Array.from({ length: Math.ceil(count / EVENTS_PER_CHARGE) }, () => 1_000 + Math.floor(random() * 500_000));
  const charges = await seedCharges({ ...ground, amountsCents });
  const events: StormEvent[] = [];
  for (let round = 0; events.length < count; round += 1) {
    const charge = charges[round % charges.length];
    if (charge === undefined) throw new Error("no charge");
    const isFirst = round < charges.length;
    const start = isFirst ? 0 : Math.max(...events.filter((event) => event.charge === charge).map(({ second }) => second)) + 1;
    // After its life a charge only gets news that change nothing.
    const life = isFirst ? inventLife({ charge, random }) : [];
    const last = events.findLast((event) => event.charge === charge);
    const steps = life.length > 0 || last === undefined ? life : [{ ...last, type: "PAYMENT_BANK_SLIP_VIEWED", books: [] }];
    for (const [index, step] of steps.entries()) {
      const second = start + index;
      events.push({ ...step, id: `evt_${charge.id}_${second}`, charge, second });
    }
  }
  return events.slice(0, count);
}

type Step = Pick<StormEvent, "type" | "payment" | "becomes" | "books">;

function inventLife({ charge: { amountCents }, random }: { charge: SeededCharge; random: () => number }): Step[] {
  // Every tenth payment arrives without a fee.
  const netCents = random() < 0.1 ? amountCents : amountCents - 199;
  const netValue = netCents / 100;
  const paid = { netValue, paymentDate: "2026-06-12" };
  const steps: Step[] = [];
  const step = (type: string, status: string, becomes: string, fields: object = {}, books: [string, string, number][] = []) =>
    steps.push({
      type: `PAYMENT_${type}`,
      payment: { status, netValue, ...fields },
      becomes,
      books: books.filter(([, , cents]) => cents !== 0).map((line) => line.join(" ")),
    });
  step("CREATED", "PENDING", "pending");
  for (let changes = Math.floor(random() * 8); changes > 0; changes -= 1) step("UPDATED", "PENDING", "pending");
  if (random() < 0.3) {
    step("DELETED", "PENDING", "cancelled", { deleted: true }, [
      ["cancellation", "revenue", amountCents],
      ["cancellation", "receivable", -amountCents],
    ]);
    step("RESTORED", "PENDING", "pending", {}, [
      ["restoration", "receivable", amountCents],
      ["restoration", "revenue", -amountCents],
    ]);
  }
  if (random() < 0.3) step("OVERDUE", "OVERDUE", "overdue");
  if (random() < 0.2) {
    step("RECEIVED", "RECEIVED_IN_CASH", "received", { netValue: amountCents / 100 }, [
      ["receipt", "cash", amountCents],
      ["receipt", "receivable", -amountCents],
    ]);
    step("RECEIVED_IN_CASH_UNDONE", "PENDING", "pending", {}, [
      ["receipt_undone", "cash", -amountCents],
      ["receipt_undone", "receivable", amountCents],
    ]);
  }
  for (let views = Math.floor(random() * 12); views > 0; views -= 1) step("CHECKOUT_VIEWED", "PENDING", "pending");
  step("CONFIRMED", "CONFIRMED", "confirmed");
  if (random() < 0.1) {
    step("REFUNDED", "REFUNDED", "refunded", {}, [
      ["refund", "refunds", amountCents],
      ["refund", "receivable", -amountCents],
    ]);
    return steps;
  }
  step("RECEIVED", "RECEIVED", "received", paid, [
    ["receipt", "cash", netCents],
    ["receipt", "fees", amountCents - netCents],
    ["receipt", "receivable", -amountCents],
  ]);
  const end = random();
  if (end < 0.2) {
    step("REFUNDED", "REFUNDED", "refunded", paid, [
      ["refund", "refunds", amountCents],
      ["refund", "cash", -amountCents],
    ]);
  } else if (end < 0.4) {
    const asked = { ...paid, chargeback: { status: "REQUESTED" } };
    step("CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED", "disputed", asked, [
      ["chargeback", "disputed", amountCents],
      ["chargeback", "cash", -amountCents],
    ]);
    step("CHARGEBACK_DISPUTE", "CHARGEBACK_DISPUTE", "disputed", asked);
    if (end < 0.3)
      step("RECEIVED", "RECEIVED", "received", { ...paid, chargeback: { status: "REVERSED" } }, [
        ["chargeback_won", "cash", amountCents],
        ["chargeback_won", "disputed", -amountCents],
      ]);
    else
      step("REFUNDED", "REFUNDED", "refunded", { ...paid, chargeback: { status: "DONE" } }, [
        ["chargeback_lost", "losses", amountCents],
        ["chargeback_lost", "disputed", -amountCents],
      ]);
  }
  return steps;
}

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [items[index], items[other]] = [items[other] as Item, items[index] as Item];
  }
  return items;
}

async function sendAll({ ground, deliveries }: { ground: Ground; deliveries: readonly StormEvent[] }) {
  const deadline = Date.now() + SEND_DEADLINE_MS + deliveries.length * 50;
  const result = { ackMs: [] as number[], retried: 0, crashes: [] as string[] };
  const kills = KILLS_AT.map((share) => Math.floor(share * deliveries.length));
  let next = 0;
  let crashing: Promise<unknown> = Promise.resolve();
  async function send(): Promise<void> {
    for (let event = deliveries[next++]; event !== undefined; event = deliveries[next++]) {
      if (kills.includes(next)) crashing = crashing.then(async () => void result.crashes.push(await ground.crash()));
      await deliver(event);
    }
  }
  async function deliver(event: StormEvent): Promise<void> {
    for (;;) {
      const startedAt = performance.now();
      const isAccepted = await postEvent(ground.url, event);
      if (isAccepted) return void result.ackMs.push(performance.now() - startedAt);
      result.retried += 1;
      if (Date.now() > deadline) throw new Error(`${event.id} was never accepted`);
      await wait(SEND_PAUSE_MS);
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, send));
  await crashing;
  return result;
}

/** @returns the body of an event as Asaas sends it. */
export function eventBody({
  id,
  type,
  charge,
  second,
  payment,
}: Pick<StormEvent, "id" | "type" | "charge" | "second" | "payment">): string {
  return JSON.stringify({
    id,
    event: type,
    dateCreated: saoPauloDateTime(timeOf(second)),
    payment: {
      object: "payment",
      id: charge.externalId,
      externalReference: charge.id,
      value: charge.amountCents / 100,
      billingType: "PIX",
      deleted: false,
      ...payment,
    },
  });
}

function timeOf(second: number): Date {
  return new Date(STARTED_AT_MS + second * 1_000);
}

export const WEBHOOK_PATH = `/webhooks/asaas/${DEMO.accountRef}`;
export const WEBHOOK_HEADERS = { "content-type": "application/json", "asaas-access-token": DEMO.webhookToken };

async function postEvent(url: string, event: StormEvent): Promise<boolean> {
  try {
    const response = await fetch(`${url}${WEBHOOK_PATH}`, { method: "POST", headers: WEBHOOK_HEADERS, body: eventBody(event) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/**
 * Whenever nothing moves any more, time is moved instead of waited for: leases of attempts that began before the last kill run out (no
 * living attempt loses its own), what waits is due and stale, and the scheduler ticks.
 */
async function driveToRest({
  ground: { database, variables, url },
  lastCrash,
}: {
  ground: Ground;
  lastCrash: string;
}): Promise<number> {
  const client = new Client({
    baseUrl: variables.QSTASH_URL ?? "",
    token: variables.QSTASH_TOKEN ?? "",
    devMode: false,
    enableTelemetry: false,
  });
  let leasesExpired = 0;
  let before = -1;
  for (const deadline = Date.now() + REST_DEADLINE_MS; Date.now() < deadline; await wait(POLL_INTERVAL_MS)) {
    const { rows } = await database.query<{ left: number }>(
      "select count(*)::int as left from jobs where status in ('pending', 'running')",
    );
    const left = rows[0]?.left ?? 0;
    if (left === 0) return leasesExpired;
    const isStill = left === before;
    before = left;
    if (!isStill) continue;
    const expired = await database.query(
      `update jobs set lease_until = now() - interval '1 second'
        where status = 'running' and lease_until >= now() and lease_until < $1::timestamptz + $2 * interval '1 millisecond'`,
      [lastCrash, LEASE_MS],
    );
    leasesExpired += expired.rowCount ?? 0;
    await database.query(
      `update jobs set run_at = least(run_at, now() - interval '2 minutes'), rung_at = now() - interval '2 minutes'
        where status in ('pending', 'running') and (lease_until is null or lease_until < now())`,
    );
    await client.publishJSON({ url: `${url}/jobs/scheduler/tick`, body: {}, retries: 0 });
  }
  throw new Error(`${before} jobs were not finished in time`);
}
