import { and, asc, eq } from "drizzle-orm";
import { enrollments, installments } from "../../../shared/db/schema/practice.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { enrollmentView } from "../enrollment-view.ts";

/** The enrolment with its instalment plan. */
export async function getEnrollment({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const [[enrollment], plan] = await ctx.db.read([
    build
      .select(enrollmentView)
      .from(enrollments)
      .where(and(eq(enrollments.mentoradoId, ctx.mentoradoId), eq(enrollments.id, input.id))),
    build
      .select({
        id: installments.id,
        number: installments.number,
        dueDate: installments.dueDate,
        amountCents: installments.amountCents,
      })
      .from(installments)
      .where(and(eq(installments.mentoradoId, ctx.mentoradoId), eq(installments.enrollmentId, input.id)))
      .orderBy(asc(installments.number)),
  ]);
  if (enrollment === undefined) throw new NotFoundError(undefined, { errorCode: "ENROLLMENT_NOT_FOUND" });
  return { ...enrollment, installments: plan };
}
