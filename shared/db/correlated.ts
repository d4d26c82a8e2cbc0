import { type SQL, sql } from "drizzle-orm";

/**
 * Marks a subquery that refers to the row of the outer query. In a select from one table drizzle writes columns without their table,
 * which inside a subquery would mean the subquery's own column; it does so only at the first level, so one level more keeps them.
 */
export function correlated<Value>(subquery: SQL<Value>): SQL<Value> {
  return sql<Value>`${subquery}`;
}
