import type { ChargeStatus } from "../../../shared/db/schema/money.ts";
import { type Payment, toCents } from "../../local/asaas/wire.ts";
import type { EventBody } from "./asaas-events.ts";

/** What our books must say of a charge, by nothing but the provider's own payment. */
export interface ExpectedBooks {
  status: ChargeStatus;
  amountCents: number;
  refundedCents: number;
  dueDate: string;
  /** By account of the ledger; zeros left out. */
  balances: Record<string, number>;
}

/** What people decided that the provider never hears of. */
export interface Decisions {
  /** While it stands. */
  writtenOffCents: number;
  cashbackCents: number;
}

/**
 * Written from the provider's side: where is the money of this payment now, what has been taken of it, and what is still to come? Nothing
 * here knows of movements or events.
 *
 * @param billedCents what our charge was made for.
 */
export function booksOf({
  payment,
  billedCents,
  decisions: { writtenOffCents, cashbackCents },
}: {
  payment: Payment;
  billedCents: number;
  decisions: Decisions;
}): ExpectedBooks {
  const valueCents = centsOf(payment.value);
  const isInCash = payment.status === "RECEIVED_IN_CASH";
  const refundedCents = refundsCents(payment, "DONE");
  const dispute = disputeOf(payment);
  const hadMoney = payment.paymentDate !== null && !isInCash;
  const heldBack = dispute === "open" || dispute === "lost" ? valueCents : 0;
  // Before the money came it is the debt that a refund or a dispute takes from.
  const isDebtTaken = !hadMoney && (refundedCents > 0 || heldBack > 0);
  const isSettled = hadMoney || isInCash || payment.deleted;
  const owedCents = billedCents - (isSettled ? valueCents : isDebtTaken ? refundedCents + heldBack : 0);
  const balances = {
    cash: atProviderCents(payment) + (isInCash ? valueCents : 0) - cashbackCents,
    receivable: owedCents - writtenOffCents,
    disputed: dispute === "open" ? valueCents : 0,
    fees: hadMoney ? valueCents - centsOf(payment.netValue) : 0,
    refunds: refundedCents,
    losses: (dispute === "lost" ? valueCents : 0) + writtenOffCents,
    cashback: cashbackCents,
    revenue: payment.deleted ? valueCents - billedCents : -billedCents,
  };
  return {
    status: statusOf(payment),
    amountCents: billedCents,
    refundedCents,
    dueDate: payment.dueDate,
    balances: Object.fromEntries(Object.entries(balances).filter(([, cents]) => cents !== 0)),
  };
}

/** What of a payment lies in the provider's account, once refunds that are on their way are called back. */
export function atProviderCents(payment: Payment): number {
  if (payment.paymentDate === null || payment.status === "RECEIVED_IN_CASH") return 0;
  const dispute = disputeOf(payment);
  const wasTakenOut = payment.chargeback?.paymentDate != null && (dispute === "open" || dispute === "lost");
  return centsOf(payment.netValue) - refundsCents(payment, "DONE") - (wasTakenOut ? centsOf(payment.value) : 0);
}

/** What the provider has taken out of the account for refunds that are not done yet. */
export function onTheWayCents(payment: Payment): number {
  return payment.paymentDate === null ? 0 : refundsCents(payment, "PENDING");
}

/**
 * Why a snapshot of the payment cannot explain what events that never came have told: `amount`, or `status` for a receipt in cash or a
 * removal whose undoing came, or the other way round. See docs/decisions/0008.
 */
export function conflictOf({
  payment,
  billedCents,
  dropped,
}: {
  payment: Payment;
  billedCents: number;
  dropped: readonly EventBody[];
}): "amount" | "status" | undefined {
  if (payment.status !== "RECEIVED_IN_CASH" && centsOf(payment.value) !== billedCents) return "amount";
  const net = (did: (body: EventBody) => boolean, undid: (body: EventBody) => boolean) =>
    sumOf(dropped.filter(did)) - sumOf(dropped.filter(undid));
  const removed = net(
    ({ event }) => event === "PAYMENT_DELETED",
    ({ event }) => event === "PAYMENT_RESTORED",
  );
  const inCash = net(isCashReceipt, ({ event }) => event === "PAYMENT_RECEIVED_IN_CASH_UNDONE");
  return removed !== 0 || inCash !== 0 ? "status" : undefined;
}

function isCashReceipt({ event, payment }: EventBody): boolean {
  return event === "PAYMENT_RECEIVED" && payment?.status === "RECEIVED_IN_CASH";
}

function sumOf(bodies: readonly EventBody[]): number {
  return bodies.reduce((sum, { payment }) => sum + centsOf(Number(payment?.value)), 0);
}

function disputeOf({ status, chargeback }: Payment): "none" | "open" | "won" | "lost" {
  if (chargeback === undefined) return "none";
  switch (chargeback.status) {
    case "REQUESTED":
    case "IN_DISPUTE":
      return status === "REFUNDED" ? "lost" : "open";
    case "REVERSED":
      return "won";
    case "DISPUTE_LOST":
    case "DONE":
      return "lost";
  }
}

function statusOf({ status, deleted }: Payment): ChargeStatus {
  if (deleted) return "cancelled";
  switch (status) {
    case "PENDING":
    case "AWAITING_RISK_ANALYSIS":
      return "pending";
    case "OVERDUE":
    case "DUNNING_REQUESTED":
      return "overdue";
    case "CONFIRMED":
      return "confirmed";
    case "RECEIVED":
    case "RECEIVED_IN_CASH":
    case "DUNNING_RECEIVED":
      return "received";
    case "CHARGEBACK_REQUESTED":
    case "CHARGEBACK_DISPUTE":
    case "AWAITING_CHARGEBACK_REVERSAL":
      return "disputed";
    case "REFUND_REQUESTED":
    case "REFUND_IN_PROGRESS":
      return "refunding";
    case "REFUNDED":
      return "refunded";
  }
}

function refundsCents({ refunds }: Payment, status: "DONE" | "PENDING"): number {
  return (refunds ?? []).filter((refund) => refund.status === status).reduce((sum, { value }) => sum + centsOf(value), 0);
}

export function centsOf(reais: number): number {
  const cents = toCents(reais);
  if (cents === undefined) throw new RangeError(`${reais} reais are no whole cents`);
  return cents;
}
