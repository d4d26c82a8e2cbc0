import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LEDGER_ACCOUNTS, LEDGER_KINDS } from "../../shared/db/schema/money.ts";
import { EXPORT_PROBLEMS } from "../../shared/ledger/check-export.ts";
import { entryText, type LedgerRecord } from "../../shared/ledger/entry.ts";
import { ROOT } from "../local/state.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { checkLines } from "./support/ledger-entries.ts";

const PAGE = readFileSync(join(ROOT, "docs/ledger.md"), "utf8");
const EXAMPLE = blockOf("json").split("\n");

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

function blockOf(language: string): string {
  const text = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``).exec(PAGE)?.[1];
  if (text === undefined) throw new Error(`The page has no block of ${language}`);
  return text;
}

function entriesOfExample(): LedgerRecord[] {
  return EXAMPLE.slice(0, -1).map((line) => JSON.parse(line) as LedgerRecord);
}

test("the example of the page is a valid file", async () => {
  const verdict = await checkLines(EXAMPLE);
  expect(verdict).toMatchObject({ isValid: true, entries: 2, firstBad: null });
  expect(PAGE).toContain(`\n\`${verdict.headHash}\`. With tools`);
});

test("the text and the hash of the page's example are those that its five steps give, done by hand", () => {
  const [first, second] = entriesOfExample();
  const bytes = Buffer.concat([Buffer.from(first?.hash ?? "", "hex"), Buffer.from(blockOf("text"), "utf8")]);
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(second?.hash);
  expect(PAGE).toContain(`After the bytes of \`${first?.hash}\``);
  expect(PAGE).toContain(`printf ${first?.hash} |`);
});

test("the database makes the same text and the same hash of the example", async () => {
  for (const entry of entriesOfExample()) {
    const lines = entry.lines.map(({ account, amountCents, currency }) => `${account} ${amountCents} ${currency}`).join("\n");
    const [row] = await database.query<{ text: string; hash: string }>(
      `select text, encode(sha256(decode($3, 'hex') || convert_to(text, 'UTF8')), 'hex') as hash
         from guilda.ledger_text(jsonb_populate_record(null::ledger_entries, $1), $2) text`,
      [JSON.stringify(columnsOf(entry)), lines, entry.previousHash],
    );
    expect(row).toEqual({ text: entryText(entry), hash: entry.hash });
  }
  expect(entryText(entriesOfExample()[1] as LedgerRecord)).toBe(blockOf("text"));
});

function columnsOf({ mentoradoId, seq, id, kind, chargeId, movement, source, occurredAt, recordedAt }: LedgerRecord) {
  return {
    mentorado_id: mentoradoId,
    seq,
    id,
    kind,
    charge_id: chargeId,
    movement,
    source,
    occurred_at: occurredAt,
    recorded_at: recordedAt,
  };
}

test("the page knows every account, every kind and every problem", () => {
  for (const word of [...LEDGER_ACCOUNTS, ...LEDGER_KINDS]) expect(PAGE).toContain(`\n| \`${word}\` |`);
  for (const problem of Object.keys(EXPORT_PROBLEMS)) expect(PAGE).toContain(`\`${problem}\``);
});
