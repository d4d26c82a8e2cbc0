import { and, inArray, sql } from "drizzle-orm";
import { enrollments, installments } from "../../../shared/db/schema/practice.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { BILLED_ENROLLMENTS, billDrafts, draftInstallments, hasUndrafted } from "../charges/drafts.ts";

const DAYS_AHEAD = 30;

/**
 * Bills every instalment that is due in the next thirty days and has no charge yet, and tries drafts again whose job died. A slot that is
 * fired twice, or after another, drafts and stages nothing more.
 *
 * @param input.slot the time of the schedule that this run stands for (ISO 8601), not the time at which it runs.
 */
export async function billDueInstallments({ ctx, input }: { ctx: JobContext; input: { slot: string } }): Promise<void> {
  const slotDate = sql`(select (${input.slot}::timestamptz at time zone ${mentorados.timezone})::date from ${mentorados} where ${mentorados.id} = ${ctx.mentoradoId})`;
  const which = and(
    inArray(enrollments.status, [...BILLED_ENROLLMENTS]),
    sql`${installments.dueDate} <= ${slotDate} + ${DAYS_AHEAD}::integer`,
  );
  for (let isMore = true; isMore; ) {
    isMore = await ctx.db.checkpoint({
      statements: [draftInstallments({ ctx, which })],
      answer: sql<boolean>`to_jsonb(${hasUndrafted({ ctx, which })})`,
    });
  }
  await billDrafts({ ctx, which: undefined, again: input.slot });
}
