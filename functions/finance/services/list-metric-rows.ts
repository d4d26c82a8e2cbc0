import { and, desc, eq, lt, ne, sql } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import type { LedgerKind } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type DueMetric, type DueStatus, dueAmount, isCounted, selectDues } from "../metrics/dues.ts";
import { firstDayOf } from "../metrics/local-calendar.ts";
import type { MetricRowsInput } from "../metrics/metrics-schemas.ts";
import { ENTRY_METRICS, type EntryMetric, entryAmount, selectMonthEntries } from "../metrics/month-entries.ts";

interface MetricRow {
  /** Of the ledger entry, the charge or the instalment that it is. */
  id: string;
  source: "entry" | "charge" | "installment";
  chargeId: string | null;
  studentId: string;
  /** When the entry's money moved, by the mentorado's calendar; the due date of what is due. */
  date: string;
  /** The kind of the entry; the status of what is due. */
  state: LedgerKind | DueStatus;
  /** What it adds to the figure. */
  amountCents: number;
}

interface Call<Metric> {
  ctx: VerbContext;
  input: Omit<MetricRowsInput, "metric"> & { metric: Metric };
}

/** The rows that make a figure of `financial.metrics` or `financial.dueCalendar`, newest first: their amounts add up to it. */
export async function listMetricRows({ ctx, input }: Call<MetricRowsInput["metric"]>) {
  const { metric, limit } = input;
  const rows: MetricRow[] = isEntryMetric(metric)
    ? await readEntries({ ctx, input: { ...input, metric } })
    : await readDues({ ctx, input: { ...input, metric } });
  return toPage(rows, limit);
}

function isEntryMetric(metric: MetricRowsInput["metric"]): metric is EntryMetric {
  return ENTRY_METRICS.some((each) => each === metric);
}

async function readEntries({ ctx, input: { metric, month, cursor, limit } }: Call<EntryMetric>) {
  const entries = selectMonthEntries({ ctx, month });
  const amount = entryAmount(entries, metric);
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({
        id: entries.id,
        source: sql<"entry">`'entry'`,
        chargeId: entries.chargeId,
        studentId: entries.studentId,
        date: entries.date,
        state: entries.kind,
        amountCents: amount.mapWith(Number),
      })
      .from(entries)
      .where(and(ne(amount, 0), cursor ? lt(entries.id, cursor) : undefined))
      .orderBy(desc(entries.id))
      .limit(limit + 1),
  ]);
  return rows;
}

async function readDues({ ctx, input: { metric, month, bucket, day, cursor, limit } }: Call<DueMetric>) {
  const dues = selectDues(ctx);
  const amount = dueAmount(dues, metric);
  const scope = { month: firstDayOf(month), bucket };
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({
        id: dues.id,
        source: dues.source,
        chargeId: dues.chargeId,
        studentId: dues.studentId,
        date: dues.dueDate,
        state: dues.status,
        amountCents: amount.mapWith(Number),
      })
      .from(dues)
      .where(
        and(
          isCounted(dues, metric, scope),
          day === undefined ? undefined : eq(dues.dueDate, sql`${scope.month} + ${day - 1}::integer`),
          cursor ? lt(dues.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(dues.id))
      .limit(limit + 1),
  ]);
  return rows;
}
