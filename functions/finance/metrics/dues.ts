import { and, type Column, eq, gte, inArray, isNotNull, isNull, lte, notInArray, type SQL, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import { type ChargeStatus, charges } from "../../../shared/db/schema/money.ts";
import { enrollments, installments } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { BILLED_ENROLLMENTS } from "../charges/drafts.ts";
import { asOfDate, CURRENCY, isInMonth, monthsLater } from "./local-calendar.ts";
import { OVERDUE_DAYS, type OverdueBucket } from "./overdue-buckets.ts";

/**
 * Figures of what is due. A charge is open while its stored status is `pending` or `overdue`; which of the two it is, its due date
 * decides against today in the mentorado's own calendar, because the provider tells late: due today is pending, due yesterday is overdue.
 * A debt that is given up is not open, but in default.
 *
 * `pendingDueInMonth` open, due in the month, not overdue;
 * `overdue` open and past its due date, as of today, by age or in all;
 * `fellDue` everything but drafts and cancelled charges that fell due in the twelve months before today: what was refunded or disputed
 * since fell due nevertheless;
 * `fellDueOverdue` the part of it that is overdue or given up: over `fellDue` it is the default rate;
 * `projection` still to come in a month from today on: open charges, drafts, and instalments that are not billed yet of enrolments that are;
 * `due` everything but drafts and cancelled charges that is due in a month, `dueReceived` what was received of it and not refunded,
 * `dueOverdue` what of it is overdue.
 */
export const DUE_METRICS = [
  "pendingDueInMonth",
  "overdue",
  "fellDue",
  "fellDueOverdue",
  "projection",
  "due",
  "dueReceived",
  "dueOverdue",
] as const;
export type DueMetric = (typeof DUE_METRICS)[number];

const DEFAULT_WINDOW_MONTHS = 12;
const OPEN: ChargeStatus[] = ["pending", "overdue"];

/** A charge's status, or that its debt is given up, or that there is no charge yet. */
export type DueStatus = ChargeStatus | "written_off" | "unbilled";

export type Dues = ReturnType<typeof selectDues>;

/** All that a student has to pay: the charges, and the instalments that have none yet. */
export function selectDues(ctx: Pick<VerbContext, "db" | "mentoradoId" | "now">) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const asOf = asOfDate(ctx);
  const billed = build
    .select({
      id: charges.id,
      source: sql<"charge" | "installment">`'charge'`.as("source"),
      chargeId: sql<string | null>`${charges.id}`.as("charge_id"),
      studentId: charges.studentId,
      dueDate: charges.dueDate,
      daysLate: daysLate(asOf, charges.dueDate),
      asOf: sql`${asOf}`.as("as_of"),
      status:
        sql<DueStatus>`case when ${and(isNotNull(charges.writeOffReason), inArray(charges.status, OPEN))} then 'written_off' else ${charges.status} end`.as(
          "status",
        ),
      amountCents: charges.amountCents,
      refundedCents: sql<number>`${charges.refundedCents}`.as("refunded_cents"),
    })
    .from(charges)
    .where(and(eq(charges.mentoradoId, mentoradoId), eq(charges.currency, CURRENCY)));
  const unbilled = build
    .select({
      id: installments.id,
      source: sql<"charge" | "installment">`'installment'`.as("source"),
      chargeId: sql<string | null>`null::uuid`.as("charge_id"),
      studentId: enrollments.studentId,
      dueDate: installments.dueDate,
      daysLate: daysLate(asOf, installments.dueDate),
      asOf: sql`${asOf}`.as("as_of"),
      status: sql<DueStatus>`'unbilled'`.as("status"),
      amountCents: installments.amountCents,
      refundedCents: sql<number>`0::bigint`.as("refunded_cents"),
    })
    .from(installments)
    .innerJoin(
      enrollments,
      and(eq(enrollments.mentoradoId, installments.mentoradoId), eq(enrollments.id, installments.enrollmentId)),
    )
    .leftJoin(charges, and(eq(charges.mentoradoId, installments.mentoradoId), eq(charges.installmentId, installments.id)))
    .where(
      and(
        eq(installments.mentoradoId, mentoradoId),
        eq(enrollments.currency, CURRENCY),
        inArray(enrollments.status, [...BILLED_ENROLLMENTS]),
        isNull(charges.id),
      ),
    );
  return unionAll(billed, unbilled).as("dues");
}

/** What of the figure to count. */
export interface DueScope {
  /** The first day of the month. */
  month: SQL;
  bucket?: OverdueBucket | undefined;
}

/** Which dues the figure counts. */
export function isCounted(dues: Dues, metric: DueMetric, { month, bucket }: DueScope): SQL | undefined {
  const isOpen = inArray(dues.status, OPEN);
  const isPast = gte(dues.daysLate, 1);
  const isToCome = lte(dues.daysLate, 0);
  const isOverdue = and(isOpen, isPast);
  const wasBilled = notInArray(dues.status, ["unbilled", "draft", "cancelled"]);
  const fellDue = and(isPast, gte(dues.dueDate, monthsLater(sql`${dues.asOf}`, -DEFAULT_WINDOW_MONTHS)));
  const isDueInMonth = isInMonth(sql`${dues.dueDate}`, month);
  switch (metric) {
    case "pendingDueInMonth":
      return and(isOpen, isToCome, isDueInMonth);
    case "overdue":
      return and(isOverdue, bucket && isAged(dues, bucket));
    case "fellDue":
      return and(wasBilled, fellDue);
    case "fellDueOverdue":
      return and(inArray(dues.status, [...OPEN, "written_off"]), fellDue);
    case "projection":
      return and(inArray(dues.status, [...OPEN, "draft", "unbilled"]), isToCome, isDueInMonth);
    case "due":
      return and(wasBilled, isDueInMonth);
    case "dueReceived":
      return and(eq(dues.status, "received"), isDueInMonth);
    case "dueOverdue":
      return and(isOverdue, isDueInMonth, bucket && isAged(dues, bucket));
  }
}

/** What one of the dues adds to the figure that counts it, in cents. */
export function dueAmount(dues: Dues, metric: DueMetric): SQL<number> {
  return metric === "dueReceived" ? sql`${dues.amountCents} - ${dues.refundedCents}` : sql`${dues.amountCents}`;
}

/** The figure: the sum of what is counted, in cents. */
export function dueSum(dues: Dues, metric: DueMetric, scope: DueScope): SQL<number> {
  return sql`coalesce(sum(${dueAmount(dues, metric)}) filter (where ${isCounted(dues, metric, scope)}), 0)`.mapWith(Number);
}

function daysLate(asOf: SQL, dueDate: Column): SQL.Aliased<number> {
  return sql<number>`${asOf} - ${dueDate}`.as("days_late");
}

function isAged({ daysLate }: Dues, bucket: OverdueBucket): SQL | undefined {
  const { from, to } = OVERDUE_DAYS[bucket];
  return and(gte(daysLate, from), to === null ? undefined : lte(daysLate, to));
}
