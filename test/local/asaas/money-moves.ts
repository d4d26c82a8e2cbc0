import { randomUUID } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import { netValue } from "./new-payment.ts";
import { isOpen, type PaymentCall, statusByDueDate, wrongState } from "./payment-state.ts";
import { addDays, isDate, saoPauloDate } from "./sao-paulo-time.ts";
import { type BillingType, refuse, toCents } from "./wire.ts";

export type PayVia = "pix" | "boleto" | "card";

/** CONFIRMED: paid, the money is not there yet. RECEIVED: the money is in the account. */
export type PayStep = "CONFIRMED" | "RECEIVED";

const BILLING_TYPE_OF: Record<PayVia, BillingType> = { pix: "PIX", boleto: "BOLETO", card: "CREDIT_CARD" };
const STEPS_OF: Record<PayVia, PayStep[]> = {
  pix: ["RECEIVED"],
  boleto: ["CONFIRMED", "RECEIVED"],
  card: ["CONFIRMED", "RECEIVED"],
};
/** Until the money of a payment reaches the account. */
const CREDIT_DAYS_OF: Record<PayVia, number> = { pix: 0, boleto: 1, card: 32 };

/**
 * What a payer does: `through` tells which steps to walk, all of that means of payment when left out.
 * A card that was CONFIRMED can be called again with `["RECEIVED"]`.
 */
export function pay({
  call: { account, payment, queues, now, baseUrl },
  via,
  through = STEPS_OF[via],
}: {
  call: PaymentCall;
  via: PayVia;
  through?: PayStep[] | undefined;
}): WireAnswer {
  for (const step of through) {
    const isWaiting = isOpen(payment) || (step === "RECEIVED" && payment.status === "CONFIRMED");
    if (!isWaiting) return refuse(400, wrongState(payment, "paga"));
    const today = saoPauloDate(now());
    const billingType = BILLING_TYPE_OF[via];
    Object.assign(payment, {
      billingType,
      netValue: netValue({ billingType, valueCents: toCents(payment.value) ?? 0 }),
      status: step,
      clientPaymentDate: payment.clientPaymentDate ?? today,
      confirmedDate: payment.confirmedDate ?? today,
      estimatedCreditDate: addDays(today, CREDIT_DAYS_OF[via]),
      pixTransaction: via === "pix" ? (payment.pixTransaction ?? randomUUID()) : null,
      transactionReceiptUrl: `${baseUrl}/comprovantes/${payment.invoiceNumber}`,
    });
    if (step === "RECEIVED") {
      Object.assign(payment, { paymentDate: today, creditDate: today });
      account.balanceCents += toCents(payment.netValue) ?? 0;
    }
    queues.publish({ account, event: `PAYMENT_${step}`, payment });
  }
  return json(200, payment);
}

/** `POST /v3/sandbox/payment/{id}/confirm`: pays as the billing type says; a card stays CONFIRMED. */
export function confirmInSandbox(call: PaymentCall): WireAnswer {
  switch (call.payment.billingType) {
    case "CREDIT_CARD":
      return pay({ call, via: "card", through: ["CONFIRMED"] });
    case "PIX":
      return pay({ call, via: "pix" });
    case "BOLETO":
    case "UNDEFINED":
      return pay({ call, via: "boleto" });
  }
}

/** `POST /v3/sandbox/payment/{id}/overdue`: lets the due date be yesterday. */
export function overdueInSandbox({ account, payment, queues, now }: PaymentCall): WireAnswer {
  if (payment.status !== "PENDING" || payment.deleted) return refuse(400, wrongState(payment, "vencida"));
  Object.assign(payment, { status: "OVERDUE", dueDate: addDays(saoPauloDate(now()), -1) });
  queues.publish({ account, event: "PAYMENT_OVERDUE", payment });
  return json(200, payment);
}

/** `POST /v3/payments/{id}/receiveInCash`: paid outside Asaas, without a fee. */
export function receiveInCash({ account, payment, body, queues }: PaymentCall): WireAnswer {
  if (!isOpen(payment)) return refuse(400, wrongState(payment, "recebida em dinheiro"));
  const { paymentDate, value } = body;
  if (!isDate(paymentDate)) return refuse(400, { code: "invalid_paymentDate", description: "Informe a data de pagamento" });
  if (toCents(value) === undefined) return refuse(400, { code: "invalid_value", description: "Informe o valor pago" });
  const dates = { paymentDate, clientPaymentDate: paymentDate, confirmedDate: paymentDate };
  Object.assign(payment, { status: "RECEIVED_IN_CASH", value, netValue: value, ...dates });
  queues.publish({ account, event: "PAYMENT_RECEIVED", payment });
  return json(200, payment);
}

/** `POST /v3/payments/{id}/undoReceivedInCash`. */
export function undoReceivedInCash({ account, payment, queues, now }: PaymentCall): WireAnswer {
  if (payment.status !== "RECEIVED_IN_CASH") return refuse(400, wrongState(payment, "desfeita"));
  const valueCents = toCents(payment.value) ?? 0;
  const dates = { paymentDate: null, clientPaymentDate: null, confirmedDate: null };
  payment.netValue = netValue({ billingType: payment.billingType, valueCents });
  Object.assign(payment, { status: statusByDueDate(payment, saoPauloDate(now())), ...dates });
  queues.publish({ account, event: "PAYMENT_RECEIVED_IN_CASH_UNDONE", payment });
  return json(200, payment);
}
