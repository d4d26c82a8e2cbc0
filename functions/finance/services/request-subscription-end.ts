import { and, inArray, type SQL, sql } from "drizzle-orm";
import { subscriptions } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { isSubscription, subscriptionAnswer } from "../charges/subscription-view.ts";

/**
 * Stages the job that ends a subscription at the provider, which removes its charges that are still to be paid. The status changes when
 * the provider reports it.
 *
 * @throws NotFoundError SUBSCRIPTION_NOT_FOUND; ConflictError SUBSCRIPTION_NOT_CANCELLABLE, of one that has ended.
 */
export function requestSubscriptionEnd({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const isIt = isSubscription({ mentoradoId: ctx.mentoradoId, id: input.id });
  const has = (condition: SQL | undefined) => sql`exists (select 1 from ${subscriptions} where ${condition})`;
  return ctx.db.write({
    guards: [
      { condition: has(isIt), refuseWith: "NOT_FOUND", errorCode: "SUBSCRIPTION_NOT_FOUND" },
      {
        condition: has(and(isIt, inArray(subscriptions.status, ["draft", "active", "inactive"]))),
        refuseWith: "CONFLICT",
        errorCode: "SUBSCRIPTION_NOT_CANCELLABLE",
      },
    ],
    jobs: [{ name: "finance.cancel-subscription", payload: { subscriptionId: input.id }, dedupKey: ctx.newId() }],
    answer: subscriptionAnswer(isIt),
  });
}
