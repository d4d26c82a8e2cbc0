import { type Column, type GetColumnData, is, SQL, sql } from "drizzle-orm";
import { PgCustomColumn } from "drizzle-orm/pg-core";

/** The shape of an answer: its keys are the API's names. */
export type View = Record<string, Column | SQL>;
export type ViewRow<Shape extends View> = {
  [Key in keyof Shape]: Shape[Key] extends Column
    ? GetColumnData<Shape[Key]>
    : Shape[Key] extends SQL<infer Value>
      ? Value
      : never;
};

/**
 * A row as JSON, made by the database, so that an answer can be stored in the same transaction as the act that it answers.
 * Instants have the format of the `instant` column.
 */
export function jsonRow<Shape extends View>(view: Shape): SQL<ViewRow<Shape>> {
  const parts = Object.entries(view).map(
    ([name, value]) => sql`${sql.raw(`'${name}'`)}, ${is(value, SQL) ? value : jsonValue(value)}`,
  );
  return sql`jsonb_build_object(${sql.join(parts, sql`, `)})`;
}

function jsonValue(column: Column): SQL {
  const isInstant = is(column, PgCustomColumn) && column.getSQLType() === "timestamp with time zone";
  return isInstant ? sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : sql`${column}`;
}
