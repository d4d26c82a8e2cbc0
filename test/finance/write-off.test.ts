import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { deliver, mountFinance } from "./support/asaas-events.ts";
import { type Books, type FinanceClient, openBooks } from "./support/open-books.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

interface Owed {
  books: Books;
  owner: FinanceClient;
  chargeId: string;
  /** The provider reports the charge's payment; `at` is seconds after the first one. */
  report(event: string, payment: { status: string; [field: string]: unknown }, at: number): Promise<Response>;
  /** Cents of the charge by account, of those that are not zero. */
  balances(): Promise<Record<string, number>>;
}

/** A charge of 100 reais that is overdue, as the provider has reported it. */
async function oweMoney(): Promise<Owed> {
  const books = await openBooks(platform);
  const owner = await books.join("owner");
  const { id: chargeId, externalId } = await books.bill({ status: "overdue", dueDate: "2026-01-31" });
  await platform.database.query(
    `select guilda.post_entry($1, $2, $3, 'charge', 'charge', 'job:test', null, now(), '{"receivable": 10000, "revenue": -10000}')
       from set_config('app.actor_type', 'system', true)`,
    [books.mentoradoId, uuidv7(), chargeId],
  );
  return {
    books,
    owner,
    chargeId,
    report: (event, payment, at) =>
      deliver(platform, books.mentoradoId, {
        id: `evt_${event}_${at}_${externalId}`,
        event,
        dateCreated: `2026-06-12 10:00:${String(at).padStart(2, "0")}`,
        payment: { id: externalId, externalReference: chargeId, value: 100, netValue: 98, ...payment },
      }),
    async balances() {
      const rows = await platform.database.query(
        `select l.account, sum(l.amount_cents)::int as cents from ledger_lines l join ledger_entries e on e.mentorado_id = l.mentorado_id and e.id = l.entry_id
          where e.mentorado_id = $1 and e.charge_id = $2 group by 1 having sum(l.amount_cents) <> 0`,
        [books.mentoradoId, chargeId],
      );
      return Object.fromEntries(rows.map(({ account, cents }) => [account, cents]));
    },
  };
}

const entriesOf = async ({ owner, chargeId }: Owed) => (await owner.financial.ledger.list.query({ chargeId })).items;
const RECEIVED = { status: "RECEIVED", paymentDate: "2026-06-12" };

describe("a write-off", () => {
  test("is an entry by the person who decided it: the debt becomes a loss, and the charge says why", async () => {
    const owed = await oweMoney();
    const charge = await owed.owner.financial.charges.writeOff.mutate({ id: owed.chargeId, reason: "uncollectible" });
    expect(charge).toMatchObject({ status: "overdue", writeOffReason: "uncollectible", version: 2 });
    expect(await owed.balances()).toEqual({ losses: 10_000, revenue: -10_000 });
    const [entry] = await entriesOf(owed);
    expect(entry).toMatchObject({ kind: "write_off", source: expect.stringMatching(/^user:[0-9a-f-]{36}$/) });
  });

  test("is made once", async () => {
    const { owner, chargeId } = await oweMoney();
    const writeOff = () => owner.financial.charges.writeOff.mutate({ id: chargeId, reason: "agreement" });
    const answers = await Promise.allSettled([writeOff(), writeOff()]);
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(writeOff()).rejects.toMatchObject({ data: { errorCode: "CHARGE_WRITTEN_OFF" } });
  });

  test.each(["draft", "received", "cancelled", "refunded"] as const)("is refused for a charge that is %s", async (status) => {
    const books = await openBooks(platform);
    const owner = await books.join("owner");
    const { id } = await books.bill({ status });
    await expect(owner.financial.charges.writeOff.mutate({ id, reason: "goodwill" })).rejects.toMatchObject({
      data: { errorCode: "CHARGE_NOT_OPEN" },
    });
  });

  test("is the owner's to decide, and only in the own mentorado", async () => {
    const { books, chargeId } = await oweMoney();
    const manager = await books.join("manager");
    const stranger = await (await openBooks(platform)).join("owner");
    const input = { id: chargeId, reason: "dispute" } as const;
    await expect(manager.financial.charges.writeOff.mutate(input)).rejects.toMatchObject({ data: { code: "FORBIDDEN" } });
    await expect(stranger.financial.charges.writeOff.mutate(input)).rejects.toMatchObject({
      data: { errorCode: "CHARGE_NOT_FOUND" },
    });
  });

  test("is no longer owed and no longer overdue in the figures, but in default", async () => {
    const { owner, chargeId } = await oweMoney();
    const month = "2026-01";
    const before = await owner.financial.metrics.query({ month });
    await owner.financial.charges.writeOff.mutate({ id: chargeId, reason: "uncollectible" });
    const after = await owner.financial.metrics.query({ month });
    expect([before.overdue, after.overdue]).toEqual([10_000, 0]);
    expect([before.defaultRate, after.defaultRate]).toEqual([1, 1]);
  });

  test("ends when the money comes after all, once, however often that is told", async () => {
    const owed = await oweMoney();
    await owed.owner.financial.charges.writeOff.mutate({ id: owed.chargeId, reason: "uncollectible" });
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 1);
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 1);
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 2);
    expect(await owed.balances()).toEqual({ cash: 9_800, fees: 200, revenue: -10_000 });
    expect((await entriesOf(owed)).map(({ kind }) => kind)).toEqual(["receipt", "write_off_undone", "write_off", "charge"]);
    expect(await owed.owner.financial.charges.getById.query({ id: owed.chargeId })).toMatchObject({
      status: "received",
      writeOffReason: null,
    });
  });

  test("ends when the charge is cancelled: what was not billed is no loss", async () => {
    const owed = await oweMoney();
    await owed.owner.financial.charges.writeOff.mutate({ id: owed.chargeId, reason: "agreement" });
    await owed.report("PAYMENT_DELETED", { status: "OVERDUE", deleted: true }, 1);
    expect(await owed.balances()).toEqual({});
  });

  test("outlives what takes nothing from the debt, and a report of what was entered before it", async () => {
    const owed = await oweMoney();
    const inCash = { status: "RECEIVED_IN_CASH", paymentDate: "2026-06-12" };
    const first = { id: "evt_cash", event: "PAYMENT_RECEIVED", dateCreated: "2026-06-12 10:00:01" };
    const payment = { externalReference: owed.chargeId, value: 100, netValue: 100 };
    const [{ external_id: id } = { external_id: "" }] = await platform.database.query(
      "select external_id from charges where id = $1",
      [owed.chargeId],
    );
    await deliver(platform, owed.books.mentoradoId, { ...first, payment: { id: String(id), ...payment, ...inCash } });
    await owed.report("PAYMENT_RECEIVED_IN_CASH_UNDONE", { status: "OVERDUE" }, 2);
    await owed.owner.financial.charges.writeOff.mutate({ id: owed.chargeId, reason: "uncollectible" });
    await owed.report("PAYMENT_BANK_SLIP_VIEWED", { status: "OVERDUE" }, 3);
    await deliver(platform, owed.books.mentoradoId, { ...first, payment: { id: String(id), ...payment, ...inCash } });
    expect(await owed.balances()).toEqual({ losses: 10_000, revenue: -10_000 });
  });

  test("is taken back by hand, once, and can be made again", async () => {
    const owed = await oweMoney();
    const writeOff = () => owed.owner.financial.charges.writeOff.mutate({ id: owed.chargeId, reason: "goodwill" });
    await writeOff();
    const [entry] = await entriesOf(owed);
    const undo = () => owed.owner.financial.ledger.undo.mutate({ id: entry?.id ?? "" });
    const answers = await Promise.allSettled([undo(), undo()]);
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(undo()).rejects.toMatchObject({ data: { errorCode: "ENTRY_UNDONE" } });
    expect(await owed.balances()).toEqual({ receivable: 10_000, revenue: -10_000 });
    expect(await writeOff()).toMatchObject({ writeOffReason: "goodwill" });
    expect(await owed.balances()).toEqual({ losses: 10_000, revenue: -10_000 });
  });
});

describe("cashback", () => {
  test("is an entry that takes from the charge's cash, and no more than it brought", async () => {
    const owed = await oweMoney();
    const grant = (amountCents: number) => owed.owner.financial.charges.grantCashback.mutate({ id: owed.chargeId, amountCents });
    await expect(grant(1)).rejects.toMatchObject({ data: { errorCode: "CASHBACK_TOO_LARGE" } });
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 1);
    await grant(2_000);
    const answers = await Promise.allSettled([grant(5_000), grant(5_000)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await owed.balances()).toEqual({ cash: 2_800, cashback: 7_000, fees: 200, revenue: -10_000 });
  });

  test("is taken back by an entry, and the metrics of the month show both", async () => {
    const owed = await oweMoney();
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 1);
    await owed.owner.financial.charges.grantCashback.mutate({ id: owed.chargeId, amountCents: 1_500 });
    const [entry] = await entriesOf(owed);
    const month = (entry?.recordedAt ?? "").slice(0, 7);
    expect(await owed.owner.financial.metrics.query({ month })).toMatchObject({ adjustments: -1_500 });
    await owed.owner.financial.ledger.undo.mutate({ id: entry?.id ?? "" });
    expect(await owed.owner.financial.metrics.query({ month })).toMatchObject({ adjustments: 0 });
    expect(await owed.balances()).toEqual({ cash: 9_800, fees: 200, revenue: -10_000 });
  });

  test("leaves a chain that verifies", async () => {
    const owed = await oweMoney();
    await owed.report("PAYMENT_RECEIVED", RECEIVED, 1);
    await owed.owner.financial.charges.grantCashback.mutate({ id: owed.chargeId, amountCents: 1 });
    expect(await owed.owner.financial.ledger.verify.query()).toMatchObject({ isValid: true, entries: 3 });
  });
});

describe("an entry that the provider caused", () => {
  test("is not a person's to take back, nor is one of another mentorado", async () => {
    const owed = await oweMoney();
    const [entry] = await entriesOf(owed);
    const id = entry?.id ?? "";
    await expect(owed.owner.financial.ledger.undo.mutate({ id })).rejects.toMatchObject({
      data: { errorCode: "ENTRY_NOT_UNDOABLE" },
    });
    const stranger = await (await openBooks(platform)).join("owner");
    await expect(stranger.financial.ledger.undo.mutate({ id })).rejects.toMatchObject({ data: { errorCode: "ENTRY_NOT_FOUND" } });
  });
});
