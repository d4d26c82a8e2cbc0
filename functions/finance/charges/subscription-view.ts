import { and, eq, type SQL, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { subscriptions } from "../../../shared/db/schema/money.ts";

/** A subscription as the API shows it. */
export const subscriptionView = {
  id: subscriptions.id,
  studentId: subscriptions.studentId,
  description: subscriptions.description,
  billingType: subscriptions.billingType,
  cycle: subscriptions.cycle,
  amountCents: subscriptions.amountCents,
  currency: subscriptions.currency,
  nextDueDate: subscriptions.nextDueDate,
  endDate: subscriptions.endDate,
  maxPayments: subscriptions.maxPayments,
  status: subscriptions.status,
  externalId: subscriptions.externalId,
  version: subscriptions.version,
  createdAt: subscriptions.createdAt,
  updatedAt: subscriptions.updatedAt,
};

/** What a write answers about the subscription that it has touched. */
export function subscriptionAnswer(condition: SQL | undefined): SQL<ViewRow<typeof subscriptionView>> {
  return sql`(select ${jsonRow(subscriptionView)} from ${subscriptions} where ${condition})`;
}

/** Which subscription of which mentorado. */
export function isSubscription({ mentoradoId, id }: { mentoradoId: string; id: string }): SQL | undefined {
  return and(eq(subscriptions.mentoradoId, mentoradoId), eq(subscriptions.id, id));
}
