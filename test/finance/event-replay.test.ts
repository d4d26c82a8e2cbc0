import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countRows } from "../db/support/count-rows.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance, storeEvent } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";
import { balancesOf, dateIn, inPanel, moneyOf, type Twin } from "./support/reconciled-books.ts";

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

async function charged(): Promise<Twin> {
  const { id } = await books.finance.financial.charges.create.mutate({
    studentId: books.studentId,
    amountCents: 10_000,
    dueDate: dateIn(0),
    billingType: "pix",
  });
  await books.work();
  await books.hearEvents();
  return { id, externalId: books.paymentOf(id)?.id ?? "" };
}

/** Paid, given back in part, and heard of. */
async function lived(): Promise<Twin> {
  const charge = await charged();
  provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });
  await inPanel(provider, books, "POST", `/payments/${charge.externalId}/refund`, { value: 30 });
  await books.hearEvents();
  return charge;
}

const replay = (input: Parameters<typeof books.finance.financial.events.replay.mutate>[0]) =>
  books.finance.financial.events.replay.mutate(input);
const list = (input: Parameters<typeof books.finance.financial.events.list.query>[0] = {}) =>
  books.finance.financial.events.list.query(input);

/** All that is known of a charge: its row, its history, its ledger with hashes. */
async function everythingOf(chargeId: string) {
  const { query } = platform.database;
  return [
    await query("select * from ledger_entries where charge_id = $1 order by seq", [chargeId]),
    await query("select * from charge_events where charge_id = $1 order by event_id", [chargeId]),
    await query(
      "select status, status_rank, provider_status, net_cents, refunded_cents, received_at from charges where id = $1",
      [chargeId],
    ),
  ];
}

/** Moves events into the past. @returns the ids of those that were. */
async function receivedAt(eventIds: readonly string[], instant: string): Promise<void> {
  await platform.database.query("update webhook_events set received_at = $2 where id = any($1::uuid[])", [eventIds, instant]);
}

async function replayed(): Promise<string[]> {
  const rows = await platform.database.query<{ event_id: string }>(
    "select payload ->> 'eventId' as event_id from jobs where mentorado_id = $1 and dedup_key like '%:replay:%' order by 1",
    [books.mentoradoId],
  );
  return rows.map(({ event_id }) => event_id);
}

describe("a replay", () => {
  test("of each event, one by one and all at once, leaves every row of the charge and of the ledger as it was", async () => {
    const charge = await lived();
    const before = await everythingOf(charge.id);
    const { items } = await list();
    expect(items.map(({ eventType }) => eventType)).toEqual([
      "PAYMENT_PARTIALLY_REFUNDED",
      "PAYMENT_RECEIVED",
      "PAYMENT_CREATED",
    ]);
    for (const { id } of items) {
      expect(await replay({ ids: [id] })).toEqual({ staged: 1, lastReceivedAt: null });
      expect(await books.work()).toEqual([200]);
    }
    expect(await replay({ ids: items.map(({ id }) => id) })).toEqual({ staged: 3, lastReceivedAt: null });
    expect(await books.work()).toEqual([200, 200, 200]);
    expect(await everythingOf(charge.id)).toEqual(before);
    expect(await books.finance.financial.ledger.verify.query()).toMatchObject({ isValid: true });
  });

  test("of an event whose first processing is still to come is processed once", async () => {
    const charge = await charged();
    provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });
    const eventId = await storeEvent(platform, books.mentoradoId, {
      event: "PAYMENT_RECEIVED",
      payment: { ...books.paymentOf(charge.id), id: charge.externalId, status: "RECEIVED" },
    });
    await replay({ ids: [eventId] });
    await replay({ ids: [eventId] });
    const jobs = await platform.database.query<{ id: string }>(
      "select id from jobs where mentorado_id = $1 and status = 'pending'",
      [books.mentoradoId],
    );
    const answers = await Promise.all(jobs.map(({ id }) => platform.ring(id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await balancesOf(platform, charge.id)).toEqual({ cash: 9_801, fees: 199, revenue: -10_000 });
  });

  test("of a span of time takes what came in it: its first instant, not its last", async () => {
    await lived();
    const { items } = await list();
    const [third, second, first] = items.map(({ id }) => id);
    await receivedAt([first ?? ""], "2026-01-01T00:00:00Z");
    await receivedAt([second ?? ""], "2026-01-02T00:00:00Z");
    await receivedAt([third ?? ""], "2026-01-03T00:00:00Z");
    const span = { receivedFrom: "2026-01-01T00:00:00Z", receivedUntil: "2026-01-03T00:00:00Z" };
    expect(await replay(span)).toEqual({ staged: 2, lastReceivedAt: null });
    expect(await replayed()).toEqual([first, second].toSorted());
  });

  test("of a type takes that type alone, and a span without events takes nothing", async () => {
    await lived();
    const { items } = await list({ eventType: "PAYMENT_RECEIVED" });
    const span = { receivedFrom: "2026-01-01T00:00:00Z", receivedUntil: "2099-01-01T00:00:00Z" };
    expect(await replay({ ...span, eventType: "PAYMENT_RECEIVED" })).toMatchObject({ staged: 1 });
    expect(await replayed()).toEqual(items.map(({ id }) => id));
    expect(await replay({ ...span, receivedUntil: "2026-01-02T00:00:00Z" })).toMatchObject({ staged: 0 });
  });

  test("of more than a thousand events says where it stopped, so that the rest is a second call", async () => {
    await platform.database.query(
      `insert into webhook_events (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id, received_at)
       select gen_random_uuid(), 'asaas', 'many', $1::text || n, 'PAYMENT_CHECKOUT_VIEWED', $1::uuid, '\\x7b7d', '\\x00', 'r', '2026-01-01'::timestamptz + n * interval '1 second'
         from generate_series(1, 1100) n`,
      [books.mentoradoId],
    );
    const until = "2026-02-01T00:00:00Z";
    const first = await replay({ receivedFrom: "2026-01-01T00:00:00Z", receivedUntil: until });
    expect(first.staged).toBe(1_000);
    const second = await replay({ receivedFrom: first.lastReceivedAt ?? "", receivedUntil: until });
    expect(second).toEqual({ staged: 101, lastReceivedAt: null });
    expect(new Set(await replayed()).size).toBe(1_100);
  });

  test("that is asked for twice with one key is one", async () => {
    await lived();
    const { items } = await list();
    const client = books.keyed("replay-1");
    const ask = () => client.financial.events.replay.mutate({ ids: items.map(({ id }) => id) });
    expect(await ask()).toEqual(await ask());
    expect(await replayed()).toHaveLength(3);
  });

  test("takes no event of another practice, and is the owner's", async () => {
    await lived();
    const { items } = await list();
    const ids = items.map(({ id }) => id);
    const other = await openAccount(platform, provider);
    expect(await other.finance.financial.events.replay.mutate({ ids })).toMatchObject({ staged: 0 });
    expect((await other.finance.financial.events.list.query()).items).toEqual([]);
    const manager = await books.join("manager");
    await platform.settled();
    const before = await countRows(platform.database);
    await expect(manager.financial.events.replay.mutate({ ids })).rejects.toMatchObject({
      data: { errorCode: "PERMISSION_REQUIRED" },
    });
    expect(await countRows(platform.database)).toEqual(before);
  });

  test.each([
    {},
    { receivedFrom: "2026-01-01T00:00:00Z" },
    { receivedFrom: "2026-01-02T00:00:00Z", receivedUntil: "2026-01-01T00:00:00Z" },
    { eventType: "PAYMENT_RECEIVED" },
    { ids: [] },
  ])("of %j, which names nothing, is refused", async (input) => {
    await expect(replay(input)).rejects.toMatchObject({ data: { code: "BAD_REQUEST" } });
  });
});

describe("the list of events", () => {
  test("shows one of a new type with what became of it, and its replay too", async () => {
    const charge = await charged();
    const money = await moneyOf(platform, [charge.id]);
    const body = {
      event: "PAYMENT_TELEPORTED",
      payment: { ...books.paymentOf(charge.id), id: charge.externalId, status: "SOMEWHERE_ELSE" },
    };
    const eventId = await storeEvent(platform, books.mentoradoId, body);
    const find = async () => (await list({ eventType: "PAYMENT_TELEPORTED" })).items;
    expect(await find()).toMatchObject([{ id: eventId, work: null }]);
    await replay({ ids: [eventId] });
    expect(await find()).toMatchObject([{ id: eventId, work: { status: "waiting", attempts: 0, lastError: null } }]);
    expect(await books.work()).toEqual([200]);
    expect(await find()).toMatchObject([{ id: eventId, work: { status: "processed", attempts: 1 } }]);
    expect(await moneyOf(platform, [charge.id])).toEqual(money);
    expect((await books.finance.financial.charges.getById.query({ id: charge.id })).status).toBe("pending");
    expect(platform.logs()).toContainEqual(
      expect.objectContaining({ level: "error", event: "asaas.unknown_status", externalId: charge.externalId }),
    );
  });

  test("shows one that cannot be read as dead, with the reason, until it can", async () => {
    const eventId = await storeEvent(platform, books.mentoradoId, "{");
    await replay({ ids: [eventId] });
    expect(await books.work()).toEqual([489]);
    const dead = await list({ status: "dead" });
    expect(dead.items).toMatchObject([{ id: eventId, work: { status: "dead", lastError: "EVENT_UNREADABLE", attempts: 1 } }]);
    expect((await list({ status: "processed" })).items).toEqual([]);
  });

  test("finds the events of one payment, page by page, newest first", async () => {
    const [charge, other] = [await lived(), await lived()];
    const mine = await list({ paymentId: charge.externalId });
    expect(mine.items.map(({ eventType }) => eventType)).toEqual([
      "PAYMENT_PARTIALLY_REFUNDED",
      "PAYMENT_RECEIVED",
      "PAYMENT_CREATED",
    ]);
    expect((await list({ paymentId: other.externalId })).items).toHaveLength(3);
    const first = await list({ limit: 4 });
    const rest = await list({ limit: 4, cursor: first.nextCursor ?? "" });
    const ids = [...first.items, ...rest.items].map(({ id }) => id);
    expect(ids).toHaveLength(6);
    expect(ids).toEqual([...new Set(ids)].toSorted().toReversed());
  });
});
