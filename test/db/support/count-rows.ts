import type { TestDatabase } from "../../support/database.ts";

/** @returns how many rows each table of the database has. */
export async function countRows({ query }: Pick<TestDatabase, "query">): Promise<Record<string, number>> {
  const tables = await query<{ name: string }>(
    "select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1",
  );
  const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::integer as rows from ${name}`);
  const rows = await query<{ name: string; rows: number }>(counts.join(" union all "));
  return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
}

/** @returns the contents of every table as one text, as Postgres writes them: bytes in hex. */
export async function dumpRows({ query }: Pick<TestDatabase, "query">): Promise<string> {
  const tables = await query<{ name: string }>(
    "select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1",
  );
  const dumps = tables.map(({ name }) => `select t::text as row from ${name} t`);
  return (await query<{ row: string }>(dumps.join(" union all "))).map(({ row }) => row).join("\n");
}
