import { and, eq, inArray, sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { enrollments, installments } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { localToday } from "../calendar/local-today.ts";
import type { BillEnrollmentInput } from "../charges/charge-schemas.ts";
import { BILLED_ENROLLMENTS, draftInstallments } from "../charges/drafts.ts";

interface Billing {
  enrollmentId: string;
  /** Charges that are drafts now, those of earlier calls too. */
  drafts: number;
  amountCents: number;
}

/**
 * Bills what is due of an enrolment's plan within some days and has no charge yet: drafts, and the job that makes them at the provider.
 *
 * @throws NotFoundError ENROLLMENT_NOT_FOUND; ConflictError ENROLLMENT_NOT_BILLABLE, of one that is paused or cancelled.
 */
export function requestBilling({ ctx, input }: { ctx: VerbContext; input: BillEnrollmentInput }): Promise<Billing> {
  const { mentoradoId } = ctx;
  const { enrollmentId, withinDays } = input;
  const isIt = and(eq(enrollments.mentoradoId, mentoradoId), eq(enrollments.id, enrollmentId));
  const has = (condition: typeof isIt) => sql`exists (select 1 from ${enrollments} where ${condition})`;
  const isDue = sql`${installments.dueDate} <= ${localToday(mentoradoId)} + ${withinDays}::integer`;
  return ctx.db.write({
    guards: [
      { condition: has(isIt), refuseWith: "NOT_FOUND", errorCode: "ENROLLMENT_NOT_FOUND" },
      {
        condition: has(and(isIt, inArray(enrollments.status, [...BILLED_ENROLLMENTS]))),
        refuseWith: "CONFLICT",
        errorCode: "ENROLLMENT_NOT_BILLABLE",
      },
    ],
    statements: [draftInstallments({ ctx, which: and(eq(enrollments.id, enrollmentId), isDue) })],
    jobs: [{ name: "finance.bill-enrollment", payload: { enrollmentId }, dedupKey: ctx.newId() }],
    answer: sql<Billing>`(select jsonb_build_object('enrollmentId', ${enrollmentId}::text, 'drafts', count(*), 'amountCents', coalesce(sum(${charges.amountCents}), 0))
      from ${charges} join ${installments} on ${installments.mentoradoId} = ${charges.mentoradoId} and ${installments.id} = ${charges.installmentId}
     where ${and(eq(charges.mentoradoId, mentoradoId), eq(charges.status, "draft"), eq(installments.enrollmentId, enrollmentId))})`,
  });
}
