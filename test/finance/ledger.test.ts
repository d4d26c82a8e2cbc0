import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { deliver, mountFinance } from "./support/asaas-events.ts";
import { postEntry } from "./support/ledger-entries.ts";
import { type Books, openBooks } from "./support/open-books.ts";

const POST = "select guilda.post_entry($1, $2, $3, 'receipt', $4, 'job:test', null, now(), $5) as added";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

/**
 * Writes an entry with these lines in one transaction, past `guilda.post_entry`, as the owner of the database or as the application.
 * Its hashes are none: what is tested is what is refused even so.
 */
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
  await withRole({ mentoradoId: books.mentoradoId, as }, async (client) => {
    await client.query(
      `insert into ledger_entries (mentorado_id, id, seq, kind, charge_id, movement, source, occurred_at, recorded_at, previous_hash, hash)
       values ($1, $2, 1, 'receipt', $3, 'receipt', 'job:test', now(), now(), '', '')`,
      [books.mentoradoId, entryId, chargeId],
    );
    for (const [account, amount] of lines) {
      await client.query("insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) values ($1, $2, $3, $4)", [
        books.mentoradoId,
        entryId,
        account,
        amount,
      ]);
    }
  });
  return entryId;
}

/** One transaction of a role, for this mentorado. */
async function withRole<Result>(
  { mentoradoId, as }: { mentoradoId: string; as: "owner" | "guilda_app" },
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: platform.database.databaseUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query(
      "select set_config('app.actor_type', 'system', true), set_config('app.mentorado_id', $1, true), set_config('role', $2, true)",
      [mentoradoId, as === "owner" ? "none" : as],
    );
    const result = await work(client);
    await client.query("commit");
    return result;
  } finally {
    await client.end();
  }
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

  test.each([
    "update ledger_entries set kind = kind",
    "delete from ledger_entries",
    "update ledger_lines set amount_cents = amount_cents",
    "delete from ledger_lines",
    "delete from ledger_heads",
    "truncate ledger_entries cascade",
    "alter table ledger_entries disable trigger append_only",
    "set local session_replication_role = replica",
  ])("is not the application's to change: %s", async (statement) => {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    const { mentoradoId } = books;
    await postEntry(platform.database, { mentoradoId, chargeId, movement: "receipt", lines: { cash: 5, receivable: -5 } });
    await expect(withRole({ mentoradoId, as: "guilda_app" }, (client) => client.query(statement))).rejects.toMatchObject({
      code: "42501",
    });
  });

  test.each(["ledger_entries", "ledger_lines", "charge_events", "audit_log"])("%s is never emptied", async (table) => {
    await expect(platform.database.query(`truncate ${table} cascade`)).rejects.toMatchObject({ message: "APPEND_ONLY" });
  });
});

describe("posting", () => {
  const LINES = { cash: 9_701, fees: 299, receivable: -10_000 };

  test("leaves a chain without gaps however many post at once, in the order in which the entries became known", async () => {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    const { mentoradoId } = books;
    const movements = Array.from({ length: 30 }, (_, index) => `receipt:${index}`);
    const posted = await Promise.all(
      movements.map((movement) =>
        withRole({ mentoradoId, as: "guilda_app" }, async (client) => {
          const { rows } = await client.query<{ added: boolean }>(POST, [mentoradoId, uuidv7(), chargeId, movement, LINES]);
          return rows[0]?.added;
        }),
      ),
    );
    expect(posted).toEqual(movements.map(() => true));
    const rows = await platform.database.query<{ seq: number; isOrdered: boolean }>(
      `select seq::integer, recorded_at >= lag(recorded_at, 1, '-infinity') over (order by seq) as "isOrdered"
         from ledger_entries where mentorado_id = $1 order by seq`,
      [mentoradoId],
    );
    expect(rows).toEqual(movements.map((_, index) => ({ seq: index + 1, isOrdered: true })));
    const finance = await books.join("owner");
    expect(await finance.financial.ledger.verify.query()).toMatchObject({ isValid: true, entries: 30, firstBad: null });
  });

  test("enters a movement once, however many report it at once", async () => {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    const { mentoradoId } = books;
    const posted = await Promise.all(
      Array.from({ length: 10 }, () =>
        withRole({ mentoradoId, as: "guilda_app" }, async (client) => {
          const { rows } = await client.query<{ added: boolean }>(POST, [mentoradoId, uuidv7(), chargeId, "receipt", LINES]);
          return rows[0]?.added;
        }),
      ),
    );
    expect(posted.toSorted()).toEqual([...Array.from({ length: 9 }, () => false), true]);
    const finance = await books.join("owner");
    expect(await finance.financial.ledger.verify.query()).toMatchObject({ isValid: true, entries: 1 });
  });

  test("enters nothing where nothing moves, and nothing for a charge that is not there", async () => {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    const { mentoradoId } = books;
    const { database } = platform;
    const nothing = { cash: 0, receivable: 0 };
    expect((await postEntry(database, { mentoradoId, chargeId, movement: "receipt", lines: nothing })).isAdded).toBe(false);
    expect((await postEntry(database, { mentoradoId, chargeId: uuidv7(), movement: "receipt", lines: LINES })).isAdded).toBe(
      false,
    );
    const finance = await books.join("owner");
    expect(await finance.financial.ledger.verify.query()).toEqual({
      isValid: true,
      entries: 0,
      firstBad: null,
      headHash: "0".repeat(64),
      through: null,
      balances: [],
    });
  });

  test("is undone as a whole when the transaction is: the chain goes on as if it had not been", async () => {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    const { mentoradoId } = books;
    const unbalanced = { cash: 5, receivable: -4 };
    await postEntry(platform.database, { mentoradoId, chargeId, movement: "first", lines: LINES });
    await expect(
      postEntry(platform.database, { mentoradoId, chargeId, movement: "second", lines: unbalanced }),
    ).rejects.toMatchObject({ message: "LEDGER_UNBALANCED" });
    await postEntry(platform.database, { mentoradoId, chargeId, movement: "third", lines: LINES });
    const finance = await books.join("owner");
    expect(await finance.financial.ledger.verify.query()).toMatchObject({ isValid: true, entries: 2, through: { seq: 2 } });
  });
});

describe("the ledger that is read", () => {
  test("has each entry with its lines, newest first, and balances that equal the sums of all lines", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("manager");
    const { mentoradoId } = books;
    const charges = [await books.bill(), await books.bill(), await books.bill()].map(({ id }) => id);
    const amounts: Record<string, number>[] = [
      { cash: 9_701, fees: 299, receivable: -10_000 },
      { cash: 2_500, receivable: -2_500 },
      { cash: 1, receivable: -1 },
    ];
    const ids: string[] = [];
    for (const [index, lines] of amounts.entries()) {
      const posting = { chargeId: charges[index] ?? "", movement: "receipt:2026-06-12", source: `asaas:evt_${index}`, lines };
      const occurredAt = `2026-06-12T19:45:0${index}.123Z`;
      ids.push((await postEntry(platform.database, { mentoradoId, occurredAt, ...posting })).id);
    }

    const first = await finance.financial.ledger.list.query({ limit: 2 });
    const rest = await finance.financial.ledger.list.query({ limit: 2, cursor: first.nextCursor ?? "" });
    const items = [...first.items, ...rest.items].toReversed();
    expect(rest.nextCursor).toBeNull();
    expect(items).toEqual(
      amounts.map((lines, index) => ({
        id: ids[index],
        seq: index + 1,
        kind: "receipt",
        chargeId: charges[index],
        movement: "receipt:2026-06-12",
        source: `asaas:evt_${index}`,
        sourceEventId: null,
        occurredAt: `2026-06-12T19:45:0${index}.123Z`,
        recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        lines: Object.entries(lines).map(([account, amountCents]) => ({ account, amountCents })),
      })),
    );
    const sums = await platform.database.query(
      `select account, currency, sum(amount_cents)::integer as "balanceCents" from ledger_lines where mentorado_id = $1 group by 1, 2 order by 1`,
      [mentoradoId],
    );
    expect(first.balances).toEqual(sums);
    expect(rest.balances).toEqual(sums);
    expect(sums.reduce((sum, { balanceCents }) => sum + Number(balanceCents), 0)).toBe(0);
    expect(await finance.financial.ledger.balances.query()).toEqual({
      through: { seq: 3, id: ids[2], recordedAt: items[2]?.recordedAt },
      balances: sums,
    });
    expect(await finance.financial.ledger.verify.query()).toEqual({
      isValid: true,
      entries: 3,
      firstBad: null,
      headHash: items[2]?.hash,
      through: { seq: 3, id: ids[2] },
      balances: sums,
    });

    const ofOne = await finance.financial.ledger.list.query({ chargeId: charges[1] ?? "" });
    expect(ofOne.items.map(({ id }) => id)).toEqual([ids[1]]);
  });

  test("shows another practice nothing, not even in its balances", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    const charge = await books.bill();
    const { mentoradoId } = books;
    await postEntry(platform.database, {
      mentoradoId,
      chargeId: charge.id,
      movement: "receipt",
      lines: { cash: 5, receivable: -5 },
    });
    const finance = await others.join("owner");
    expect(await finance.financial.ledger.balances.query()).toEqual({ through: null, balances: [] });
    expect(await finance.financial.ledger.verify.query()).toMatchObject({ entries: 0, headHash: "0".repeat(64), balances: [] });
    const empty = { mentoradoId: others.mentoradoId, seq: 0, hash: "0".repeat(64) };
    expect(await finance.financial.ledger.export.query()).toEqual({ items: [], nextCursor: null, head: empty });
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
    for (const procedure of ["list", "balances", "verify", "export"] as const)
      await expect(finance.financial.ledger[procedure].query()).rejects.toMatchObject(refusal);
    await expect(finance.financial.charges.list.query()).rejects.toMatchObject(refusal);
    await expect(finance.financial.charges.getById.query({ id: uuidv7() })).rejects.toMatchObject(refusal);
  });
});

describe("the charges that are read", () => {
  test("are chosen by status, student, kind and due date, and have pages", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    const pending = [await books.bill(), await books.bill(), await books.bill()].map(({ id }) => id);
    const overdue = (await books.bill({ status: "overdue" })).id;
    const idsOf = async (input: Parameters<typeof finance.financial.charges.list.query>[0]) =>
      (await finance.financial.charges.list.query(input)).items.map(({ id }) => id);
    expect(await idsOf({})).toEqual([overdue, ...pending.toReversed()]);
    expect(await idsOf({ status: "overdue" })).toEqual([overdue]);
    expect(await idsOf({ status: "refunded" })).toEqual([]);
    expect(await idsOf({ studentId: books.studentId, status: "pending" })).toEqual(pending.toReversed());
    expect(await idsOf({ studentId: uuidv7() })).toEqual([]);
    expect(await idsOf({ billingType: "pix" })).toHaveLength(4);
    expect(await idsOf({ billingType: "boleto" })).toEqual([]);
    const early = (await books.bill({ dueDate: "2027-01-30" })).id;
    expect(await idsOf({ dueTo: "2027-01-30" })).toEqual([early]);
    expect(await idsOf({ dueFrom: "2027-01-30", dueTo: "2027-01-31" })).toEqual([early, overdue, ...pending.toReversed()]);
    expect(await idsOf({ dueFrom: "2027-01-31" })).toEqual([overdue, ...pending.toReversed()]);
    const first = await finance.financial.charges.list.query({ limit: 3 });
    const rest = await finance.financial.charges.list.query({ limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual([early, overdue, ...pending.toReversed()]);
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
