import { and, eq, type SQL, sql } from "drizzle-orm";
import { charges, type LedgerKind, ledgerEntries, ledgerLines } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { LedgerAccount } from "../ledger/ledger.ts";
import { CURRENCY, firstDayOf, isInMonth, localDate } from "./local-calendar.ts";

/**
 * Figures of what happened in a month, from the ledger:
 * `receivedNet` what cash grew by, whatever moved it: always receivedGross − fees − refunds − chargebacks + adjustments;
 * `receivedGross` what payers paid, before fees, less cash receipts undone;
 * `fees` what the provider kept;
 * `refunds` what was given back of money that had come;
 * `chargebacks` what was withheld of it, less what was won back;
 * `adjustments` what any other entry added to cash, negative for what it took (cashback);
 * `billed` what was charged, less what was cancelled.
 */
export const ENTRY_METRICS = ["receivedNet", "receivedGross", "fees", "refunds", "chargebacks", "adjustments", "billed"] as const;
export type EntryMetric = (typeof ENTRY_METRICS)[number];

type CashMetric = Extract<EntryMetric, "receivedGross" | "refunds" | "chargebacks" | "adjustments">;

/** Which figure an entry's cash, before fees, belongs to: exactly one, so that they add up. */
const CASH_METRIC_OF: Record<LedgerKind, CashMetric> = {
  receipt: "receivedGross",
  receipt_undone: "receivedGross",
  refund: "refunds",
  chargeback: "chargebacks",
  chargeback_won: "chargebacks",
  chargeback_lost: "chargebacks",
  charge: "adjustments",
  cancellation: "adjustments",
  restoration: "adjustments",
  write_off: "adjustments",
  write_off_undone: "adjustments",
  cashback: "adjustments",
  cashback_undone: "adjustments",
};

export type MonthEntries = ReturnType<typeof selectMonthEntries>;

/** The entries of money that moved in the month by the mentorado's own calendar, whenever they became known, with what they moved. */
export function selectMonthEntries({ ctx, month }: { ctx: Pick<VerbContext, "db" | "mentoradoId" | "now">; month: string }) {
  const date = localDate(ctx, ledgerEntries.occurredAt);
  return ctx.db.build
    .select({
      id: ledgerEntries.id,
      kind: ledgerEntries.kind,
      chargeId: ledgerEntries.chargeId,
      studentId: charges.studentId,
      date: date.as("date"),
      cash: debited("cash").as("cash"),
      fees: debited("fees").as("fees"),
      revenue: debited("revenue").as("revenue"),
    })
    .from(ledgerEntries)
    .innerJoin(
      ledgerLines,
      and(eq(ledgerLines.mentoradoId, ledgerEntries.mentoradoId), eq(ledgerLines.entryId, ledgerEntries.id)),
    )
    .innerJoin(charges, and(eq(charges.mentoradoId, ledgerEntries.mentoradoId), eq(charges.id, ledgerEntries.chargeId)))
    .where(
      and(eq(ledgerEntries.mentoradoId, ctx.mentoradoId), eq(ledgerLines.currency, CURRENCY), isInMonth(date, firstDayOf(month))),
    )
    .groupBy(ledgerEntries.mentoradoId, ledgerEntries.id, charges.studentId)
    .as("month_entries");
}

/** What the entry adds to the figure, in cents. */
export function entryAmount(entries: MonthEntries, metric: EntryMetric): SQL<number> {
  switch (metric) {
    case "receivedNet":
      return sql`${entries.cash}`;
    case "fees":
      return sql`${entries.fees}`;
    case "billed":
      return sql`-${entries.revenue}`;
    case "receivedGross":
    case "adjustments":
      return cashBeforeFees(entries, metric);
    case "refunds":
    case "chargebacks":
      return sql`-${cashBeforeFees(entries, metric)}`;
  }
}

function cashBeforeFees(entries: MonthEntries, metric: CashMetric): SQL<number> {
  const kinds = Object.entries(CASH_METRIC_OF).flatMap(([kind, each]) => (each === metric ? [sql`${kind}`] : []));
  return sql`(case when ${entries.kind} in (${sql.join(kinds, sql`, `)}) then ${entries.cash} + ${entries.fees} else 0 end)`;
}

/** What the entry's lines add to an account; zero when there is none. */
function debited(account: LedgerAccount): SQL<number> {
  return sql`coalesce(sum(${ledgerLines.amountCents}) filter (where ${ledgerLines.account} = ${account}), 0)`;
}
