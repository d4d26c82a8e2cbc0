import type { TestDatabase } from "../../support/database.ts";
import type { Practice } from "./seed-practice.ts";

/**
 * Every row that belongs to a practice, in every table that there is: by `mentorado_id` where a table has one, else (people, the
 * mentorado itself) by their ids.
 *
 * @returns per table how many rows there are and a digest over all of them.
 */
export async function snapshot({ query }: Pick<TestDatabase, "query">, practice: Practice): Promise<Record<string, string>> {
  const tables = await tenantTables({ query });
  const people = Object.values(practice.members).map(({ userId }) => `'${userId}'`);
  const parts = [
    ...tables.map((table) => digest(table, `mentorado_id = '${practice.mentoradoId}'`)),
    digest("mentorados", `id = '${practice.mentoradoId}'`),
    digest("users", `id in (${people.join(", ")})`),
  ];
  const rows = await query<{ name: string; digest: string }>(parts.join(" union all "));
  return Object.fromEntries(rows.map((row) => [row.name, row.digest]));
}

/** @returns the names of the tables with a `mentorado_id`. */
export async function tenantTables({ query }: Pick<TestDatabase, "query">): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'mentorado_id' order by 1`,
  );
  return rows.map(({ name }) => name);
}

function digest(table: string, condition: string): string {
  return `select '${table}' as name, count(*) || ' ' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') as digest from ${table} t where ${condition}`;
}
