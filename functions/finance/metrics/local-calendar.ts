import { type Column, type SQL, sql } from "drizzle-orm";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

type Context = Pick<VerbContext, "mentoradoId" | "now">;

/** The figures are of this currency alone; the provider knows no other. */
export const CURRENCY = "BRL";

/** The date of an instant in the mentorado's own calendar. */
export function localDate({ mentoradoId }: Pick<Context, "mentoradoId">, instant: SQL | Column): SQL<string> {
  return sql<string>`(${instant} at time zone (select m.timezone from ${mentorados} m where m.id = ${mentoradoId}))::date`;
}

/** The date that it is now in the mentorado's own calendar. */
export function asOfDate(ctx: Context): SQL<string> {
  return localDate(ctx, sql`${ctx.now.toISOString()}::timestamptz`);
}

/** @param month `YYYY-MM`. */
export function firstDayOf(month: string): SQL<string> {
  return sql<string>`${`${month}-01`}::date`;
}

/** @param firstDay of a month. @returns the first day of the month so many months later; negative is earlier. */
export function monthsLater(firstDay: SQL, months: number): SQL<string> {
  return sql<string>`(${firstDay} + make_interval(months => ${months}::integer))::date`;
}

/** Whether a date is in the month that begins with `firstDay`. */
export function isInMonth(date: SQL | Column, firstDay: SQL): SQL {
  return sql`(${date} >= ${firstDay} and ${date} < ${monthsLater(firstDay, 1)})`;
}

/** @param month `YYYY-MM`. @returns its days, `YYYY-MM-DD`. */
export function daysOf(month: string): string[] {
  const [year, number] = month.split("-").map(Number);
  const count = new Date(Date.UTC(year ?? 0, number ?? 0, 0)).getUTCDate();
  return Array.from({ length: count }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`);
}
