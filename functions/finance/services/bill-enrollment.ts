import { and, eq, inArray } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { installments } from "../../../shared/db/schema/practice.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { billDrafts } from "../charges/drafts.ts";

/** Makes the drafts of one enrolment at the provider. */
export function billEnrollment({ ctx, input }: { ctx: JobContext; input: { enrollmentId: string } }): Promise<void> {
  return billDrafts({
    ctx,
    which: inArray(
      charges.installmentId,
      ctx.db.build
        .select({ id: installments.id })
        .from(installments)
        .where(and(eq(installments.mentoradoId, ctx.mentoradoId), eq(installments.enrollmentId, input.enrollmentId))),
    ),
    again: ctx.actor.jobId,
  });
}
