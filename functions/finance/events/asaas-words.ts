import type { charges, subscriptions } from "../../../shared/db/schema/money.ts";

export type BillingType = (typeof charges.$inferSelect)["billingType"];
type SubscriptionStatus = (typeof subscriptions.$inferSelect)["status"];

/** Maps, because the words come from outside and `constructor` must find nothing. */
const BILLING_TYPES = new Map<string, BillingType>([
  ["PIX", "pix"],
  ["BOLETO", "boleto"],
  ["CREDIT_CARD", "credit_card"],
]);

const SUBSCRIPTION_STATUSES = new Map<string, SubscriptionStatus>([
  ["ACTIVE", "active"],
  ["INACTIVE", "inactive"],
  ["EXPIRED", "expired"],
]);

/** @returns our word for the provider's; undefined for one that is new. */
export function toBillingType(word: string | null): BillingType | undefined {
  return BILLING_TYPES.get(word ?? "");
}

/** Whether the payer disputed a payment before its money had come: then it is the debt that the dispute withholds, not the cash. */
export function isDisputedUnpaid({
  paymentDate,
  chargeback,
}: {
  paymentDate: string | null;
  chargeback: { paymentDate?: string | null | undefined; disputeStartDate?: string | null | undefined } | null | undefined;
}): boolean {
  if (chargeback == null) return false;
  const { paymentDate: paidOn, disputeStartDate: disputedOn } = chargeback;
  return paymentDate === null || paidOn === null || (disputedOn != null && disputedOn < paymentDate);
}

/** @returns our word for the provider's; undefined for one that is new. */
export function toSubscriptionStatus({
  status,
  deleted,
}: {
  status?: string | null | undefined;
  deleted?: boolean | null | undefined;
}): SubscriptionStatus | undefined {
  return deleted ? "cancelled" : SUBSCRIPTION_STATUSES.get(status ?? "");
}
