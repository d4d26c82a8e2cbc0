import { sql } from "drizzle-orm";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type Dues, dueSum, selectDues } from "../metrics/dues.ts";
import { asOfDate, CURRENCY, firstDayOf, monthsLater } from "../metrics/local-calendar.ts";
import type { MonthInput } from "../metrics/metrics-schemas.ts";
import { ENTRY_METRICS, type EntryMetric, entryAmount, type MonthEntries, selectMonthEntries } from "../metrics/month-entries.ts";
import { OVERDUE_BUCKETS, type OverdueBucket } from "../metrics/overdue-buckets.ts";

/**
 * The figures of a month, integer cents of `currency`; each name is a metric of `financial.metricRows`, which opens its rows. What
 * happened is counted in the month, what is overdue as of the local date `asOf`, whatever the month.
 *
 * `defaultRate` is `fellDueOverdue / fellDue`, from 0 to 1; null when nothing fell due. `projection` has the three months after the one
 * asked for, or after the current one when that is later: nothing is to come in the past.
 *
 * @see ENTRY_METRICS and DUE_METRICS for what each figure counts.
 */
export async function getMoneyMetrics({ ctx, input: { month } }: { ctx: VerbContext; input: MonthInput }) {
  const entries = selectMonthEntries({ ctx, month });
  const dues = selectDues(ctx);
  const [[moved], [owed]] = await ctx.db.read([
    ctx.db.build.select(entryFigures(entries)).from(entries),
    ctx.db.build.select(dueFigures({ ctx, dues, month })).from(dues),
  ]);
  if (moved === undefined || owed === undefined) throw new Error("A sum has one row");
  const { asOf, overdueByAge, first, second, third, ...figures } = owed;
  return {
    month,
    asOf,
    currency: CURRENCY,
    ...moved,
    ...figures,
    overdueByAge,
    defaultRate: figures.fellDue === 0 ? null : figures.fellDueOverdue / figures.fellDue,
    projection: [first, second, third],
  };
}

type Sum = ReturnType<typeof dueSum>;

function entryFigures(entries: MonthEntries) {
  const figures = ENTRY_METRICS.map((metric) => [
    metric,
    sql<number>`coalesce(sum(${entryAmount(entries, metric)}), 0)`.mapWith(Number),
  ]);
  return Object.fromEntries(figures) as Record<EntryMetric, Sum>;
}

function dueFigures({ ctx, dues, month }: { ctx: VerbContext; dues: Dues; month: string }) {
  const asOf = asOfDate(ctx);
  const scope = { month: firstDayOf(month) };
  const byAge = OVERDUE_BUCKETS.map((bucket) => [bucket, dueSum(dues, "overdue", { ...scope, bucket })]);
  const lastMonth = sql`greatest(${scope.month}, date_trunc('month', ${asOf})::date)`;
  const comingIn = (months: number) => {
    const firstDay = monthsLater(lastMonth, months);
    return {
      month: sql<string>`to_char(${firstDay}, 'YYYY-MM')`,
      amountCents: dueSum(dues, "projection", { month: firstDay }),
    };
  };
  return {
    asOf,
    pendingDueInMonth: dueSum(dues, "pendingDueInMonth", scope),
    overdue: dueSum(dues, "overdue", scope),
    overdueByAge: Object.fromEntries(byAge) as Record<OverdueBucket, Sum>,
    fellDue: dueSum(dues, "fellDue", scope),
    fellDueOverdue: dueSum(dues, "fellDueOverdue", scope),
    first: comingIn(1),
    second: comingIn(2),
    third: comingIn(3),
  };
}
