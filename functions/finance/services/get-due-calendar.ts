import { eq, sql } from "drizzle-orm";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { dueSum, isCounted, selectDues } from "../metrics/dues.ts";
import { asOfDate, CURRENCY, daysOf, firstDayOf, isInMonth } from "../metrics/local-calendar.ts";
import type { MonthInput } from "../metrics/metrics-schemas.ts";

/**
 * Every day of the month with what is due on it, integer cents of `currency`: all that was billed for that day (`dueCents`, `count`
 * charges), what of it was received and not refunded, and what of it is overdue on the local date `asOf`. The metrics `due`,
 * `dueReceived` and `dueOverdue` of `financial.metricRows` open them.
 */
export async function getDueCalendar({ ctx, input: { month } }: { ctx: VerbContext; input: MonthInput }) {
  const { build } = ctx.db;
  const dues = selectDues(ctx);
  const scope = { month: firstDayOf(month) };
  const [[today], rows] = await ctx.db.read([
    build
      .select({ asOf: asOfDate(ctx) })
      .from(mentorados)
      .where(eq(mentorados.id, ctx.mentoradoId)),
    build
      .select({
        date: dues.dueDate,
        dueCents: dueSum(dues, "due", scope),
        count: sql<number>`count(*) filter (where ${isCounted(dues, "due", scope)})`.mapWith(Number),
        receivedCents: dueSum(dues, "dueReceived", scope),
        overdueCents: dueSum(dues, "dueOverdue", scope),
      })
      .from(dues)
      .where(isInMonth(sql`${dues.dueDate}`, scope.month))
      .groupBy(dues.dueDate),
  ]);
  if (today === undefined) throw new Error("A mentorado has one calendar");
  const byDate = new Map(rows.map((row) => [row.date, row]));
  const empty = { dueCents: 0, count: 0, receivedCents: 0, overdueCents: 0 };
  return {
    month,
    asOf: today.asOf,
    currency: CURRENCY,
    days: daysOf(month).map((date) => ({ date, ...(byDate.get(date) ?? empty) })),
  };
}
