import type { Call } from "./call.ts";
import type { Payment, Problem } from "./wire.ts";

/** A call about a payment that exists. */
export type PaymentCall = Call & { payment: Payment };

/** @returns whether the payer can still pay it. */
export function isOpen({ status, deleted }: Payment): boolean {
  return !deleted && (status === "PENDING" || status === "OVERDUE");
}

export function statusByDueDate({ dueDate }: Payment, today: string): "PENDING" | "OVERDUE" {
  return dueDate < today ? "OVERDUE" : "PENDING";
}

/** Takes an open charge away: `deleted` turns true, the status stays. */
export function remove({ account, payment, queues }: Pick<PaymentCall, "account" | "payment" | "queues">): void {
  payment.deleted = true;
  queues.publish({ account, event: "PAYMENT_DELETED", payment });
}

export function wrongState({ id, status, deleted }: Payment, verb: string): Problem {
  const state = deleted ? "removida" : status;
  return { code: "invalid_action", description: `A cobrança ${id} (${state}) não pode ser ${verb}` };
}
