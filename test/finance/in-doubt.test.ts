import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import type { Fault } from "../local/http-server.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance, stageEvent, storeEvent } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";
import { balancesOf, dateIn, inPanel, requestsOf, type Twin } from "./support/reconciled-books.ts";

const ATTEMPTS = 12;
const SECOND = "2026-11-21 10:00:00";

let platform: Platform;
let provider: Provider;
let books: AccountBooks;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startProvider()]);
  platform.qstash.chaos.drop = 1;
  mountFinance(platform, { ASAAS_API_URL: `${provider.asaas.url}/v3` });
});
afterAll(async () => {
  await platform.close();
  await provider.close();
});
beforeEach(async () => {
  provider.asaas.faults.length = 0;
  books = await openAccount(platform, provider);
});

/** A charge of which nothing has been heard yet. */
async function charged(): Promise<Twin> {
  const { id } = await books.finance.financial.charges.create.mutate({
    studentId: books.studentId,
    amountCents: 10_000,
    dueDate: dateIn(0),
    billingType: "pix",
  });
  await books.work();
  return { id, externalId: books.paymentOf(id)?.id ?? "" };
}

function atProvider({ externalId }: Twin): Payment {
  const payment = provider.asaas.payments(books.apiKey).find(({ id }) => id === externalId);
  if (payment === undefined) throw new Error("no such payment");
  return payment;
}

type Told = [event: string, change?: Partial<Omit<Payment, "chargeback">> & { chargeback?: object }];

/** An event of that second, with the payment as it then was. @returns its job. */
async function hear(charge: Twin, [event, change]: Told): Promise<string> {
  const payment = { ...atProvider(charge), status: "PENDING" as const, deleted: false, ...change };
  const eventId = await storeEvent(platform, books.mentoradoId, { event, dateCreated: SECOND, payment });
  return stageEvent(platform, books.mentoradoId, eventId);
}

async function tell(charge: Twin, told: Told): Promise<number> {
  return (await platform.ring(await hear(charge, told))).status;
}

const DELETED: Told = ["PAYMENT_DELETED", { deleted: true }];
const RESTORED: Told = ["PAYMENT_RESTORED"];
const RECEIVED: Told = ["PAYMENT_RECEIVED", { status: "RECEIVED", paymentDate: "2026-11-21" }];
const DISPUTED: Told = [
  "PAYMENT_CHARGEBACK_REQUESTED",
  { status: "CHARGEBACK_REQUESTED", paymentDate: "2026-11-21", chargeback: { status: "REQUESTED" } },
];
const WON: Told = ["PAYMENT_RECEIVED", { status: "RECEIVED", paymentDate: "2026-11-21", chargeback: { status: "REVERSED" } }];

const read = (id: string) => books.finance.financial.charges.getById.query({ id });
const OWED = { receivable: 10_000, revenue: -10_000 };
const PAID = { cash: 9_801, fees: 199, revenue: -10_000 };

describe("two events of one second that lead to each other's opposite", () => {
  test.each<[what: string, first: Told, second: Told, truth: Partial<Payment>, status: string, money: object]>([
    ["a removal and a restoration, restored", DELETED, RESTORED, {}, "pending", OWED],
    ["a restoration and a removal, restored", RESTORED, DELETED, {}, "pending", OWED],
    ["a removal and a restoration, removed again", DELETED, RESTORED, { deleted: true }, "cancelled", OWED],
    ["a dispute and its end, won", DISPUTED, WON, { status: "RECEIVED", paymentDate: "2026-11-21" }, "received", { disputed: 0 }],
    [
      "the end of a dispute and the dispute, won",
      WON,
      DISPUTED,
      { status: "RECEIVED", paymentDate: "2026-11-21" },
      "received",
      {},
    ],
  ])("(%s) are settled by the provider", async (_, first, second, truth, status, money) => {
    const charge = await charged();
    Object.assign(atProvider(charge), truth);
    const requests = requestsOf(platform, books);
    expect(await tell(charge, first)).toBe(200);
    expect(requestsOf(platform, books)).toBe(requests);
    expect(await tell(charge, second)).toBe(200);
    expect(requestsOf(platform, books)).toBe(requests + 1);
    expect(await read(charge.id)).toMatchObject({ status });
    if ("receivable" in money) expect(await balancesOf(platform, charge.id)).toEqual(money);
    else expect(await balancesOf(platform, charge.id)).not.toHaveProperty("disputed");
  });

  test("ask nobody when the ladder tells which is the later one, nor does a step down that no event makes", async () => {
    const charge = await charged();
    const requests = requestsOf(platform, books);
    await tell(charge, RECEIVED);
    await tell(charge, ["PAYMENT_CONFIRMED", { status: "CONFIRMED" }]);
    await tell(charge, ["PAYMENT_UPDATED", { status: "PENDING" }]);
    expect(requestsOf(platform, books)).toBe(requests);
    expect(await read(charge.id)).toMatchObject({ status: "received" });
    expect(await balancesOf(platform, charge.id)).toEqual(PAID);
  });

  test("are settled by what the provider shows then, though it is neither of both", async () => {
    const charge = await charged();
    await inPanel(provider, books, "POST", `/payments/${charge.externalId}/receiveInCash`, {
      paymentDate: dateIn(0),
      value: 100,
    });
    await tell(charge, DELETED);
    await tell(charge, RESTORED);
    expect(await read(charge.id)).toMatchObject({ status: "received" });
  });
});

describe("while the provider does not tell", () => {
  const OUTAGES: [what: string, fault: Partial<Fault>][] = [
    ["answers 501", { kind: "status", status: 501 }],
    ["answers no JSON", { kind: "garbage" }],
    ["answers 429 for an hour", { kind: "status", status: 429, headers: { "ratelimit-reset": "3600" } }],
  ];

  test.each(OUTAGES)("(%s) the event waits, is seen to wait, and is done when the provider is back", async (_, fault) => {
    const charge = await charged();
    await tell(charge, DELETED);
    provider.asaas.faults.push({ kind: "status", ...fault, method: "GET", path: `/payments/${charge.externalId}`, times: 1 });
    const job = await hear(charge, RESTORED);
    await platform.database.query("update jobs set dedup_key = 'webhook:' || (payload ->> 'eventId') where id = $1", [job]);
    expect((await platform.ring(job)).status).toBe(503);
    expect((await read(charge.id)).status).toBe("cancelled");
    const waiting = await books.finance.financial.events.list.query({ status: "waiting" });
    expect(waiting.items).toMatchObject([
      { eventType: "PAYMENT_RESTORED", work: { status: "waiting", attempts: 1, lastError: expect.stringMatching(/^PROVIDER_/) } },
    ]);
    await books.letTimePass();
    expect((await platform.ring(job)).status).toBe(200);
    expect(await read(charge.id)).toMatchObject({ status: "pending" });
    expect(await balancesOf(platform, charge.id)).toEqual(OWED);
    expect((await books.finance.financial.events.list.query({ status: "waiting" })).items).toEqual([]);
  });

  test("for longer than a job's patience, the event is dead, an alarm, and done by a replay", async () => {
    const charge = await charged();
    await tell(charge, DELETED);
    provider.asaas.faults.push({ kind: "status", status: 501, method: "GET", path: `/payments/${charge.externalId}` });
    const job = await hear(charge, RESTORED);
    await platform.database.query("update jobs set dedup_key = 'webhook:' || (payload ->> 'eventId') where id = $1", [job]);
    const statuses: number[] = [];
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await books.letTimePass();
      statuses.push((await platform.ring(job)).status);
    }
    expect(statuses).toEqual([...Array<number>(ATTEMPTS - 1).fill(503), 489]);
    const { items } = await books.finance.financial.events.list.query({ status: "dead" });
    expect(items).toMatchObject([{ work: { status: "dead", attempts: ATTEMPTS, lastError: "PROVIDER_UNAVAILABLE" } }]);
    expect((await books.finance.financial.account.status.query()).problems).toContain("events_dead");
    provider.asaas.faults.length = 0;
    await books.letTimePass();
    await books.finance.financial.events.replay.mutate({ ids: items.map(({ id }) => id) });
    expect(await books.work()).toEqual([200]);
    expect(await read(charge.id)).toMatchObject({ status: "pending" });
    expect((await books.finance.financial.events.list.query({ status: "dead" })).items).toEqual([]);
    expect((await books.finance.financial.account.status.query()).problems).not.toContain("events_dead");
  });

  test("because it knows no such payment, the event is dead at once and seen to be", async () => {
    const charge = await charged();
    const job = await hear(charge, RESTORED);
    await tell(charge, DELETED);
    await platform.database.query("update jobs set dedup_key = 'webhook:' || (payload ->> 'eventId') where id = $1", [job]);
    provider.asaas.payments(books.apiKey).length = 0;
    expect((await platform.ring(job)).status).toBe(489);
    const { items } = await books.finance.financial.events.list.query({ status: "dead" });
    expect(items).toMatchObject([{ work: { lastError: "PROVIDER_REFUSED" } }]);
    expect((await read(charge.id)).status).toBe("cancelled");
  });
});

test("what the provider told is asked for again when another event was applied meanwhile", async () => {
  const charge = await charged();
  await tell(charge, DELETED);
  const owner = new pg.Client({ connectionString: platform.database.databaseUrl });
  await owner.connect();
  const release = provider.asaas.holdGets();
  // Strikes nobody, and is gone when the payment is asked for.
  provider.asaas.faults.push({ kind: "delay", delayMs: 0, method: "GET", path: charge.externalId, times: 1 });
  try {
    const job = await hear(charge, RESTORED);
    const answer = platform.ring(job);
    await expect.poll(() => provider.asaas.faults, { timeout: 5_000 }).toEqual([]);
    await owner.query("begin");
    await owner.query("select set_config('app.actor_type', 'system', true), version from charges where id = $1 for update", [
      charge.id,
    ]);
    release();
    await expect
      .poll(
        () =>
          platform.database
            .query("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
            .then((rows) => rows.length),
        { timeout: 10_000 },
      )
      .toBe(1);
    await owner.query("update charges set version = version + 1, status = 'received' where id = $1", [charge.id]);
    await owner.query("commit");
    expect((await answer).status).toBe(503);
    expect((await read(charge.id)).status).toBe("received");
  } finally {
    release();
    await owner.end();
  }
  await books.letTimePass();
  expect(await books.work()).toEqual([200]);
  expect(await read(charge.id)).toMatchObject({ status: "pending" });
});
