import { and, eq, sql } from "drizzle-orm";
import { subscriptions } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { localToday } from "../calendar/local-today.ts";
import type { RequestSubscriptionInput } from "../charges/charge-schemas.ts";
import { isSubscription, subscriptionAnswer } from "../charges/subscription-view.ts";

/**
 * A subscription, as a draft, and the job that makes it at the provider, which then makes its charges by itself.
 *
 * @throws NotFoundError STUDENT_NOT_FOUND; ValidationError DUE_DATE_PAST, by the mentorado's calendar, END_DATE_BEFORE_DUE_DATE.
 */
export function requestSubscription({ ctx, input }: { ctx: VerbContext; input: RequestSubscriptionInput }) {
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
        condition: sql`${input.nextDueDate}::date >= ${localToday(mentoradoId)}`,
        refuseWith: "VALIDATION",
        errorCode: "DUE_DATE_PAST",
      },
      {
        condition: sql`${input.endDate ?? null}::date is null or ${input.endDate ?? null}::date >= ${input.nextDueDate}::date`,
        refuseWith: "VALIDATION",
        errorCode: "END_DATE_BEFORE_DUE_DATE",
      },
    ],
    statements: [ctx.db.build.insert(subscriptions).values({ mentoradoId, id, ...input })],
    jobs: [{ name: "finance.create-subscription", payload: { subscriptionId: id }, dedupKey: id }],
    answer: subscriptionAnswer(isSubscription({ mentoradoId, id })),
  });
}
