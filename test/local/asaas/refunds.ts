import { json, type WireAnswer } from "../http-server.ts";
import { type PaymentCall, wrongState } from "./payment-state.ts";
import { saoPauloDateTime } from "./sao-paulo-time.ts";
import { type Payment, type Refund, refuse, toCents, toReais } from "./wire.ts";

/** How a refund ends that its account holds. */
export type RefundOutcome = "done" | "denied";

/**
 * `POST /v3/payments/{id}/refund`: PIX wholly or in parts, a card wholly; boletos have another endpoint. Fees are not given
 * back, so the account must hold the whole amount. A card that is only CONFIRMED, and every refund that the account holds, passes
 * through REFUND_IN_PROGRESS.
 *
 * @see https://docs.asaas.com/reference/estornar-cobranca
 */
export function refund(call: PaymentCall): WireAnswer {
  const { account, payment, body, queues, now } = call;
  const isRefundable =
    (payment.billingType === "PIX" && payment.status === "RECEIVED") ||
    (payment.billingType === "CREDIT_CARD" && (payment.status === "RECEIVED" || payment.status === "CONFIRMED"));
  if (!isRefundable) return refuse(400, wrongState(payment, "estornada"));
  const openCents = leftCents(payment);
  const cents = body.value === undefined ? openCents : toCents(body.value);
  const isPartOfCard = payment.billingType === "CREDIT_CARD" && cents !== openCents;
  if (cents === undefined || cents <= 0 || cents > openCents || isPartOfCard) {
    return refuse(400, { code: "invalid_value", description: "O valor do estorno é inválido" });
  }
  const isReceived = payment.status === "RECEIVED";
  if (isReceived && account.balanceCents < cents) {
    return refuse(400, { code: "invalid_action", description: "Saldo insuficiente para realizar o estorno" });
  }
  if (isReceived) account.balanceCents -= cents;
  const asked = newRefund({ body, cents, at: now() });
  payment.refunds = [...(payment.refunds ?? []), asked];
  if (!isReceived || account.holdsRefunds) {
    payment.status = "REFUND_IN_PROGRESS";
    queues.publish({ account, event: "PAYMENT_REFUND_IN_PROGRESS", payment });
  }
  if (!account.holdsRefunds) finish(call, asked);
  return json(200, payment);
}

/** What the bank answers to a refund that is in progress. */
export function settleRefund(call: PaymentCall, outcome: RefundOutcome): WireAnswer {
  const { account, payment, queues } = call;
  const asked = payment.refunds?.find(({ status }) => status === "PENDING");
  if (asked === undefined) return refuse(400, wrongState(payment, "estornada"));
  if (outcome === "done") {
    finish(call, asked);
    return json(200, payment);
  }
  asked.status = "CANCELLED";
  payment.status = statusBefore(payment);
  if (payment.status === "RECEIVED") account.balanceCents += toCents(asked.value) ?? 0;
  queues.publish({ account, event: "PAYMENT_REFUND_DENIED", payment });
  return json(200, payment);
}

function finish({ account, payment, queues }: PaymentCall, asked: Refund): void {
  asked.status = "DONE";
  const isWhole = leftCents(payment) === 0;
  payment.status = isWhole ? "REFUNDED" : statusBefore(payment);
  queues.publish({ account, event: isWhole ? "PAYMENT_REFUNDED" : "PAYMENT_PARTIALLY_REFUNDED", payment });
}

function statusBefore({ paymentDate }: Payment): "RECEIVED" | "CONFIRMED" {
  return paymentDate === null ? "CONFIRMED" : "RECEIVED";
}

function newRefund({ body, cents, at }: { body: Record<string, unknown>; cents: number; at: Date }): Refund {
  return {
    dateCreated: saoPauloDateTime(at),
    status: "PENDING",
    value: toReais(cents),
    description: typeof body.description === "string" ? body.description : null,
    transactionReceiptUrl: null,
  };
}

/** What has not been given back and is not on its way. */
function leftCents({ value, refunds }: Payment): number {
  const counted = (refunds ?? []).filter(({ status }) => status !== "CANCELLED");
  return counted.reduce((left, refund) => left - (toCents(refund.value) ?? 0), toCents(value) ?? 0);
}
