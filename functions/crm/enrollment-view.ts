import { sql } from "drizzle-orm";
import { correlated } from "../../shared/db/correlated.ts";
import { charges } from "../../shared/db/schema/money.ts";
import { enrollments, installments } from "../../shared/db/schema/practice.ts";

type PaymentStatus = "current" | "late" | "paid_off" | "refunded";

/**
 * Derived from the charges of the plan, never stored: late when one is overdue, refunded when one was given back, paid off when
 * all are received, current otherwise.
 */
const paymentStatus = correlated(sql<PaymentStatus>`(
  select case
      when bool_or(${charges.status} in ('overdue', 'disputed')) then 'late'
      when bool_or(${charges.status} in ('refunding', 'refunded')) then 'refunded'
      when bool_and(coalesce(${charges.status} = 'received', false)) then 'paid_off'
      else 'current' end
    from ${installments}
    left join ${charges} on ${charges.mentoradoId} = ${installments.mentoradoId} and ${charges.installmentId} = ${installments.id}
   where ${installments.mentoradoId} = ${enrollments.mentoradoId} and ${installments.enrollmentId} = ${enrollments.id})`);

/** An enrolment as the API shows it. */
export const enrollmentView = {
  id: enrollments.id,
  studentId: enrollments.studentId,
  offeringId: enrollments.offeringId,
  status: enrollments.status,
  paymentStatus: paymentStatus.as("payment_status"),
  totalCents: enrollments.totalCents,
  currency: enrollments.currency,
  installmentCount: enrollments.installmentCount,
  billingType: enrollments.billingType,
  version: enrollments.version,
  createdAt: enrollments.createdAt,
};
