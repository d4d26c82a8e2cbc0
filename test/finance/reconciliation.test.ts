import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import type { Payment } from "../local/asaas/wire.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";
import {
  balancesOf,
  dateIn,
  inPanel,
  madeByHand,
  makeTwins,
  moneyOf,
  reconcile,
  requestsOf,
  stageRun,
  type Twin,
} from "./support/reconciled-books.ts";

const HOUR_MS = 3_600_000;
const CHARGEBACK_EVENTS = ["PAYMENT_CHARGEBACK_REQUESTED", "PAYMENT_CHARGEBACK_DISPUTE", "PAYMENT_AWAITING_CHARGEBACK_REVERSAL"];

let platform: Platform;
let provider: Provider;
let books: AccountBooks;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startProvider(CHARGEBACK_EVENTS)]);
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

/** A charge that both sides have, by the way that every charge goes. */
async function charged(change: object = {}): Promise<Twin> {
  const terms = { studentId: books.studentId, amountCents: 10_000, dueDate: dateIn(0), billingType: "pix" as const, ...change };
  const { id } = await books.finance.financial.charges.create.mutate(terms);
  await books.work();
  await books.hearEvents();
  return { id, externalId: books.paymentOf(id)?.id ?? "" };
}

/** A payment of the account to make others like it; nobody's, and gone from the provider's list. */
async function pattern(): Promise<Payment> {
  const payment = await madeByHand(provider, books);
  const [made] = provider.asaas.payments(books.apiKey).splice(0);
  return { ...(made ?? payment) };
}

const read = (id: string) => books.finance.financial.charges.getById.query({ id });
const conflicts = async () => (await books.finance.financial.conflicts.list.query()).items;
const payIt = (charge: Twin) => provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });

async function runOf(kind: "recent" | "full" = "recent") {
  const { runs } = await books.finance.financial.reconciliation.status.query();
  return runs.find((run) => run.kind === kind);
}

function atProvider({ externalId }: Twin): Payment {
  const payment = provider.asaas.payments(books.apiKey).find(({ id }) => id === externalId);
  if (payment === undefined) throw new Error("no such payment");
  return payment;
}

async function waitingRun() {
  const [job] = await platform.database.query<{ id: string; run_at: Date; payload: { position: { offset: number | null } } }>(
    "select id, run_at, payload from jobs where mentorado_id = $1 and name like 'finance.reconcile-%' and status = 'pending'",
    [books.mentoradoId],
  );
  return job;
}

describe("a run", () => {
  test("comes every half hour, and every night with 45 days to either side", () => {
    const find = (name: string) => SCHEDULES.find(({ job }) => job === name);
    expect(find("finance.reconcile-recent")).toMatchObject({ scope: "mentorado", every: "30 minutes" });
    expect(find("finance.reconcile-full")).toMatchObject({ scope: "mentorado", dailyAt: "02:30" });
  });

  test("that finds nothing changes nothing, costs one request, and moves its watermark to the day on which it began", async () => {
    const charge = await charged();
    payIt(charge);
    await books.hearEvents();
    const before = [await read(charge.id), await moneyOf(platform, [charge.id])];
    const requests = requestsOf(platform, books);
    expect(await reconcile(platform, books)).toEqual([200]);
    expect(requestsOf(platform, books)).toBe(requests + 1);
    expect([await read(charge.id), await moneyOf(platform, [charge.id])]).toEqual(before);
    expect(await conflicts()).toEqual([]);
    expect(await runOf()).toMatchObject({
      watermark: dateIn(0),
      isUnderWay: false,
      finishedAt: expect.any(String),
      compared: 1,
      repaired: 0,
      conflicts: 0,
    });
  });

  test("asks nothing for a practice without an account", async () => {
    const bare = await openAccount(platform, provider, { withAccount: false });
    expect(await reconcile(platform, bare)).toEqual([200]);
    expect(requestsOf(platform, bare)).toBe(0);
  });

  test("that a person starts is one, however often it is asked for at once", async () => {
    await Promise.all([1, 2, 3].map(() => books.finance.financial.reconciliation.start.mutate({ kind: "full" })));
    expect((await books.work()).filter((status) => status !== 200)).toEqual([]);
    const jobs = await platform.database.query("select 1 from jobs where mentorado_id = $1 and dedup_key like '%:asked:%'", [
      books.mentoradoId,
    ]);
    expect(jobs.length).toBeLessThanOrEqual(2);
    expect(await runOf("full")).toMatchObject({ watermark: dateIn(0), isUnderWay: false });
  });
});

describe("what no event has told", () => {
  /** What happens to a charge, in steps after each of which the provider announces something. */
  const LIVES: [what: string, live: (charge: Twin) => Promise<unknown>][] = [
    ["is paid", async (charge) => payIt(charge)],
    [
      "is overdue and paid then",
      async (charge) => {
        await inPanel(provider, books, "POST", `/sandbox/payment/${charge.externalId}/overdue`);
        payIt(charge);
      },
    ],
    [
      "is paid and given back in two parts",
      async (charge) => {
        payIt(charge);
        await inPanel(provider, books, "POST", `/payments/${charge.externalId}/refund`, { value: 30 });
        await inPanel(provider, books, "POST", `/payments/${charge.externalId}/refund`, { value: 70 });
      },
    ],
    [
      "is paid by card, disputed and lost",
      async (charge) => {
        provider.asaas.pay({ paymentId: charge.externalId, via: "card" });
        for (const step of ["request", "lose"] as const) provider.asaas.dispute({ paymentId: charge.externalId, step });
      },
    ],
    [
      "is paid by card, disputed and won",
      async (charge) => {
        provider.asaas.pay({ paymentId: charge.externalId, via: "card" });
        for (const step of ["request", "contest", "win"] as const) provider.asaas.dispute({ paymentId: charge.externalId, step });
      },
    ],
  ];

  test.each(LIVES)(
    "of a charge that %s is in the books as if events had told it, and late events add nothing",
    async (_, live) => {
      const orderly = await charged();
      await live(orderly);
      await books.hearEvents();
      const charge = await charged();
      await live(charge);
      expect(await reconcile(platform, books)).toEqual([200]);
      const [expected, repaired] = await moneyOf(platform, [orderly.id, charge.id]);
      expect(repaired).toEqual(expected);
      const [mine, theirs] = [await read(charge.id), await read(orderly.id)];
      const facts = ({ status, netCents, refundedCents, receivedAt, dueDate }: typeof mine) => ({
        status,
        netCents,
        refundedCents,
        receivedAt,
        dueDate,
      });
      expect(facts(mine)).toEqual(facts(theirs));
      expect(await conflicts()).toEqual([]);
      expect((await books.hearEvents()).length).toBeGreaterThan(0);
      expect(await moneyOf(platform, [charge.id])).toEqual([expected]);
      expect(facts(await read(charge.id))).toEqual(facts(theirs));
      expect(await books.finance.financial.ledger.verify.query()).toMatchObject({ isValid: true });
    },
  );

  test("is entered on the day on which the money came, with the payment as its source, and leaves a warning", async () => {
    const charge = await charged();
    payIt(charge);
    atProvider(charge).paymentDate = dateIn(-3);
    await reconcile(platform, books);
    const [entry] = await platform.database.query<{ source: string; occurred_at: Date; source_event_id: null }>(
      "select source, occurred_at, source_event_id from ledger_entries where charge_id = $1 and kind = 'receipt'",
      [charge.id],
    );
    expect(entry).toMatchObject({ source: `api:${charge.externalId}`, source_event_id: null });
    expect(entry?.occurred_at.toISOString()).toBe(`${dateIn(-3)}T15:00:00.000Z`);
    expect(platform.logs()).toContainEqual(
      expect.objectContaining({ event: "reconciliation.repaired", level: "warn", mentoradoId: books.mentoradoId, count: 1 }),
    );
  });

  test("of a due date that was moved is followed, also out of what the run compares, and is not asked for again", async () => {
    const [inside, outside] = [await charged(), await charged()];
    atProvider(inside).dueDate = dateIn(1);
    atProvider(outside).dueDate = dateIn(300);
    await reconcile(platform, books);
    expect([(await read(inside.id)).dueDate, (await read(outside.id)).dueDate]).toEqual([dateIn(1), dateIn(300)]);
    expect(await conflicts()).toEqual([]);
    const requests = requestsOf(platform, books);
    await reconcile(platform, books);
    expect(requestsOf(platform, books)).toBe(requests + 1);
  });

  test("of a draft whose job died after the payment was made makes the charge of it", async () => {
    const { id } = await books.finance.financial.charges.create.mutate({
      studentId: books.studentId,
      amountCents: 10_000,
      dueDate: dateIn(0),
      billingType: "pix",
    });
    provider.asaas.faults.push({ kind: "reset-after", method: "POST", path: "/payments", times: 1 });
    await books.work();
    await platform.database.query("update jobs set status = 'dead' where mentorado_id = $1", [books.mentoradoId]);
    expect((await read(id)).status).toBe("draft");
    await reconcile(platform, books);
    expect(await read(id)).toMatchObject({ status: "pending", externalId: books.paymentOf(id)?.id });
    expect(await conflicts()).toEqual([]);
  });

  test("of a subscription's charge makes the charge, with its debt and its receipt", async () => {
    const { id: subscriptionId } = await books.finance.financial.subscriptions.create.mutate({
      studentId: books.studentId,
      amountCents: 25_000,
      cycle: "monthly",
      nextDueDate: dateIn(1),
      billingType: "pix",
    });
    await books.work();
    const [payment] = books.payments();
    provider.asaas.pay({ paymentId: payment?.id ?? "", via: "pix" });
    await reconcile(platform, books);
    const { items } = await books.finance.financial.charges.list.query();
    expect(items).toMatchObject([{ subscriptionId, status: "received", externalId: payment?.id, amountCents: 25_000 }]);
    expect(await balancesOf(platform, items[0]?.id ?? "")).toEqual({ cash: 24_801, fees: 199, revenue: -25_000 });
    expect(await conflicts()).toEqual([]);
    await books.hearEvents();
    expect(await balancesOf(platform, items[0]?.id ?? "")).toEqual({ cash: 24_801, fees: 199, revenue: -25_000 });
  });

  test("is left to an event that comes while the run looks at it", async () => {
    const charge = await charged();
    payIt(charge);
    const owner = new pg.Client({ connectionString: platform.database.databaseUrl });
    await owner.connect();
    try {
      await owner.query("begin");
      await owner.query("select set_config('app.actor_type', 'system', true), version from charges where id = $1 for update", [
        charge.id,
      ]);
      const run = reconcile(platform, books);
      await expect
        .poll(
          () =>
            platform.database.query(
              "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            ),
          { timeout: 10_000 },
        )
        .toHaveLength(1);
      await owner.query("update charges set version = version + 1, status = 'confirmed' where id = $1", [charge.id]);
      await owner.query("commit");
      expect(await run).toEqual([200]);
    } finally {
      await owner.end();
    }
    expect(await read(charge.id)).toMatchObject({ status: "confirmed" });
    expect(await runOf()).toMatchObject({ repaired: 0, conflicts: 0 });
    await reconcile(platform, books);
    expect(await read(charge.id)).toMatchObject({ status: "received" });
  });
});

test("a list that is older than what an event has told meanwhile is read again, and nothing is made of it", async () => {
  const charge = await charged();
  const owner = new pg.Client({ connectionString: platform.database.databaseUrl });
  await owner.connect();
  const release = provider.asaas.holdGets();
  // Strikes nobody, and is gone when the list is asked for.
  provider.asaas.faults.push({ kind: "delay", delayMs: 0, method: "GET", path: "/payments?", times: 1 });
  try {
    const run = reconcile(platform, books);
    await expect.poll(() => provider.asaas.faults, { timeout: 5_000 }).toEqual([]);
    await owner.query("begin; lock table charges in access exclusive mode");
    release();
    await expect
      .poll(
        () =>
          platform.database.query(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
          ),
        { timeout: 10_000 },
      )
      .toHaveLength(1);
    payIt(charge);
    await owner.query("select set_config('app.actor_type', 'system', true)");
    await owner.query(
      "update charges set version = version + 1, status = 'received', provider_status = 'RECEIVED' where id = $1",
      [charge.id],
    );
    await owner.query(
      `select guilda.post_entry($1, gen_random_uuid(), $2, 'receipt', $3, 'asaas:evt', null, now(), '{"cash": 9801, "fees": 199, "receivable": -10000}')`,
      [books.mentoradoId, charge.id, `receipt:${dateIn(0)}`],
    );
    await owner.query("commit");
    expect(await run).toEqual([200]);
  } finally {
    release();
    await owner.end();
  }
  expect(await conflicts()).toEqual([]);
  expect(await runOf()).toMatchObject({ compared: 1, repaired: 0, conflicts: 0 });
});

describe("a run over many pages", () => {
  test("compares each payment of 250 once, and repairs what differs on any page", async () => {
    const twins = await makeTwins(platform, provider, books, { count: 250, pattern: await pattern() });
    const paid = [0, 99, 100, 175, 249].flatMap((index) => twins[index] ?? []);
    for (const twin of paid) payIt(twin);
    expect(await reconcile(platform, books)).toEqual([200]);
    expect(await runOf()).toMatchObject({ compared: 250, repaired: 5, conflicts: 0, isUnderWay: false });
    for (const { id } of paid) expect(await read(id)).toMatchObject({ status: "received" });
  });

  test("hands over from job to job, shows where it stands, and moves the watermark at its end alone", async () => {
    const twins = await makeTwins(platform, provider, books, { count: 1_030, pattern: await pattern() });
    const [first, last] = [twins[0], twins.at(-1)];
    if (first === undefined || last === undefined) throw new Error("no twins");
    for (const twin of [first, last]) payIt(twin);
    provider.asaas.payments(books.apiKey).splice(500, 1);
    const job = await stageRun(platform, books);
    expect((await platform.ring(job)).status).toBe(200);
    expect(await runOf()).toMatchObject({ watermark: null, finishedAt: null, isUnderWay: true, compared: 1_000 });
    const [state] = await platform.database.query("select next_offset from sync_states where mentorado_id = $1", [
      books.mentoradoId,
    ]);
    expect(state).toEqual({ next_offset: 1_000 });
    expect(await books.work()).toEqual([200]);
    expect(await runOf()).toMatchObject({ watermark: dateIn(0), isUnderWay: false, compared: 1_030, repaired: 2, conflicts: 1 });
    expect(await conflicts()).toMatchObject([{ kind: "missing_payment", externalId: twins[500]?.externalId }]);
  });

  test.each([0, 1, 2, 3, 4, 5])(
    "that breaks off after %i requests is taken up again and ends with the same books",
    async (requests) => {
      const twins = await makeTwins(platform, provider, books, { count: 250, pattern: await pattern() });
      const paid = [10, 110, 210].flatMap((index) => twins[index] ?? []);
      for (const twin of paid) payIt(twin);
      provider.asaas.faults.push({ kind: "status", status: 501, method: "GET", path: "/payments?", skip: requests, times: 1 });
      const job = await stageRun(platform, books);
      expect((await platform.ring(job)).status).toBe(503);
      expect((await runOf())?.watermark).toBeUndefined();
      await books.letTimePass();
      expect(await books.work()).toEqual([200]);
      expect(await runOf()).toMatchObject({ watermark: dateIn(0), compared: 250, isUnderWay: false });
      const money = await moneyOf(
        platform,
        paid.map(({ id }) => id),
      );
      expect(money).toEqual(
        paid.map(() => [
          "charge receivable 10000",
          "charge revenue -10000",
          `receipt:${dateIn(0)} cash 9801`,
          `receipt:${dateIn(0)} fees 199`,
          `receipt:${dateIn(0)} receivable -10000`,
        ]),
      );
      const [{ entries } = { entries: 0 }] = await platform.database.query<{ entries: number }>(
        "select count(*)::int as entries from ledger_entries where mentorado_id = $1",
        [books.mentoradoId],
      );
      expect(entries).toBe(253);
      expect(await conflicts()).toEqual([]);
    },
  );
});

describe("drift", () => {
  /** What is changed behind our back, and the conflict that comes of it. */
  const DRIFTS: [what: string, drift: (charge: Twin) => Promise<unknown> | unknown, expected: object][] = [
    [
      "of the amount",
      (charge) => {
        atProvider(charge).value = 120;
      },
      {
        kind: "amount",
        local: { status: "pending", amountCents: 10_000 },
        remote: { status: "PENDING", amountCents: 12_000, dueDate: dateIn(0) },
      },
    ],
    [
      "of a removal",
      (charge) => inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`),
      { kind: "status", local: { status: "pending" }, remote: { status: "PENDING", isDeleted: true } },
    ],
    [
      "of a cash receipt",
      (charge) =>
        inPanel(provider, books, "POST", `/payments/${charge.externalId}/receiveInCash`, { paymentDate: dateIn(0), value: 100 }),
      { kind: "status", local: { status: "pending" }, remote: { status: "RECEIVED_IN_CASH" } },
    ],
    [
      "of a payment that is not there",
      (charge) => {
        const payments = provider.asaas.payments(books.apiKey);
        payments.splice(payments.indexOf(atProvider(charge)), 1);
      },
      { kind: "missing_payment", local: { status: "pending", amountCents: 10_000 }, remote: null },
    ],
  ];

  test.each(DRIFTS)("%s is one conflict with both sides, seen by every run and made by one", async (_, drift, expected) => {
    const charge = await charged();
    const money = await moneyOf(platform, [charge.id]);
    await drift(charge);
    await reconcile(platform, books);
    const [conflict, ...others] = await conflicts();
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({ status: "pending", externalId: charge.externalId, chargeId: charge.id, ...expected });
    await reconcile(platform, books, { kind: "full" });
    const [again, ...more] = await conflicts();
    expect(more).toEqual([]);
    expect(again).toEqual({ ...conflict, seenAt: again?.seenAt });
    expect(Date.parse(again?.seenAt ?? "")).toBeGreaterThan(Date.parse(conflict?.seenAt ?? ""));
    expect(await moneyOf(platform, [charge.id])).toEqual(money);
    expect(await read(charge.id)).toMatchObject({ status: "pending", amountCents: 10_000 });
  });

  test("of a receipt that the provider does not show is a conflict, and takes no money back by itself", async () => {
    const charge = await charged();
    payIt(charge);
    await books.hearEvents();
    Object.assign(atProvider(charge), { status: "PENDING", paymentDate: null });
    await reconcile(platform, books);
    expect(await conflicts()).toMatchObject([{ kind: "status", local: { status: "received" }, remote: { status: "PENDING" } }]);
    expect(await balancesOf(platform, charge.id)).toEqual({ cash: 9_801, fees: 199, revenue: -10_000 });
  });

  test("of the day of a receipt is a conflict and no second receipt", async () => {
    const charge = await charged();
    payIt(charge);
    await books.hearEvents();
    atProvider(charge).paymentDate = dateIn(-1);
    await reconcile(platform, books);
    expect(await conflicts()).toMatchObject([{ kind: "status" }]);
    expect(await balancesOf(platform, charge.id)).toEqual({ cash: 9_801, fees: 199, revenue: -10_000 });
  });

  test("of a payment that nobody here has made is a conflict with the provider's side", async () => {
    const payment = await madeByHand(provider, books, { externalReference: "their own note" });
    await reconcile(platform, books);
    await reconcile(platform, books);
    expect(await conflicts()).toMatchObject([
      {
        kind: "unknown_payment",
        externalId: payment.id,
        chargeId: null,
        local: null,
        remote: { status: "PENDING", amountCents: 10_000, dueDate: dateIn(0), externalReference: "their own note" },
      },
    ]);
  });

  test("of a second payment for one charge is a conflict that names the charge, and leaves its own payment to it", async () => {
    const charge = await charged();
    const second = await madeByHand(provider, books, { externalReference: charge.id });
    await reconcile(platform, books);
    expect(await conflicts()).toMatchObject([{ kind: "unknown_payment", externalId: second.id, chargeId: charge.id }]);
    expect(await read(charge.id)).toMatchObject({ externalId: charge.externalId });
  });

  test("that has become ours meanwhile is closed by the next run", async () => {
    const charge = await charged();
    const payment = await madeByHand(provider, books);
    await reconcile(platform, books);
    await platform.database.query(
      "update charges set external_id = $2 from set_config('app.actor_type', 'system', true) where id = $1",
      [charge.id, payment.id],
    );
    provider.asaas.payments(books.apiKey).splice(0, 1);
    await reconcile(platform, books);
    expect(await conflicts()).toEqual([]);
    const { items } = await books.finance.financial.conflicts.list.query({ status: "resolved" });
    expect(items).toMatchObject([{ externalId: payment.id, resolution: "link", chargeId: charge.id }]);
  });
});

describe("the provider's quota", () => {
  /** Lets the account have so many requests left in its window. */
  async function leave(requests: number): Promise<void> {
    const response = await inPanel(provider, books, "GET", "/payments?limit=1");
    const used = 25_000 - Number(response.headers.get("ratelimit-remaining"));
    provider.asaas.adjustAccount({ apiKey: books.apiKey, requestLimit: used + requests });
  }

  test("is left to people from half of it on: a run stops, waits for the next window, and then ends with all compared", async () => {
    const twins = await makeTwins(platform, provider, books, { count: 450, pattern: await pattern() });
    const last = twins[0];
    if (last === undefined) throw new Error("no twins");
    payIt(last);
    await leave(12_502);
    const requests = requestsOf(platform, books);
    expect(await reconcile(platform, books)).toEqual([200]);
    expect(requestsOf(platform, books)).toBe(requests + 2);
    expect(await runOf()).toMatchObject({ compared: 200, isUnderWay: true, watermark: null });
    const waiting = await waitingRun();
    expect(waiting?.payload.position.offset).toBe(200);
    const waitMs = (waiting?.run_at.getTime() ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(11 * HOUR_MS);
    expect(waitMs).toBeLessThanOrEqual(12 * HOUR_MS);
    expect(platform.logs()).toContainEqual(
      expect.objectContaining({ event: "reconciliation.waits_for_quota", mentoradoId: books.mentoradoId, count: 12_500 }),
    );

    expect(await reconcile(platform, books, { slot: new Date().toISOString() })).toEqual([200]);
    expect(requestsOf(platform, books)).toBe(requests + 2);
    expect(await waitingRun()).toEqual(waiting);

    await leave(25_000);
    await books.letTimePass();
    expect(await books.work()).toEqual([200]);
    expect(await runOf()).toMatchObject({ compared: 450, repaired: 1, isUnderWay: false, watermark: dateIn(0) });
    expect(await read(last.id)).toMatchObject({ status: "received" });
  });

  test("has a part for the repair of gaps, which stops before that of people", async () => {
    await makeTwins(platform, provider, books, { count: 450, pattern: await pattern() });
    await leave(10_003);
    const requests = requestsOf(platform, books);
    await reconcile(platform, books, { kind: "full", isGap: true });
    // One for the weeks before, in which nothing is due.
    expect(requestsOf(platform, books)).toBe(requests + 3);
    expect((await waitingRun())?.payload).toMatchObject({ isGap: true, position: { offset: 200 } });
  });

  test("holds back nothing that people do: a charge is made, refreshed and refunded out of what is kept for them", async () => {
    await leave(40);
    await stageRun(platform, books);
    const charge = await charged();
    payIt(charge);
    await books.finance.financial.charges.refresh.mutate({ id: charge.id });
    await books.work();
    expect(await read(charge.id)).toMatchObject({ status: "received" });
    await books.finance.financial.charges.refund.mutate({ id: charge.id });
    await books.work();
    await books.hearEvents();
    expect(await read(charge.id)).toMatchObject({ status: "refunded" });
  });
});

describe("the repair of a gap", () => {
  test("looks at every due date that was ever billed, which no other run does", async () => {
    const look = await pattern();
    const [old] = await makeTwins(platform, provider, books, { count: 1, pattern: look, dueDate: dateIn(-200) });
    const [far] = await makeTwins(platform, provider, books, { count: 1, pattern: look, dueDate: dateIn(100) });
    if (old === undefined || far === undefined) throw new Error("no twins");
    for (const twin of [old, far]) payIt(twin);
    await reconcile(platform, books, { kind: "full" });
    expect([(await read(old.id)).status, (await read(far.id)).status]).toEqual(["pending", "pending"]);
    await reconcile(platform, books, { kind: "full", isGap: true });
    expect([(await read(old.id)).status, (await read(far.id)).status]).toEqual(["received", "received"]);
  });
});
