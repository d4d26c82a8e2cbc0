import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { deliver, mountFinance } from "./support/asaas-events.ts";
import { type Books, openBooks } from "./support/open-books.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

/** Writes an entry with these lines in one transaction, as the owner of the database or as the application. */
async function enter({
  books,
  lines,
  as,
}: {
  books: Books;
  lines: readonly (readonly [string, number])[];
  as: "owner" | "guilda_app";
}) {
  const { id: chargeId } = await books.bill();
  const entryId = uuidv7();
  const client = new pg.Client({ connectionString: platform.database.databaseUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query(
      "select set_config('app.actor_type', 'system', true), set_config('app.mentorado_id', $1, true), set_config('role', $2, true)",
      [books.mentoradoId, as === "owner" ? "none" : as],
    );
    await client.query("insert into ledger_entries (mentorado_id, id, kind, charge_id) values ($1, $2, 'receipt', $3)", [
      books.mentoradoId,
      entryId,
      chargeId,
    ]);
    for (const [account, amount] of lines) {
      await client.query("insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) values ($1, $2, $3, $4)", [
        books.mentoradoId,
        entryId,
        account,
        amount,
      ]);
    }
    await client.query("commit");
  } finally {
    await client.end();
  }
  return entryId;
}

async function pay(books: Books, { id, externalId }: { id: string; externalId: string }, netValue: number): Promise<void> {
  const payment = { id: externalId, status: "RECEIVED", externalReference: id, netValue };
  expect((await deliver(platform, books.mentoradoId, { event: "PAYMENT_RECEIVED", payment })).status).toBe(200);
}

describe("an entry", () => {
  test.each([
    { what: "with one side alone", lines: [["cash", 10_000]] as const },
    {
      what: "with sides that differ by a cent",
      lines: [
        ["cash", 10_000],
        ["receivable", -9_999],
      ] as const,
    },
    { what: "without lines", lines: [] as const },
    { what: "with one line of nothing", lines: [["cash", 0]] as const },
  ])("$what cannot be committed, not even by the owner of the database", async ({ lines }) => {
    const books = await openBooks(platform);
    for (const as of ["owner", "guilda_app"] as const) {
      await expect(enter({ books, lines, as })).rejects.toMatchObject({ code: "GU500", message: "LEDGER_UNBALANCED" });
    }
    expect(await platform.database.query("select 1 from ledger_entries where mentorado_id = $1", [books.mentoradoId])).toEqual(
      [],
    );
  });

  test("cannot be unbalanced later by one more line", async () => {
    const books = await openBooks(platform);
    const entryId = await enter({
      books,
      lines: [
        ["cash", 5],
        ["receivable", -5],
      ],
      as: "guilda_app",
    });
    await expect(
      platform.database.query(
        "insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) select $1::uuid, $2::uuid, 'fees', 1 from set_config('app.actor_type', 'system', true)",
        [books.mentoradoId, entryId],
      ),
    ).rejects.toMatchObject({ message: "LEDGER_UNBALANCED" });
  });

  test.each([
    "update ledger_entries set kind = 'charge' where id = $1",
    "delete from ledger_entries where id = $1",
    "update ledger_lines set amount_cents = amount_cents * 2 where entry_id = $1",
    "delete from ledger_lines where entry_id = $1",
  ])("is never changed: %s", async (statement) => {
    const books = await openBooks(platform);
    const entryId = await enter({
      books,
      lines: [
        ["cash", 5],
        ["receivable", -5],
      ],
      as: "guilda_app",
    });
    await expect(platform.database.query(statement, [entryId])).rejects.toMatchObject({ code: "GU403", message: "APPEND_ONLY" });
  });

  test.each(["ledger_entries", "ledger_lines", "charge_events", "audit_log"])("%s is never emptied", async (table) => {
    await expect(platform.database.query(`truncate ${table} cascade`)).rejects.toMatchObject({ message: "APPEND_ONLY" });
  });
});

describe("the ledger that is read", () => {
  test("has each entry with its lines, newest first, and balances that equal the sums of all lines", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("manager");
    const charges = [
      await books.bill({ amountCents: 10_000 }),
      await books.bill({ amountCents: 2_500 }),
      await books.bill({ amountCents: 1 }),
    ];
    const nets = [97.01, 25, 0.01];
    for (const [index, charge] of charges.entries()) await pay(books, charge, nets[index] ?? 0);

    const first = await finance.financial.ledger.list.query({ limit: 2 });
    const rest = await finance.financial.ledger.list.query({ limit: 2, cursor: first.nextCursor ?? "" });
    const items = [...first.items, ...rest.items];
    expect(items.map(({ chargeId }) => chargeId)).toEqual(charges.map(({ id }) => id).toReversed());
    expect(rest.nextCursor).toBeNull();
    expect(items.map(({ lines }) => lines)).toEqual([
      [
        { account: "cash", amountCents: 1 },
        { account: "receivable", amountCents: -1 },
      ],
      [
        { account: "cash", amountCents: 2_500 },
        { account: "receivable", amountCents: -2_500 },
      ],
      [
        { account: "cash", amountCents: 9_701 },
        { account: "fees", amountCents: 299 },
        { account: "receivable", amountCents: -10_000 },
      ],
    ]);
    const sums = await platform.database.query(
      `select account, sum(amount_cents)::integer as "balanceCents" from ledger_lines where mentorado_id = $1 group by 1 order by 1`,
      [books.mentoradoId],
    );
    expect(first.balances).toEqual(sums);
    expect(rest.balances).toEqual(sums);
    expect(sums.reduce((sum, { balanceCents }) => sum + Number(balanceCents), 0)).toBe(0);

    const [charge] = charges;
    const ofOne = await finance.financial.ledger.list.query({ chargeId: charge?.id ?? "" });
    expect(ofOne.items).toMatchObject([{ kind: "receipt", chargeId: charge?.id, sourceEventId: expect.any(String) }]);
  });

  test("shows another practice nothing, not even in its balances", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    const charge = await books.bill();
    await pay(books, charge, 97.01);
    const finance = await others.join("owner");
    expect(await finance.financial.ledger.list.query({ chargeId: charge.id })).toEqual({
      items: [],
      nextCursor: null,
      balances: [],
    });
    await expect(finance.financial.charges.getById.query({ id: charge.id })).rejects.toMatchObject({
      data: { code: "NOT_FOUND", errorCode: "CHARGE_NOT_FOUND" },
    });
    expect((await finance.financial.charges.list.query()).items).toEqual([]);
  });

  test.each(["sales", "success", "support", "viewer"] as const)("is not for %s", async (role) => {
    const books = await openBooks(platform);
    const finance = await books.join(role);
    const refusal = { data: { code: "FORBIDDEN", errorCode: "PERMISSION_REQUIRED" } };
    await expect(finance.financial.ledger.list.query()).rejects.toMatchObject(refusal);
    await expect(finance.financial.charges.list.query()).rejects.toMatchObject(refusal);
    await expect(finance.financial.charges.getById.query({ id: uuidv7() })).rejects.toMatchObject(refusal);
  });
});

describe("the charges that are read", () => {
  test("are chosen by status and student, and have pages", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    const pending = [await books.bill(), await books.bill(), await books.bill()].map(({ id }) => id);
    const overdue = (await books.bill({ status: "overdue" })).id;
    const idsOf = async (input: { status?: "pending" | "overdue" | "refunded"; studentId?: string }) =>
      (await finance.financial.charges.list.query(input)).items.map(({ id }) => id);
    expect(await idsOf({})).toEqual([overdue, ...pending.toReversed()]);
    expect(await idsOf({ status: "overdue" })).toEqual([overdue]);
    expect(await idsOf({ status: "refunded" })).toEqual([]);
    expect(await idsOf({ studentId: books.studentId, status: "pending" })).toEqual(pending.toReversed());
    expect(await idsOf({ studentId: uuidv7() })).toEqual([]);
    const first = await finance.financial.charges.list.query({ limit: 3 });
    const rest = await finance.financial.charges.list.query({ limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual([overdue, ...pending.toReversed()]);
    expect(rest.nextCursor).toBeNull();
  });

  test("tell what the provider's events did, in the order in which they happened there", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    const charge = await books.bill();
    const happened = [
      { event: "PAYMENT_RECEIVED", status: "RECEIVED", dateCreated: "2026-06-12 16:45:03" },
      { event: "PAYMENT_CREATED", status: "PENDING", dateCreated: "2026-06-12 16:45:01" },
    ];
    for (const { status, ...event } of happened) {
      const payment = { id: charge.externalId, status, externalReference: charge.id, netValue: 97.01 };
      await deliver(platform, books.mentoradoId, { ...event, payment });
    }
    expect(await finance.financial.charges.getById.query({ id: charge.id })).toMatchObject({
      id: charge.id,
      status: "received",
      amountCents: 10_000,
      netCents: 9_701,
      currency: "BRL",
      externalId: charge.externalId,
      events: [
        { eventType: "PAYMENT_CREATED", outcome: "superseded", recordedAt: "2026-06-12T19:45:01.000Z" },
        { eventType: "PAYMENT_RECEIVED", outcome: "applied", recordedAt: "2026-06-12T19:45:03.000Z" },
      ],
      reminders: [],
    });
  });
});
