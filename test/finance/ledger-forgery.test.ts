import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GENESIS_HASH } from "../../shared/ledger/entry.ts";
import { LEDGER_PROBLEMS, type LedgerFinding, type LedgerProblem } from "../../shared/ledger/problems.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { asForger, checkLines, exportWithin, postEntry, verifyWithin } from "./support/ledger-entries.ts";
import { type Books, openBooks } from "./support/open-books.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

interface Entry {
  seq: number;
  id: string;
}

interface Scene {
  forger: pg.Client;
  mentoradoId: string;
  /** By seq. */
  entries: readonly Entry[];
  /** The one to be forged. */
  target: Entry;
}

interface Forgery {
  what: string;
  forge(scene: Scene): Promise<unknown>;
  /** What must be found. */
  finding(scene: Scene): LedgerFinding;
  /** An export has entries alone, so lines of none are not in it. */
  isOutsideExport?: boolean;
}

const at =
  (problem: LedgerProblem) =>
  ({ target: { seq, id } }: Scene): LedgerFinding => ({ seq, id, problem });
const missing = ({ target: { seq } }: Scene): LedgerFinding => ({ seq, id: null, problem: "missing" });
const nextOf = ({ entries, target }: Scene): Entry | undefined => entries.find(({ seq }) => seq === target.seq + 1);
const lastOf = ({ entries }: Scene): Entry => entries.at(-1) ?? { seq: 0, id: "" };
const atEnd = (scene: Scene): LedgerFinding => ({ ...lastOf(scene), problem: "head" });

function onEntry(change: string): Forgery["forge"] {
  return ({ forger, mentoradoId, target }) =>
    forger.query(`update ledger_entries set ${change} where mentorado_id = $1 and id = $2`, [mentoradoId, target.id]);
}

function onLines(statement: string): Forgery["forge"] {
  return ({ forger, mentoradoId, target }) => forger.query(statement, [mentoradoId, target.id]);
}

function onHead(statement: string): Forgery["forge"] {
  return ({ forger, mentoradoId }) => forger.query(statement, [mentoradoId]);
}

const DELETE = onLines(
  `with gone as (delete from ledger_lines where mentorado_id = $1 and entry_id = $2)
   delete from ledger_entries where mentorado_id = $1 and id = $2`,
);

const ANY_LINE = "(select min(account) from ledger_lines where mentorado_id = $1 and entry_id = $2)";

/** Gives the entry the hash that belongs to what it says now. */
const REHASH = `update ledger_entries e set hash = sha256(e.previous_hash || convert_to(guilda.ledger_text(e,
    (select string_agg(concat_ws(' ', l.account, l.amount_cents, l.currency), E'\\n' order by l.account collate "C")
       from ledger_lines l where l.mentorado_id = e.mentorado_id and l.entry_id = e.id)), 'UTF8'))
  where e.mentorado_id = $1 and e.id = $2`;

/** Inserts a balanced entry that continues the chain before `seq`, with the right hashes of its own. */
async function insertForged({ forger, mentoradoId }: Scene, seq: number): Promise<void> {
  await forger.query(
    `insert into ledger_entries (mentorado_id, id, seq, kind, charge_id, movement, source, occurred_at, recorded_at, previous_hash, hash)
     select $1::uuid, $2::uuid, $3::bigint, 'receipt', gen_random_uuid(), 'forged', 'job:forged', date_trunc('milliseconds', now()), date_trunc('milliseconds', now()),
       coalesce((select hash from ledger_entries where mentorado_id = $1 and seq = $3::bigint - 1), decode($4, 'hex')), ''`,
    [mentoradoId, FORGED, seq, GENESIS_HASH],
  );
  await forger.query(
    "insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) values ($1, $2, 'cash', 1), ($1, $2, 'receivable', -1)",
    [mentoradoId, FORGED],
  );
  await forger.query(REHASH, [mentoradoId, FORGED]);
}

/** Numbers of entries from `seq` on, moved by one; in two steps, because each number is there once. */
async function shift({ forger, mentoradoId }: Scene, from: number): Promise<void> {
  await forger.query("update ledger_entries set seq = -seq where mentorado_id = $1 and seq >= $2", [mentoradoId, from]);
  await forger.query("update ledger_entries set seq = 1 - seq where mentorado_id = $1 and seq < 0", [mentoradoId]);
}

const STRAY = randomUUID();
const FORGED = randomUUID();

const FORGERIES: readonly Forgery[] = [
  {
    what: "an amount",
    forge: onLines(
      `update ledger_lines set amount_cents = amount_cents + 1 where mentorado_id = $1 and entry_id = $2 and account = ${ANY_LINE}`,
    ),
    finding: at("hash"),
  },
  {
    what: "every amount, balanced as before",
    forge: onLines("update ledger_lines set amount_cents = amount_cents * 2 where mentorado_id = $1 and entry_id = $2"),
    finding: at("hash"),
  },
  {
    what: "the account of a line",
    forge: onLines(
      `update ledger_lines set account = 'elsewhere' where mentorado_id = $1 and entry_id = $2 and account = ${ANY_LINE}`,
    ),
    finding: at("hash"),
  },
  {
    what: "the currency",
    forge: onLines("update ledger_lines set currency = 'USD' where mentorado_id = $1 and entry_id = $2"),
    finding: at("hash"),
  },
  { what: "the kind", forge: onEntry("kind = kind || '_x'"), finding: at("hash") },
  { what: "the charge", forge: onEntry("charge_id = gen_random_uuid()"), finding: at("hash") },
  { what: "the movement", forge: onEntry("movement = movement || ':2'"), finding: at("hash") },
  { what: "the source", forge: onEntry("source = 'user:somebody-else'"), finding: at("hash") },
  { what: "the time at which it happened", forge: onEntry("occurred_at = occurred_at + interval '1 ms'"), finding: at("hash") },
  { what: "the time at which it was known", forge: onEntry("recorded_at = recorded_at - interval '1 ms'"), finding: at("hash") },
  { what: "its own hash", forge: onEntry("hash = sha256(hash)"), finding: at("hash") },
  { what: "the hash that it carries", forge: onEntry("previous_hash = sha256(previous_hash)"), finding: at("previous_hash") },
  {
    what: "an amount together with its hash, so that only what follows can tell",
    async forge(scene) {
      await onLines("update ledger_lines set amount_cents = amount_cents * 2 where mentorado_id = $1 and entry_id = $2")(scene);
      await onLines(REHASH)(scene);
    },
    finding(scene) {
      const next = nextOf(scene);
      return next === undefined ? atEnd(scene) : { ...next, problem: "previous_hash" };
    },
  },
  {
    what: "an amount together with its hash, unbalanced",
    async forge(scene) {
      await onLines(
        `update ledger_lines set amount_cents = amount_cents + 1 where mentorado_id = $1 and entry_id = $2 and account = ${ANY_LINE}`,
      )(scene);
      await onLines(REHASH)(scene);
    },
    finding: at("unbalanced"),
  },
  {
    what: "words that move from the source to the movement, so that the text stays",
    async forge(scene) {
      await onEntry("movement = movement || E'\\n' || source, source = 'x'")(scene);
      await onLines(REHASH)(scene);
    },
    finding: at("malformed"),
  },
  {
    what: "a line hidden in the name of another one's account, so that the text stays",
    forge: onLines(
      `with gone as (delete from ledger_lines where mentorado_id = $1 and entry_id = $2 and account = ${ANY_LINE} returning *)
       update ledger_lines l set account = concat_ws(' ', gone.account, gone.amount_cents, gone.currency) || E'\\n' || l.account from gone
        where l.mentorado_id = $1 and l.entry_id = $2
          and l.account = (select min(account) from ledger_lines where mentorado_id = $1 and entry_id = $2 and account <> gone.account)`,
    ),
    finding: at("malformed"),
  },
  {
    what: "a deleted line",
    forge: onLines(`delete from ledger_lines where mentorado_id = $1 and entry_id = $2 and account = ${ANY_LINE}`),
    finding: at("hash"),
  },
  {
    what: "all lines deleted",
    forge: onLines("delete from ledger_lines where mentorado_id = $1 and entry_id = $2"),
    finding: at("hash"),
  },
  {
    what: "all lines deleted, rehashed",
    async forge(scene) {
      await onLines("delete from ledger_lines where mentorado_id = $1 and entry_id = $2")(scene);
      await onLines(REHASH)(scene);
    },
    finding: at("unbalanced"),
  },
  { what: "a deleted entry", forge: DELETE, finding: missing },
  {
    what: "a deleted entry whose lines are left",
    forge: onLines("delete from ledger_entries where mentorado_id = $1 and id = $2"),
    finding: missing,
  },
  {
    what: "a deleted entry, the later ones moved up",
    async forge(scene) {
      await DELETE(scene);
      const { forger, mentoradoId, target } = scene;
      await forger.query("update ledger_entries set seq = -seq where mentorado_id = $1 and seq > $2", [mentoradoId, target.seq]);
      await forger.query("update ledger_entries set seq = -seq - 1 where mentorado_id = $1 and seq < 0", [mentoradoId]);
    },
    finding(scene) {
      const next = nextOf(scene);
      return next === undefined ? missing(scene) : { seq: scene.target.seq, id: next.id, problem: "previous_hash" };
    },
  },
  {
    what: "a pair that changed places",
    async forge(scene) {
      const { forger, mentoradoId } = scene;
      const { seq } = firstOfPair(scene);
      await forger.query("update ledger_entries set seq = -seq where mentorado_id = $1 and seq in ($2, $3)", [
        mentoradoId,
        seq,
        seq + 1,
      ]);
      await forger.query("update ledger_entries set seq = $2 + seq + $2 + 1 where mentorado_id = $1 and seq < 0", [
        mentoradoId,
        seq,
      ]);
    },
    finding(scene) {
      const { seq } = firstOfPair(scene);
      return { seq, id: scene.entries.find((entry) => entry.seq === seq + 1)?.id ?? "", problem: "previous_hash" };
    },
  },
  {
    what: "a number below one",
    forge: onEntry("seq = -seq"),
    finding: ({ target: { seq, id } }) => ({ seq: -seq, id, problem: "sequence" }),
  },
  {
    what: "an entry put in between, rightly hashed",
    async forge(scene) {
      await shift(scene, scene.target.seq);
      await insertForged(scene, scene.target.seq);
    },
    finding: ({ target: { seq, id } }) => ({ seq: seq + 1, id, problem: "previous_hash" }),
  },
  {
    what: "an entry in the place of another one, rightly hashed",
    async forge(scene) {
      await DELETE(scene);
      await insertForged(scene, scene.target.seq);
    },
    finding(scene) {
      const next = nextOf(scene);
      return next === undefined ? { seq: scene.target.seq, id: FORGED, problem: "head" } : { ...next, problem: "previous_hash" };
    },
  },
  {
    what: "an entry put behind the last one, rightly hashed",
    forge: (scene) => insertForged(scene, scene.entries.length + 1),
    finding: ({ entries }) => ({ seq: entries.length + 1, id: FORGED, problem: "head" }),
  },
  {
    what: "a tail cut off",
    async forge({ forger, mentoradoId, target }) {
      const tail = "mentorado_id = $1 and seq >= $2";
      await forger.query(
        `delete from ledger_lines where mentorado_id = $1 and entry_id in (select id from ledger_entries where ${tail})`,
        [mentoradoId, target.seq],
      );
      await forger.query(`delete from ledger_entries where ${tail}`, [mentoradoId, target.seq]);
    },
    finding: missing,
  },
  {
    what: "everything deleted but the head",
    async forge({ forger, mentoradoId }) {
      await forger.query("delete from ledger_lines where mentorado_id = $1", [mentoradoId]);
      await forger.query("delete from ledger_entries where mentorado_id = $1", [mentoradoId]);
    },
    finding: () => ({ seq: 1, id: null, problem: "missing" }),
  },
  {
    what: "the hash of the head",
    forge: onHead("update ledger_heads set hash = sha256(hash) where mentorado_id = $1"),
    finding: atEnd,
  },
  {
    what: "a head that is behind",
    forge: onHead("update ledger_heads set seq = seq - 1 where mentorado_id = $1"),
    finding: atEnd,
  },
  {
    what: "a head that is ahead",
    forge: onHead("update ledger_heads set seq = seq + 1 where mentorado_id = $1"),
    finding: (scene) => ({ seq: lastOf(scene).seq + 1, id: null, problem: "missing" }),
  },
  { what: "a deleted head", forge: onHead("delete from ledger_heads where mentorado_id = $1"), finding: atEnd },
  {
    what: "a line of no entry",
    forge: ({ forger, mentoradoId }) =>
      forger.query("insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) values ($1, $2, 'cash', 5)", [
        mentoradoId,
        STRAY,
      ]),
    finding: () => ({ seq: null, id: STRAY, problem: "stray_line" }),
    isOutsideExport: true,
  },
];

/** The target and the one after it; the last two when it is the last. */
function firstOfPair({ entries, target }: Scene): { seq: number } {
  return { seq: Math.min(target.seq, entries.length - 1) };
}

const ACCOUNTS = ["receivable", "cash", "fees", "revenue", "refunds", "disputed", "losses", "cashback"];
const cents = fc.integer({ min: 1, max: 100_000_000 });

/** Two to four accounts that balance, sometimes with one of nothing beside them. */
const balancedLines = fc
  .tuple(
    fc.shuffledSubarray(ACCOUNTS, { minLength: 2, maxLength: 4 }),
    fc.array(cents, { minLength: 3, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([accounts, amounts, hasZero]) => {
    const [last = "cash", ...others] = accounts;
    const lines = others.map((account, index) => [account, amounts[index] ?? 1] as const);
    const rest = lines.reduce((sum, [, amount]) => sum - amount, 0);
    const idle = ACCOUNTS.find((account) => !accounts.includes(account)) ?? "none";
    return Object.fromEntries([...lines, [last, rest], ...(hasZero ? [[idle, 0]] : [])]) as Record<string, number>;
  });

/** A text with the characters that are read differently by those who are careless: quotes, U+2028, beyond the first plane. */
const word = fc.string({
  unit: fc.constantFrom("a", "7", ":", " ", '"', "\\", "ç", "\u2028", "\u{1f980}", "\t"),
  minLength: 1,
  maxLength: 12,
});

const history = fc.array(
  fc.record({
    charge: fc.nat({ max: 2 }),
    kind: fc.constantFrom("charge", "receipt", "refund", "write_off"),
    // Few of them, so that some movements come again.
    movement: fc.constantFrom("receipt", "refund:1", "refund:2", "chargeback", "cancellation:evt_1", "restoration"),
    source: word,
    occurredAt: fc
      .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString()),
    lines: balancedLines,
  }),
  { minLength: 3, maxLength: 20 },
);

async function play(books: Books, steps: typeof history extends fc.Arbitrary<infer Steps> ? Steps : never): Promise<Entry[]> {
  const charges = [await books.bill(), await books.bill(), await books.bill()];
  const seen = new Set<string>();
  const entries: Entry[] = [];
  for (const { charge, ...step } of steps) {
    const chargeId = charges[charge]?.id ?? "";
    const { id, isAdded } = await postEntry(platform.database, { mentoradoId: books.mentoradoId, chargeId, ...step });
    expect(isAdded).toBe(!seen.has(`${charge} ${step.movement}`));
    if (isAdded) entries.push({ seq: entries.length + 1, id });
    seen.add(`${charge} ${step.movement}`);
  }
  return entries;
}

test("any history is valid, any single forgery in it is found and its row named, in the database and in an exported file alike", {
  timeout: 120_000,
}, async () => {
  const found = new Set<string>();
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), async (steps, place) => {
      const books = await openBooks(platform);
      const { mentoradoId } = books;
      const entries = await play(books, steps);
      fc.pre(entries.length > 1);
      await asForger(platform.database, async (forger) => {
        const verdict = await verifyWithin(forger, mentoradoId);
        const offline = await checkLines(await exportWithin(forger, mentoradoId));
        expect(verdict).toMatchObject({ isValid: true, entries: entries.length, firstBad: null, through: entries.at(-1) });
        expect(offline).toEqual({
          isValid: true,
          entries: entries.length,
          firstBad: null,
          headHash: verdict.headHash,
          balances: verdict.balances,
        });
        expect(verdict.balances.reduce((sum, { balanceCents }) => sum + balanceCents, 0)).toBe(0);
        const target = entries[place % entries.length] ?? { seq: 0, id: "" };
        const scene: Scene = { forger, mentoradoId, entries, target };
        for (const { what, forge, finding, isOutsideExport = false } of FORGERIES) {
          await forger.query("savepoint untouched");
          await forge(scene);
          const expected = finding(scene);
          expect((await verifyWithin(forger, mentoradoId)).firstBad, what).toEqual(expected);
          const { firstBad } = await checkLines(await exportWithin(forger, mentoradoId));
          if (isOutsideExport) expect(firstBad, what).toBeNull();
          else expect(firstBad, `${what}, in a file`).toMatchObject(expected);
          await forger.query("rollback to savepoint untouched");
          found.add(expected.problem);
        }
        expect(await verifyWithin(forger, mentoradoId)).toEqual(verdict);
      });
    }),
    { numRuns: 20 },
  );
  expect([...found].toSorted()).toEqual(Object.keys(LEDGER_PROBLEMS).toSorted());
});

describe("an exported file", () => {
  async function exported(): Promise<string[]> {
    const books = await openBooks(platform);
    const { id: chargeId } = await books.bill();
    for (const movement of ["a", "b", "c"]) {
      await postEntry(platform.database, {
        mentoradoId: books.mentoradoId,
        chargeId,
        movement,
        lines: { cash: 5, receivable: -5 },
      });
    }
    return asForger(platform.database, (forger) => exportWithin(forger, books.mentoradoId));
  }
  const withLine = (lines: readonly string[], index: number, line: string) => lines.with(index, line);

  test("is valid, with one line for each entry and one for the head", async () => {
    const lines = await exported();
    expect(lines).toHaveLength(4);
    expect(await checkLines(lines)).toMatchObject({ isValid: true, entries: 3 });
  });

  test.each([
    {
      what: "a key twice, of which readers take one or the other",
      change: (line: string) => line.replace('"seq":2', '"seq":7,"seq":2'),
    },
    { what: "a key that no hash covers", change: (line: string) => line.replace('"seq":2', '"seq":2,"note":"paid"') },
    {
      what: "keys in another order",
      change: (line: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line) as object).reverse())),
    },
    { what: "a space", change: (line: string) => ` ${line}` },
    { what: "a number as a text", change: (line: string) => line.replace('"seq":2', '"seq":"2"') },
    { what: "nothing", change: () => "" },
  ])("is bad at a line with $what", async ({ change }) => {
    const lines = await exported();
    const changed = change(lines[1] ?? "");
    expect(changed).not.toBe(lines[1]);
    expect(await checkLines(withLine(lines, 1, changed))).toMatchObject({
      isValid: false,
      entries: 1,
      firstBad: { line: 2, seq: null, id: null, problem: "unreadable" },
    });
  });

  test("is bad at the end when its own end is missing, and at whatever follows it", async () => {
    const lines = await exported();
    const id = (JSON.parse(lines[2] ?? "") as { id: string }).id;
    expect((await checkLines(lines.slice(0, -1))).firstBad).toEqual({ line: 3, seq: 3, id, problem: "unfinished" });
    expect((await checkLines([])).firstBad).toEqual({ line: 0, seq: 0, id: null, problem: "unfinished" });
    expect((await checkLines([...lines, lines[3] ?? ""])).firstBad).toMatchObject({ line: 5, problem: "unreadable" });
  });

  test("is bad at a line that is there twice, and at one of another mentorado", async () => {
    const [lines, others] = [await exported(), await exported()];
    expect((await checkLines(lines.toSpliced(1, 0, lines[0] ?? ""))).firstBad).toMatchObject({
      line: 2,
      seq: 1,
      problem: "sequence",
    });
    expect((await checkLines(withLine(lines, 1, others[1] ?? ""))).firstBad).toMatchObject({
      line: 2,
      seq: 2,
      problem: "foreign",
    });
    expect((await checkLines(withLine(lines, 3, others[3] ?? ""))).firstBad).toMatchObject({
      line: 4,
      seq: null,
      problem: "foreign",
    });
  });

  test("is bad at an entry with an account twice, though it balances and every hash is right", async () => {
    const mentoradoId = randomUUID();
    const entry = {
      mentoradoId,
      seq: 1,
      id: randomUUID(),
      kind: "receipt",
      chargeId: randomUUID(),
      movement: "receipt",
      source: "job:1",
      occurredAt: "2026-11-21T00:00:00.000Z",
      recordedAt: "2026-11-21T00:00:00.000Z",
      lines: [
        { account: "cash", amountCents: 1, currency: "BRL" },
        { account: "cash", amountCents: -1, currency: "BRL" },
      ],
      previousHash: GENESIS_HASH,
      hash: "",
    };
    const { kind, chargeId, movement, source, occurredAt, recordedAt } = entry;
    const text = [
      "v1",
      mentoradoId,
      1,
      entry.id,
      kind,
      chargeId,
      movement,
      source,
      occurredAt,
      recordedAt,
      "cash 1 BRL",
      "cash -1 BRL",
    ];
    entry.hash = createHash("sha256").update(Buffer.alloc(32)).update(text.join("\n")).digest("hex");
    const head = { mentoradoId, seq: 1, hash: entry.hash };
    expect((await checkLines([JSON.stringify(entry), JSON.stringify({ head })])).firstBad).toMatchObject({
      line: 1,
      problem: "malformed",
    });
  });
});
