import { randomUUID } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import { type PaymentCall, wrongState } from "./payment-state.ts";
import { addDays, saoPauloDate } from "./sao-paulo-time.ts";
import { type Chargeback, type PaymentEvent, type PaymentStatus, refuse, toCents } from "./wire.ts";

export const CHARGEBACK_STEPS = ["request", "contest", "win", "reverse", "lose"] as const;

/**
 * `request`: the payer disputes a card; the money is taken out. `contest`: documents are sent. `win`: the dispute is won, the money is
 * on its way. `reverse`: it is back. `lose`: the payer keeps it, contested or not.
 */
export type ChargebackStep = (typeof CHARGEBACK_STEPS)[number];

interface Move {
  from: PaymentStatus[];
  to: PaymentStatus;
  event: PaymentEvent;
}

const MOVES: Record<ChargebackStep, Move> = {
  request: { from: ["CONFIRMED", "RECEIVED"], to: "CHARGEBACK_REQUESTED", event: "PAYMENT_CHARGEBACK_REQUESTED" },
  contest: { from: ["CHARGEBACK_REQUESTED"], to: "CHARGEBACK_DISPUTE", event: "PAYMENT_CHARGEBACK_DISPUTE" },
  win: { from: ["CHARGEBACK_DISPUTE"], to: "AWAITING_CHARGEBACK_REVERSAL", event: "PAYMENT_AWAITING_CHARGEBACK_REVERSAL" },
  reverse: { from: ["AWAITING_CHARGEBACK_REVERSAL"], to: "RECEIVED", event: "PAYMENT_RECEIVED" },
  lose: { from: ["CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE"], to: "REFUNDED", event: "PAYMENT_REFUNDED" },
};

const DAYS_TO_SEND_DOCUMENTS = 7;

/** One step of a card's dispute, which banks and payers take and no call of the API does. */
export function dispute(call: PaymentCall, step: ChargebackStep): WireAnswer {
  const { account, payment, queues, now } = call;
  const { from, to, event } = MOVES[step];
  if (payment.billingType !== "CREDIT_CARD" || !from.includes(payment.status))
    return refuse(400, wrongState(payment, "contestada"));
  const today = saoPauloDate(now());
  payment.chargeback = { ...(payment.chargeback ?? newChargeback(call)), ...progress(step, { payment, today }) };
  if (step === "request" && payment.paymentDate !== null) account.balanceCents -= toCents(payment.value) ?? 0;
  if (step === "reverse") giveBack(call, today);
  payment.status = to;
  queues.publish({ account, event, payment });
  return json(200, payment);
}

function progress(
  step: ChargebackStep,
  { payment, today }: { payment: PaymentCall["payment"]; today: string },
): Partial<Chargeback> {
  switch (step) {
    case "request":
      return {};
    case "contest":
      return { status: "IN_DISPUTE", disputeStatus: "REQUESTED", disputeStartDate: today };
    case "win":
      return { disputeStatus: "ACCEPTED" };
    case "reverse":
      return { status: "REVERSED" };
    case "lose":
      return payment.status === "CHARGEBACK_DISPUTE" ? { status: "DISPUTE_LOST", disputeStatus: "REJECTED" } : { status: "DONE" };
  }
}

/** Money that had not come before the dispute comes now, less the fee. */
function giveBack({ account, payment }: PaymentCall, today: string): void {
  const isFirst = payment.paymentDate === null;
  account.balanceCents += toCents(isFirst ? payment.netValue : payment.value) ?? 0;
  if (isFirst) Object.assign(payment, { paymentDate: today, creditDate: today });
}

function newChargeback({ account, payment, now }: PaymentCall): Chargeback {
  return {
    id: randomUUID(),
    payment: payment.id,
    installment: payment.installment ?? null,
    customerAccount: account.id,
    status: "REQUESTED",
    reason: "PROCESS_ERROR",
    disputeStartDate: null,
    value: payment.value,
    paymentDate: payment.paymentDate,
    disputeStatus: null,
    deadlineToSendDisputeDocuments: addDays(saoPauloDate(now()), DAYS_TO_SEND_DOCUMENTS),
  };
}
