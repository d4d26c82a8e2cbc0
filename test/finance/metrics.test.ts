import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFinance } from "../../functions/finance/open-finance.ts";
import { CHARGE_STATUSES, LEDGER_KINDS, type LedgerKind } from "../../shared/db/schema/money.ts";
import { createCallerFactory } from "../../shared/trpc/procedures.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import {
  countNaively,
  type PlainBooks,
  type PlainCharge,
  type PlainEntry,
  type PlainRow,
  shiftMonth,
  total,
  wallDate,
} from "./support/naive-metrics.ts";
import { openBooks, STATUS_RANK } from "./support/open-books.ts";

const PROPERTY_TIMEOUT_MS = 180_000;
const DAY_MS = 86_400_000;
const BUCKETS = ["1-7", "8-30", "31-60", "61-90", "over-90"] as const;
const MONTH_METRICS = [
  "receivedNet",
  "receivedGross",
  "fees",
  "refunds",
  "chargebacks",
  "adjustments",
  "billed",
  "pendingDueInMonth",
  "overdue",
  "fellDue",
  "fellDueOverdue",
] as const;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

/** A new mentorado that keeps these books. @returns what its owner calls finance with, at any time. */
async function keep(books: PlainBooks) {
  const { mentoradoId, studentId, practice } = await openBooks(platform, { timezone: books.timezone });
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  await insertAll({ books, mentoradoId, studentId, offeringId: practice.offeringId });
  const { router } = openFinance(platform.env);
  const { connection, cache, doorbell, memory, log, newId } = practice.kernel;
  const services = { connection, cache, doorbell, memory, log, newId, waitUntil: () => undefined };
  return (now: Date) => createCallerFactory(router)({ ...services, caller: platform.caller(owner), now }).financial;
}

async function insertAll({
  books,
  mentoradoId,
  studentId,
  offeringId,
}: {
  books: PlainBooks;
  mentoradoId: string;
  studentId: string;
  offeringId: string;
}): Promise<void> {
  const insert = (table: string, rows: Record<string, unknown>[]) => {
    const columns = ["mentorado_id", ...Object.keys(rows[0] ?? { id: null })].join(", ");
    return platform.database.query(
      `insert into ${table} (${columns}) select ${columns}
         from jsonb_populate_recordset(null::${table}, $1), set_config('app.actor_type', 'system', true)`,
      [JSON.stringify(rows.map((row) => ({ mentorado_id: mentoradoId, ...row })))],
    );
  };
  const plan = books.installments.map((installment) => ({ ...installment, enrollmentId: uuidv7() }));
  await insert(
    "charges",
    books.charges.map(({ id, status, isWrittenOff, dueDate, amountCents, refundedCents, currency }) => ({
      id,
      student_id: studentId,
      billing_type: "pix",
      amount_cents: amountCents,
      refunded_cents: refundedCents,
      write_off_reason: isWrittenOff ? "uncollectible" : null,
      currency,
      due_date: dueDate,
      status,
      status_rank: STATUS_RANK[status],
      version: 1,
      created_at: "2026-01-01T00:00:00Z",
    })),
  );
  await insert(
    "enrollments",
    plan.map(({ enrollmentId, enrollmentStatus }) => ({
      id: enrollmentId,
      student_id: studentId,
      offering_id: offeringId,
      status: enrollmentStatus,
      total_cents: 1,
      installment_count: 1,
      billing_type: "pix",
      currency: "BRL",
      version: 1,
    })),
  );
  await insert(
    "installments",
    plan.map(({ id, enrollmentId, dueDate, amountCents }) => ({
      id,
      enrollment_id: enrollmentId,
      number: 1,
      due_date: dueDate,
      amount_cents: amountCents,
    })),
  );
  await platform.database.query(
    `select guilda.post_entry($1, (e ->> 'id')::uuid, (e ->> 'chargeId')::uuid, e ->> 'kind', e ->> 'id', 'job:test', null,
                              (e ->> 'occurredAt')::timestamptz, e -> 'lines')
       from jsonb_array_elements($2) e, set_config('app.actor_type', 'system', true)`,
    [mentoradoId, JSON.stringify(books.entries)],
  );
}

type Finance = ReturnType<Awaited<ReturnType<typeof keep>>>;

/** Every row behind a figure, page by page. */
async function openFigure(
  finance: Finance,
  input: Omit<Parameters<Finance["metricRows"]>[0], "cursor" | "limit">,
): Promise<PlainRow[]> {
  const rows: PlainRow[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Finance["metricRows"]>> = await finance.metricRows({
      ...input,
      limit: 2,
      ...(cursor === null ? {} : { cursor }),
    });
    rows.push(...page.items.map(({ id, amountCents }) => ({ id, amountCents })));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}

/** Instants around midnights of many zones, at the ends of months, of a leap February and of a year. */
const instants = fc
  .tuple(
    fc.constantFrom("2026-11-30", "2026-12-01", "2026-11-17", "2027-01-01", "2028-02-29", "2028-03-01", "2027-03-31"),
    fc.integer({ min: -26 * 3_600_000, max: 26 * 3_600_000 }),
  )
  .map(([date, shiftMs]) => new Date(Date.parse(date) + shiftMs));
const timezones = fc.constantFrom(
  "America/Sao_Paulo",
  "Asia/Tokyo",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
  "America/Los_Angeles",
  "UTC",
);
const cents = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 5_000_000 }));
const EDGES = [-367, -366, -365, -364, -91, -90, -61, -60, -31, -30, -8, -7, -1, 0, 1, 30, 31];
const daysFromToday = fc.oneof(fc.constantFrom(...EDGES), fc.integer({ min: -420, max: 160 }));

const charge = fc.record({
  status: fc.constantFrom(...CHARGE_STATUSES),
  isWrittenOff: fc.boolean(),
  days: daysFromToday,
  amountCents: cents,
  refunded: fc.double({ min: 0, max: 1, noNaN: true }),
  currency: fc.constantFrom("BRL", "BRL", "BRL", "BRL", "USD"),
});
const installment = fc.record({
  enrollmentStatus: fc.constantFrom("awaiting_start" as const, "active", "paused", "completed", "cancelled"),
  days: daysFromToday,
  amountCents: cents,
});
const entry = fc.record({
  kind: fc.constantFrom(...LEDGER_KINDS),
  charge: fc.nat(),
  value: cents,
  fee: fc.integer({ min: 0, max: 500 }),
  isHeldInCash: fc.boolean(),
  /** From a month's end or from now. */
  from: fc.constantFrom("month", "now"),
  shiftMs: fc.oneof(
    fc.integer({ min: -15 * 3_600_000, max: 15 * 3_600_000 }),
    fc.integer({ min: -70 * DAY_MS, max: 40 * DAY_MS }),
  ),
});

function booksAt(now: Date): fc.Arbitrary<PlainBooks> {
  const plain = {
    timezone: timezones,
    charges: fc.array(charge, { minLength: 1, maxLength: 40 }),
    installments: fc.array(installment, { maxLength: 15 }),
    entries: fc.array(entry, { maxLength: 40 }),
  };
  return fc.record(plain).map(({ timezone, ...drawn }) => {
    const today = Date.parse(wallDate(timezone, now));
    const dateOf = (days: number) => new Date(today + days * DAY_MS).toISOString().slice(0, 10);
    const charges = drawn.charges.map(
      ({ days, refunded, ...each }): PlainCharge => ({
        ...each,
        id: uuidv7(),
        dueDate: dateOf(days),
        refundedCents: ["received", "refunded"].includes(each.status) ? Math.floor(refunded * each.amountCents) : 0,
      }),
    );
    const entries = drawn.entries.map(({ kind, charge: index, value, fee, isHeldInCash, from, shiftMs }): PlainEntry => {
      const start = from === "now" ? now.getTime() : Date.parse(`${new Date(today).toISOString().slice(0, 7)}-01`);
      return {
        id: uuidv7(),
        chargeId: charges[index % charges.length]?.id ?? "",
        kind,
        occurredAt: new Date(start + shiftMs).toISOString(),
        lines: linesOf({ kind, value, fee, holder: isHeldInCash ? "cash" : "receivable" }),
      };
    });
    return {
      timezone,
      charges,
      installments: drawn.installments.map(({ days, ...each }) => ({ ...each, id: uuidv7(), dueDate: dateOf(days) })),
      entries,
    };
  });
}

function linesOf({
  kind,
  value,
  fee,
  holder,
}: {
  kind: LedgerKind;
  value: number;
  fee: number;
  holder: "cash" | "receivable";
}): Record<string, number> {
  switch (kind) {
    case "charge":
    case "restoration":
      return { receivable: value, revenue: -value };
    case "cancellation":
      return { revenue: value, receivable: -value };
    case "receipt":
      return { cash: value, fees: fee, receivable: -value - fee };
    case "receipt_undone":
      return { cash: -value, receivable: value };
    case "refund":
      return holder === "cash" ? { refunds: value, fees: fee, cash: -value - fee } : { refunds: value, receivable: -value };
    case "chargeback":
      return { disputed: value, [holder]: -value };
    case "chargeback_won":
      return { [holder]: value, disputed: -value };
    case "chargeback_lost":
      return { losses: value, disputed: -value };
    case "write_off":
      return { losses: value, receivable: -value };
    case "cashback":
      return { cashback: value, [holder]: -value };
    case "write_off_undone":
      return { receivable: value, losses: -value };
    case "cashback_undone":
      return { [holder]: value, cashback: -value };
  }
}

/** Compares every figure of the month, and the rows of each, with what is counted the slow way. */
async function expectFigures({
  finance,
  books,
  now,
  month,
}: {
  finance: Finance;
  books: PlainBooks;
  now: Date;
  month: string;
}): Promise<void> {
  const expected = countNaively(books, now, month);
  const today = wallDate(books.timezone, now);
  const first = [month, today.slice(0, 7)].toSorted().at(-1) ?? month;
  const coming = [1, 2, 3].map((by) => shiftMonth(first, by));
  const fellDue = total(expected.fellDue);
  const figures = await finance.metrics({ month });
  expect(figures).toEqual({
    month,
    asOf: today,
    currency: "BRL",
    ...Object.fromEntries(MONTH_METRICS.map((metric) => [metric, total(expected[metric])])),
    overdueByAge: Object.fromEntries(BUCKETS.map((bucket) => [bucket, total(expected[`overdue ${bucket}`])])),
    defaultRate: fellDue === 0 ? null : total(expected.fellDueOverdue) / fellDue,
    projection: coming.map((each) => ({ month: each, amountCents: total(expected[`projection ${each}`]) })),
  });
  const { receivedGross, fees, refunds, chargebacks, adjustments } = figures;
  expect(figures.receivedNet).toBe(receivedGross - fees - refunds - chargebacks + adjustments);
  for (const metric of MONTH_METRICS) {
    expect(await openFigure(finance, { metric, month }), metric).toEqual(newestFirst(expected[metric]));
  }
  for (const bucket of BUCKETS) {
    const rows = await openFigure(finance, { metric: "overdue", month, bucket });
    expect(rows, bucket).toEqual(newestFirst(expected[`overdue ${bucket}`]));
  }
  for (const each of coming) {
    const rows = await openFigure(finance, { metric: "projection", month: each });
    expect(rows, each).toEqual(newestFirst(expected[`projection ${each}`]));
  }
}

/** Compares each day of the month, and the rows of each figure of it, with what is counted the slow way. */
async function expectCalendar({ finance, books, now, month }: Parameters<typeof expectFigures>[0]): Promise<void> {
  const expected = countNaively(books, now, month);
  const { days, asOf } = await finance.dueCalendar({ month });
  expect(asOf).toBe(wallDate(books.timezone, now));
  const whole = { due: [] as PlainRow[], dueReceived: [] as PlainRow[], dueOverdue: [] as PlainRow[] };
  for (const [index, { date, ...day }] of days.entries()) {
    expect(date).toBe(`${month}-${String(index + 1).padStart(2, "0")}`);
    expect(day, date).toEqual({
      dueCents: total(expected[`due ${date}`]),
      count: expected[`due ${date}`]?.length ?? 0,
      receivedCents: total(expected[`dueReceived ${date}`]),
      overdueCents: total(expected[`dueOverdue ${date}`]),
    });
    for (const metric of ["due", "dueReceived", "dueOverdue"] as const) {
      const rows = expected[`${metric} ${date}`];
      whole[metric].push(...(rows ?? []));
      if (rows !== undefined) {
        expect(await openFigure(finance, { metric, month, day: index + 1 }), `${metric} ${date}`).toEqual(newestFirst(rows));
      }
    }
  }
  expect(shiftMonth(month, 1)).toBe(new Date(Date.parse(days.at(-1)?.date ?? "") + DAY_MS).toISOString().slice(0, 7));
  for (const metric of ["due", "dueReceived", "dueOverdue"] as const) {
    expect(await openFigure(finance, { metric, month })).toEqual(newestFirst(whole[metric]));
  }
}

function newestFirst(rows: PlainRow[] = []): PlainRow[] {
  return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
}

const NO_BOOKS = { timezone: "America/Sao_Paulo", charges: [], installments: [], entries: [] } satisfies PlainBooks;

function newCharge(charge: Partial<PlainCharge>): PlainCharge {
  return {
    id: uuidv7(),
    status: "pending",
    isWrittenOff: false,
    dueDate: "2026-11-30",
    amountCents: 100,
    refundedCents: 0,
    currency: "BRL",
    ...charge,
  };
}

describe("the figures of money", () => {
  test("equal what is counted the slow way, and open to exactly the rows that add up to them, in any month, zone and mentorado", {
    timeout: PROPERTY_TIMEOUT_MS,
  }, async () => {
    const cases = instants.chain((now) =>
      fc.record({ now: fc.constant(now), own: booksAt(now), others: booksAt(now), by: fc.constantFrom(-2, -1, 1, 2) }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ now, own, others, by }) => {
        for (const books of [own, others]) {
          const finance = (await keep(books))(now);
          const current = wallDate(books.timezone, now).slice(0, 7);
          for (const month of [current, shiftMonth(current, by)]) await expectFigures({ finance, books, now, month });
          await expectCalendar({ finance, books, now, month: current });
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  test("hold nothing of another mentorado, even while the policies of the database are off", async () => {
    const now = new Date("2026-11-21T12:00:00Z");
    const both = [1, 1_000].map((amountCents): PlainBooks => {
      const paid = newCharge({ status: "received", amountCents, dueDate: "2026-11-20" });
      const lines = { cash: amountCents, receivable: -amountCents };
      return {
        ...NO_BOOKS,
        charges: [paid, newCharge({ amountCents }), newCharge({ amountCents, dueDate: "2026-11-01" })],
        installments: [{ id: uuidv7(), enrollmentStatus: "active", dueDate: "2026-12-31", amountCents }],
        entries: [{ id: uuidv7(), chargeId: paid.id, kind: "receipt", occurredAt: "2026-11-20T12:00:00Z", lines }],
      };
    });
    const kept = await Promise.all(both.map(async (books) => ({ books, finance: (await keep(books))(now) })));
    const alter = (what: string) => {
      const tables = ["charges", "installments", "enrollments", "ledger_entries", "ledger_lines"];
      return platform.database.query(tables.map((table) => `alter table ${table} ${what} row level security`).join("; "));
    };
    await alter("disable");
    try {
      for (const { books, finance } of kept) {
        await expectFigures({ finance, books, now, month: "2026-11" });
        await expectCalendar({ finance, books, now, month: "2026-11" });
      }
    } finally {
      await alter("enable");
    }
  });

  test("of empty books are zeros, and a default rate that there is none", async () => {
    const finance = (await keep(NO_BOOKS))(new Date("2026-11-21T12:00:00Z"));
    expect(await finance.metrics({ month: "2026-11" })).toEqual({
      month: "2026-11",
      asOf: "2026-11-21",
      currency: "BRL",
      ...Object.fromEntries(MONTH_METRICS.map((metric) => [metric, 0])),
      overdueByAge: { "1-7": 0, "8-30": 0, "31-60": 0, "61-90": 0, "over-90": 0 },
      defaultRate: null,
      projection: [
        { month: "2026-12", amountCents: 0 },
        { month: "2027-01", amountCents: 0 },
        { month: "2027-02", amountCents: 0 },
      ],
    });
    const { days } = await finance.dueCalendar({ month: "2028-02" });
    expect(days).toHaveLength(29);
    expect(days.at(-1)).toEqual({ date: "2028-02-29", dueCents: 0, count: 0, receivedCents: 0, overdueCents: 0 });
    expect(await finance.metricRows({ metric: "overdue", month: "2026-11" })).toEqual({ items: [], nextCursor: null });
  });

  test("have a charge overdue from the mentorado's own midnight after its due date, whatever the provider has told", async () => {
    const at = await keep({
      ...NO_BOOKS,
      charges: [newCharge({ status: "pending" }), newCharge({ status: "overdue", amountCents: 7 })],
    });
    const before = await at(new Date("2026-12-01T02:59:59.999Z")).metrics({ month: "2026-11" });
    expect(before).toMatchObject({ asOf: "2026-11-30", pendingDueInMonth: 107, overdue: 0, defaultRate: null });
    const after = await at(new Date("2026-12-01T03:00:00.000Z")).metrics({ month: "2026-11" });
    expect(after).toMatchObject({ asOf: "2026-12-01", pendingDueInMonth: 0, overdue: 107, defaultRate: 1 });
  });

  test("tell the age of what is overdue to the day", async () => {
    const dates = [
      ...["2026-11-21", "2026-11-20", "2026-11-14", "2026-11-13", "2026-10-22", "2026-10-21"],
      ...["2026-09-22", "2026-09-21", "2026-08-23", "2026-08-22"],
    ];
    const charges = dates.map((dueDate, index) => newCharge({ dueDate, amountCents: 2 ** index }));
    const finance = (await keep({ ...NO_BOOKS, charges }))(new Date("2026-11-21T12:00:00Z"));
    expect(await finance.metrics({ month: "2026-11" })).toMatchObject({
      overdue: 1_022,
      overdueByAge: { "1-7": 2 + 4, "8-30": 8 + 16, "31-60": 32 + 64, "61-90": 128 + 256, "over-90": 512 },
    });
    const inNovember = { metric: "dueOverdue", month: "2026-11" } as const;
    expect(total(await openFigure(finance, { ...inNovember, bucket: "1-7" }))).toBe(2 + 4);
    expect(total(await openFigure(finance, { ...inNovember, bucket: "8-30", day: 13 }))).toBe(8);
  });

  test("set what is overdue against all that fell due in the twelve months before today", async () => {
    const charges = [
      newCharge({ dueDate: "2025-11-20", amountCents: 1_000 }),
      newCharge({ dueDate: "2025-11-21", amountCents: 1 }),
      newCharge({ dueDate: "2026-11-20", amountCents: 2, status: "received" }),
      newCharge({ dueDate: "2026-11-20", amountCents: 4, status: "refunded" }),
      newCharge({ dueDate: "2026-11-20", amountCents: 1, status: "disputed" }),
      newCharge({ dueDate: "2026-11-20", amountCents: 1_000, status: "cancelled" }),
      newCharge({ dueDate: "2026-11-20", amountCents: 1_000, status: "draft" }),
      newCharge({ dueDate: "2026-11-21", amountCents: 1_000 }),
    ];
    const finance = (await keep({ ...NO_BOOKS, charges }))(new Date("2026-11-21T12:00:00Z"));
    expect(await finance.metrics({ month: "2026-11" })).toMatchObject({ fellDue: 8, fellDueOverdue: 1, defaultRate: 1 / 8 });
  });

  test("put a receipt in the month of the mentorado's own clock", async () => {
    const charges = [newCharge({ status: "received" })];
    const entries = ["2026-12-01T02:59:59.999Z", "2026-12-01T03:00:00.000Z"].map(
      (occurredAt, index): PlainEntry => ({
        id: uuidv7(),
        chargeId: charges[0]?.id ?? "",
        kind: "receipt",
        occurredAt,
        lines: { cash: 90 + index, fees: 10, receivable: -100 - index },
      }),
    );
    const finance = (await keep({ ...NO_BOOKS, charges, entries }))(new Date("2026-12-05T12:00:00Z"));
    expect(await finance.metrics({ month: "2026-11" })).toMatchObject({ receivedNet: 90, receivedGross: 100, fees: 10 });
    expect(await finance.metrics({ month: "2026-12" })).toMatchObject({ receivedNet: 91, receivedGross: 101, fees: 10 });
  });

  test("project what has a due date and nothing else: open charges, drafts, and instalments not billed yet", async () => {
    const statuses = CHARGE_STATUSES.map((status, index) =>
      newCharge({ status, dueDate: "2026-12-15", amountCents: 10 ** (index + 1) }),
    );
    const installments = (["awaiting_start", "active", "paused", "completed", "cancelled"] as const).map(
      (enrollmentStatus, index) => ({ id: uuidv7(), enrollmentStatus, dueDate: "2027-02-28", amountCents: 10 ** (index + 1) }),
    );
    const finance = (await keep({ ...NO_BOOKS, charges: statuses, installments }))(new Date("2026-11-21T12:00:00Z"));
    const expected = [
      { month: "2026-12", amountCents: 1_110 },
      { month: "2027-01", amountCents: 0 },
      { month: "2027-02", amountCents: 10_110 },
    ];
    expect((await finance.metrics({ month: "2026-11" })).projection).toEqual(expected);
    expect((await finance.metrics({ month: "2026-05" })).projection).toEqual(expected);
    expect(total(await openFigure(finance, { metric: "projection", month: "2027-02" }))).toBe(10_110);
    expect((await finance.metrics({ month: "2026-12" })).projection.map(({ month }) => month)).toEqual([
      "2027-01",
      "2027-02",
      "2027-03",
    ]);
  });

  test("leave an instalment out of the projection once its charge was cancelled", async () => {
    const { bill, join } = await openBooks(platform);
    const dueDate = `${shiftMonth(new Date().toISOString().slice(0, 7), 2)}-15`;
    await bill({ status: "pending", dueDate, amountCents: 500 });
    await bill({ status: "cancelled", dueDate, amountCents: 9_000 });
    const finance = await join("manager");
    const { items } = await finance.financial.metricRows.query({ metric: "projection", month: dueDate.slice(0, 7) });
    expect(items).toMatchObject([{ source: "charge", date: dueDate, state: "pending", amountCents: 500 }]);
  });

  test("tell of each row what it is", async () => {
    const received = newCharge({ status: "received", amountCents: 100, refundedCents: 40 });
    const installment = { id: uuidv7(), enrollmentStatus: "active" as const, dueDate: "2026-12-31", amountCents: 5 };
    const receipt: PlainEntry = {
      id: uuidv7(),
      chargeId: received.id,
      kind: "receipt",
      occurredAt: "2026-11-02T01:00:00Z",
      lines: { cash: 97, fees: 3, receivable: -100 },
    };
    const finance = (await keep({ ...NO_BOOKS, charges: [received], installments: [installment], entries: [receipt] }))(
      new Date("2026-11-21T12:00:00Z"),
    );
    const rowsOf = async (input: Parameters<Finance["metricRows"]>[0]) => (await finance.metricRows(input)).items;
    const studentId = expect.any(String);
    expect(await rowsOf({ metric: "fees", month: "2026-11" })).toEqual([
      { id: receipt.id, source: "entry", chargeId: received.id, studentId, date: "2026-11-01", state: "receipt", amountCents: 3 },
    ]);
    expect(await rowsOf({ metric: "dueReceived", month: "2026-11", day: 30 })).toEqual([
      {
        id: received.id,
        source: "charge",
        chargeId: received.id,
        studentId,
        date: "2026-11-30",
        state: "received",
        amountCents: 60,
      },
    ]);
    expect(await rowsOf({ metric: "projection", month: "2026-12" })).toEqual([
      {
        id: installment.id,
        source: "installment",
        chargeId: null,
        studentId,
        date: "2026-12-31",
        state: "unbilled",
        amountCents: 5,
      },
    ]);
  });

  test.each([
    { month: "2026-13" },
    { month: "2026-1" },
    { month: "0000-01" },
    { month: "2026-11-01" },
    { month: "2026-11", metric: "profit" },
    { month: "2026-11", metric: "fees", bucket: "1-7" },
    { month: "2026-11", metric: "overdue", bucket: "7" },
    { month: "2026-11", metric: "overdue", day: 3 },
    { month: "2026-11", metric: "due", day: 32 },
  ])("are not asked for with %j", async ({ metric = "overdue", ...input }) => {
    const finance = (await keep(NO_BOOKS))(new Date("2026-11-21T12:00:00Z"));
    const asked = { metric, ...input } as Parameters<Finance["metricRows"]>[0];
    await expect(finance.metricRows(asked)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});
