import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { asForger } from "./support/ledger-entries.ts";
import { type FinanceClient, openBooks } from "./support/open-books.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

const START_MS = Date.parse("2026-11-21T12:00:00.000Z");

interface Known {
  id: string;
  chargeId: string;
  recordedAt: string;
  lines: Record<string, number>;
}

/** Entries that became known at given times, as if those were now; their hashes are none, nobody verifies them here. */
async function record(mentoradoId: string, entries: readonly Known[]): Promise<void> {
  const rows = entries.map(({ id, chargeId, recordedAt }, index) => ({ id, chargeId, recordedAt, seq: index + 1 }));
  const lines = entries.flatMap(({ id, lines }) => Object.entries(lines).map(([account, cents]) => ({ id, account, cents })));
  await asForger(
    platform.database,
    async (client) => {
      await client.query(
        `insert into ledger_entries (mentorado_id, id, seq, kind, charge_id, movement, source, occurred_at, recorded_at, previous_hash, hash)
         select $1, e.id, e.seq, 'receipt', e."chargeId", 'movement:' || e.seq, 'job:test', e."recordedAt", e."recordedAt", '', ''
           from jsonb_to_recordset($2) as e(id uuid, seq bigint, "chargeId" uuid, "recordedAt" timestamptz)`,
        [mentoradoId, JSON.stringify(rows)],
      );
      await client.query(
        `insert into ledger_lines (mentorado_id, entry_id, account, amount_cents)
         select $1, l.id, l.account, l.cents from jsonb_to_recordset($2) as l(id uuid, account text, cents bigint)`,
        [mentoradoId, JSON.stringify(lines)],
      );
    },
    "commit",
  );
}

/** Every id and the balances of the list, page by page. */
async function listAll(finance: FinanceClient, input: { at: string; limit: number; chargeId?: string }) {
  const pages = [await finance.financial.ledger.list.query(input)];
  for (let page = pages[0]; page?.nextCursor != null; page = pages.at(-1))
    pages.push(await finance.financial.ledger.list.query({ ...input, cursor: page.nextCursor }));
  return { ids: pages.flatMap(({ items }) => items.map(({ id }) => id)), balances: pages.map(({ balances }) => balances) };
}

function sumsOf(entries: readonly Known[]) {
  const sums = new Map<string, number>();
  for (const [account, cents] of entries.flatMap(({ lines }) => Object.entries(lines)))
    sums.set(account, (sums.get(account) ?? 0) + cents);
  return [...sums.keys()].toSorted().map((account) => ({ account, currency: "BRL", balanceCents: sums.get(account) ?? 0 }));
}

const offsetMs = fc.nat({ max: 50 });
const entry = fc.record({
  offsetMs,
  charge: fc.nat({ max: 1 }),
  account: fc.constantFrom("cash", "fees", "refunds"),
  cents: fc.integer({ min: -1_000, max: 1_000 }).filter((cents) => cents !== 0),
});

test("an instant shows every list and every balance as it was known then: what a reader of all entries would count", {
  timeout: 120_000,
}, async () => {
  const write = fc.record({
    entries: fc.array(entry, { maxLength: 25 }),
    // Some of them exactly when an entry became known, some before all and after all.
    asked: fc.array(fc.integer({ min: -2, max: 53 }), { minLength: 1, maxLength: 4 }),
    limit: fc.integer({ min: 1, max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(write, async ({ entries, asked, limit }) => {
      const books = await openBooks(platform);
      const finance = await books.join("manager");
      const charges = [(await books.bill()).id, (await books.bill()).id];
      const known = entries.map(({ offsetMs, charge, account, cents }) => ({
        id: uuidv7(),
        chargeId: charges[charge] ?? "",
        recordedAt: new Date(START_MS + offsetMs).toISOString(),
        lines: { [account]: cents, receivable: -cents },
      }));
      await record(books.mentoradoId, known);
      for (const offset of asked) {
        const at = new Date(START_MS + offset).toISOString();
        const then = known.filter(({ recordedAt }) => recordedAt <= at);
        const newestFirst = then.map(({ id }) => id).toReversed();
        const listed = await listAll(finance, { at, limit });
        expect(listed.ids).toEqual(newestFirst);
        for (const balances of listed.balances) expect(balances).toEqual(sumsOf(then));
        const last = then.at(-1);
        expect(await finance.financial.ledger.balances.query({ at })).toEqual({
          through: last === undefined ? null : { seq: known.indexOf(last) + 1, id: last.id, recordedAt: last.recordedAt },
          balances: sumsOf(then),
        });
        const [chargeId = ""] = charges;
        const ofCharge = then.filter((each) => each.chargeId === chargeId).map(({ id }) => id);
        expect((await listAll(finance, { at, limit, chargeId })).ids).toEqual(ofCharge.toReversed());
      }
    }),
    { numRuns: 15 },
  );
});

test("an instant may be written in any zone, and is refused when it is none", async () => {
  const books = await openBooks(platform);
  const finance = await books.join("owner");
  const { id: chargeId } = await books.bill();
  const id = uuidv7();
  await record(books.mentoradoId, [{ id, chargeId, recordedAt: "2026-11-21T12:00:00.000Z", lines: { cash: 1, receivable: -1 } }]);
  const seqAt = async (at: string) => (await finance.financial.ledger.balances.query({ at })).through?.seq;
  expect(await seqAt("2026-11-21T09:00:00-03:00")).toBe(1);
  expect(await seqAt("2026-11-21T08:59:59.999-03:00")).toBeUndefined();
  for (const at of ["yesterday", "2026-11-21", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", ""]) {
    const refusal = { data: { code: "BAD_REQUEST" } };
    await expect(finance.financial.ledger.balances.query({ at })).rejects.toMatchObject(refusal);
    await expect(finance.financial.ledger.list.query({ at })).rejects.toMatchObject(refusal);
  }
});
