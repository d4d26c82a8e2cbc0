import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { checkExport, EXPORT_PROBLEMS } from "../../shared/ledger/check-export.ts";
import { exportQuery, type LedgerExportPage } from "../../shared/ledger/export-query.ts";
import { LEDGER_PROBLEMS, type LedgerBalance, type LedgerFinding } from "../../shared/ledger/problems.ts";
import { splitLines } from "../../shared/ledger/split-lines.ts";
import { type LedgerVerdict, verifyQuery } from "../../shared/ledger/verify-query.ts";
import { loadDotEnv, readRunningPlatform } from "./state.ts";

const USAGE = `Usage: npm run ledger -- verify [--mentorado <id>]
       npm run ledger -- export --mentorado <id> --out <file.ndjson>
       npm run ledger -- check <file.ndjson>`;
const PAGE_ENTRIES = 1_000;
/** Also those whose own row a forger took away. */
const MENTORADOS = sql<{ id: string }>`select id from mentorados union select mentorado_id from ledger_heads
  union select mentorado_id from ledger_entries union select mentorado_id from ledger_lines order by 1`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { mentorado: { type: "string" }, out: { type: "string" } },
});
const [command, file] = positionals;

try {
  if (command === "verify" && file === undefined) await verify(values.mentorado);
  else if (command === "export" && values.mentorado !== undefined && values.out !== undefined)
    await exportTo({ mentoradoId: values.mentorado, path: values.out });
  else if (command === "check" && file !== undefined) await check(file);
  else throw new Error(USAGE);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param mentoradoId all of them when left out. */
async function verify(mentoradoId: string | undefined): Promise<void> {
  await asStaff(async (read) => {
    const rows = await read<{ id: string }>(MENTORADOS);
    const known = rows.map(({ id }) => id).filter((id) => mentoradoId === undefined || id === mentoradoId);
    if (known.length === 0)
      throw new Error(mentoradoId === undefined ? "There is no ledger" : `There is no mentorado ${mentoradoId}`);
    for (const id of known) {
      const [row] = await read<{ verdict: LedgerVerdict }>(verifyQuery(id));
      if (row === undefined) throw new Error(`The ledger of ${id} has no verdict`);
      const { entries, headHash, firstBad, balances } = row.verdict;
      if (firstBad === null) console.log(`valid  mentorado ${id}  ${sizeOf(entries)}  head ${headHash}${sumsOf(balances)}`);
      else refuse(`BAD    mentorado ${id}  ${nameOf(firstBad)}: ${firstBad.problem}, ${LEDGER_PROBLEMS[firstBad.problem]}`);
    }
  });
}

/** The file is there as a whole or not at all. */
async function exportTo({ mentoradoId, path }: { mentoradoId: string; path: string }): Promise<void> {
  await asStaff(async (read) => {
    const unfinished = `${path}.unfinished`;
    const out = await open(unfinished, "w");
    let written = 0;
    try {
      let afterSeq: number | undefined;
      for (;;) {
        const [row] = await read<{ page: LedgerExportPage }>(exportQuery({ mentoradoId, afterSeq, limit: PAGE_ENTRIES }));
        if (row === undefined) throw new Error(`The ledger of ${mentoradoId} has no page`);
        const { items, head } = row.page;
        const lines = items.length < PAGE_ENTRIES ? [...items, { head }] : items;
        await out.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
        written += items.length;
        afterSeq = items.at(-1)?.seq;
        if (items.length < PAGE_ENTRIES) break;
      }
    } finally {
      await out.close();
    }
    await rename(unfinished, path);
    console.log(`${sizeOf(written)} of mentorado ${mentoradoId} are in ${path}`);
  });
}

async function check(path: string): Promise<void> {
  const lines = splitLines(createReadStream(path));
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const { entries, firstBad, headHash, balances } = await checkExport({ lines, sha256 });
  if (firstBad === null) console.log(`valid  ${path}  ${sizeOf(entries)}  head ${headHash}${sumsOf(balances)}`);
  else
    refuse(
      `BAD    ${path}  line ${firstBad.line}, ${nameOf(firstBad)}: ${firstBad.problem}, ${EXPORT_PROBLEMS[firstBad.problem]}`,
    );
}

type Read = <Row extends pg.QueryResultRow>(query: SQL<Row>) => Promise<Row[]>;

/**
 * One snapshot, read as staff: policies hide rows from whoever owns the tables without bypassing them, and a ledger that is not seen must
 * not count as valid.
 */
async function asStaff(work: (read: Read) => Promise<void>): Promise<void> {
  loadDotEnv();
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL ?? readRunningPlatform().variables.DATABASE_URL });
  await client.connect();
  try {
    await client.query("begin transaction isolation level repeatable read read only; set local role guilda_admin");
    const dialect = new PgDialect();
    await work(async <Row extends pg.QueryResultRow>(query: SQL<Row>) => {
      const { sql: text, params } = dialect.sqlToQuery(query);
      return (await client.query<Row>(text, params)).rows;
    });
  } finally {
    await client.end();
  }
}

function nameOf({ seq, id }: Pick<LedgerFinding, "seq" | "id">): string {
  return [seq === null ? "no entry" : `entry ${seq}`, ...(id === null ? [] : [`(${id})`])].join(" ");
}

function sizeOf(entries: number): string {
  return `${entries} ${entries === 1 ? "entry" : "entries"}`;
}

function sumsOf(balances: readonly LedgerBalance[]): string {
  return balances
    .map(({ account, currency, balanceCents }) => `\n       ${account.padEnd(12)} ${balanceCents} ${currency} cents`)
    .join("");
}

function refuse(line: string): void {
  console.error(line);
  process.exitCode = 1;
}
