import type { Call } from "./call.ts";
import { newPayment } from "./new-payment.ts";
import { addDays, addMonths, brazilianDate } from "./sao-paulo-time.ts";
import { type Cycle, type KeptSubscription, type Payment, type Subscription, type SubscriptionEvent, toCents } from "./wire.ts";

/** A call about a subscription that exists. */
export type SubscriptionCall = Call & { subscription: KeptSubscription };

const STEP_OF: Record<Cycle, { days: number } | { months: number }> = {
  WEEKLY: { days: 7 },
  BIWEEKLY: { days: 14 },
  MONTHLY: { months: 1 },
  BIMONTHLY: { months: 2 },
  QUARTERLY: { months: 3 },
  SEMIANNUALLY: { months: 6 },
  YEARLY: { months: 12 },
};

/**
 * What Asaas does by itself some weeks before a due date: makes the next charge, or ends a subscription that has none left.
 *
 * @returns the charge; undefined when there is none, because the subscription is not active or has come to its end.
 */
export function passCycle(call: SubscriptionCall): Payment | undefined {
  const { account, subscription, queues } = call;
  if (subscription.deleted || subscription.status !== "ACTIVE") return undefined;
  if (isOver(call)) {
    subscription.status = "EXPIRED";
    announce({ ...call, event: "SUBSCRIPTION_UPDATED" });
    return undefined;
  }
  const payment = makeNextPayment(call);
  queues.publish({ account, event: "PAYMENT_CREATED", payment });
  return payment;
}

/** Makes the charge that is next and sets the date of the one after it; announces nothing. */
export function makeNextPayment(call: SubscriptionCall): Payment {
  const { account, subscription } = call;
  const { id, customer, billingType, value, nextDueDate, description, externalReference, discount, fine, interest } =
    subscription;
  const terms = { customer, billingType, dueDate: nextDueDate, description, externalReference, discount, fine, interest };
  const valueCents = toCents(value) ?? 0;
  const payment = newPayment({ call, terms: { ...terms, valueCents, installmentNumber: null, subscription: id } });
  account.payments.push(payment);
  const step = STEP_OF[subscription.cycle];
  subscription.nextDueDate =
    "days" in step ? addDays(nextDueDate, step.days) : addMonths(nextDueDate, step.months, subscription.dueDay);
  return payment;
}

/** Events write days the Brazilian way, answers do not. @see https://docs.asaas.com/docs/eventos-para-assinaturas */
export function announce({
  account,
  queues,
  subscription,
  event,
}: Pick<SubscriptionCall, "account" | "queues" | "subscription"> & { event: SubscriptionEvent }): void {
  const { dateCreated, nextDueDate, endDate, ...rest } = shown(subscription);
  const days = { dateCreated: brazilianDate(dateCreated), nextDueDate: brazilianDate(nextDueDate) };
  queues.publish({
    account,
    event,
    subscription: { ...rest, ...days, endDate: endDate === null ? null : brazilianDate(endDate) },
  });
}

/** @returns the subscription without what is only kept. */
export function shown({ dueDay: _kept, ...subscription }: KeptSubscription): Subscription {
  return subscription;
}

function isOver({ account, subscription: { id, nextDueDate, endDate, maxPayments } }: SubscriptionCall): boolean {
  const made = account.payments.filter(({ subscription }) => subscription === id).length;
  return (endDate !== null && nextDueDate > endDate) || (maxPayments !== null && made >= maxPayments);
}
