import { and, eq, sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { localToday } from "../calendar/local-today.ts";
import type { RequestChargeInput } from "../charges/charge-schemas.ts";
import { chargeAnswer, isCharge } from "../charges/charge-view.ts";

/**
 * A charge of its own, outside any plan: a draft, and the job that makes it at the provider.
 *
 * @throws NotFoundError STUDENT_NOT_FOUND; ValidationError DUE_DATE_PAST, by the mentorado's calendar.
 */
export function requestCharge({ ctx, input }: { ctx: VerbContext; input: RequestChargeInput }) {
  const { mentoradoId } = ctx;
  const id = ctx.newId();
  const isStudent = and(eq(students.mentoradoId, mentoradoId), eq(students.id, input.studentId));
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${students} where ${isStudent})`,
        refuseWith: "NOT_FOUND",
        errorCode: "STUDENT_NOT_FOUND",
      },
      {
        condition: sql`${input.dueDate}::date >= ${localToday(mentoradoId)}`,
        refuseWith: "VALIDATION",
        errorCode: "DUE_DATE_PAST",
      },
    ],
    statements: [ctx.db.build.insert(charges).values({ mentoradoId, id, ...input })],
    jobs: [{ name: "finance.create-charge", payload: { chargeId: id }, dedupKey: id }],
    answer: chargeAnswer(isCharge({ mentoradoId, id })),
  });
}
