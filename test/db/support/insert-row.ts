import type { TestDatabase } from "../../support/database.ts";

/** Inserts a row as the owner of the database, acting as the system; columns that are left out keep their defaults. */
export async function insertRow(
  { query }: Pick<TestDatabase, "query">,
  table: string,
  row: Record<string, unknown>,
): Promise<void> {
  const columns = Object.keys(row).join(", ");
  await query(
    `insert into ${table} (${columns})
     select ${columns} from jsonb_populate_record(null::${table}, $1), set_config('app.actor_type', 'system', true)`,
    [JSON.stringify(row)],
  );
}
