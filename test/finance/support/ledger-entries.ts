import { createHash } from "node:crypto";
import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { checkExport, type ExportVerdict } from "../../../shared/ledger/check-export.ts";
import { exportQuery } from "../../../shared/ledger/export-query.ts";
import { type LedgerVerdict, verifyQuery } from "../../../shared/ledger/verify-query.ts";
import type { TestDatabase } from "../../support/database.ts";

export interface NewPosting {
  mentoradoId: string;
  chargeId: string;
  kind?: string;
  movement: string;
  source?: string;
  occurredAt?: string;
  /** Cents by account. */
  lines: Record<string, number>;
}

/** Posts an entry with the application's function, in a transaction of its own. @returns its id and whether it was added. */
export async function postEntry(
  { query }: Pick<TestDatabase, "query">,
  { mentoradoId, chargeId, kind = "receipt", movement, source = "job:test", occurredAt, lines }: NewPosting,
): Promise<{ id: string; isAdded: boolean }> {
  const id = uuidv7();
  const [row] = await query<{ added: boolean }>(
    `select guilda.post_entry($1, $2, $3, $4, $5, $6, null, coalesce($7::timestamptz, now()), $8::jsonb) as added
       from set_config('app.actor_type', 'system', true)`,
    [mentoradoId, id, chargeId, kind, movement, source, occurredAt ?? null, JSON.stringify(lines)],
  );
  return { id, isAdded: row?.added === true };
}

/** What the owner of the database can do with every trigger and foreign key off; afterwards nothing of it is left. */
export async function asForger<Result>(
  { databaseUrl }: Pick<TestDatabase, "databaseUrl">,
  work: (client: pg.Client) => Promise<Result>,
  outcome: "commit" | "rollback" = "rollback",
): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin; set local session_replication_role = replica");
    const result = await work(client);
    await client.query(outcome);
    return result;
  } finally {
    await client.end();
  }
}

const dialect = new PgDialect();

async function read<Row extends pg.QueryResultRow>(client: pg.Client, query: SQL<Row>): Promise<Row> {
  const { sql, params } = dialect.sqlToQuery(query);
  const [row] = (await client.query<Row>(sql, params)).rows;
  if (row === undefined) throw new Error("no row");
  return row;
}

/** The statement of `financial.ledger.verify`, within the transaction of a forger. */
export async function verifyWithin(client: pg.Client, mentoradoId: string): Promise<LedgerVerdict> {
  return (await read(client, verifyQuery(mentoradoId))).verdict;
}

/** The file that an export would have, within the transaction of a forger. @returns its lines. */
export async function exportWithin(client: pg.Client, mentoradoId: string): Promise<string[]> {
  const { page } = await read(client, exportQuery({ mentoradoId, afterSeq: undefined, limit: 1_000_000 }));
  return [...page.items, { head: page.head }].map((line) => JSON.stringify(line));
}

export function checkLines(lines: Iterable<string>): Promise<ExportVerdict> {
  return checkExport({ lines, sha256: (bytes) => createHash("sha256").update(bytes).digest() });
}
