import { randomBytes, randomUUID } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { addMonths, isDate, saoPauloDate } from "./sao-paulo-time.ts";
import { type BillingType, listPage, type Payment, type Problem, refuse, toCents, toReais } from "./wire.ts";

/** A call about a payment that exists. */
export type PaymentCall = Call & { payment: Payment };

const BILLING_TYPES: BillingType[] = ["BOLETO", "CREDIT_CARD", "PIX", "UNDEFINED"];
const MIN_VALUE_CENTS = 500;
const FIXED_FEE_CENTS = 199;
const CARD_FEE_RATE = 0.0299;
const CARD_FEE_CENTS = 49;

/**
 * `POST /v3/payments`. There is no idempotency: the same body twice makes two charges.
 * With `installmentCount` it makes one charge a month and answers the first.
 *
 * @see https://docs.asaas.com/reference/criar-nova-cobranca
 */
export function createPayment(call: Call): WireAnswer {
  const { account, body, queues } = call;
  const problems = problemsOf(call);
  const values = installmentCents(body);
  if (values === undefined) problems.push({ code: "invalid_value", description: "O campo value deve ser informado" });
  else if (values.some((cents) => cents < MIN_VALUE_CENTS)) problems.push(tooSmall());
  if (values === undefined || problems.length > 0) return refuse(400, ...problems);
  const plan = values.length > 1 ? { installment: randomUUID(), count: values.length } : undefined;
  const created = values.map((valueCents, index) => newPayment({ call, valueCents, index, plan }));
  account.payments.push(...created);
  for (const payment of created) queues.publish({ account, event: "PAYMENT_CREATED", payment });
  return json(200, created[0]);
}

/** `GET /v3/payments`: newest first, without the deleted ones. */
export function listPayments({ account, query }: Call): WireAnswer {
  const filters = ["externalReference", "customer", "status", "installment", "billingType"] as const;
  const items = account.payments
    .filter(({ deleted }) => !deleted)
    .filter((payment) => filters.every((name) => !query.has(name) || payment[name] === query.get(name)))
    .reverse();
  return listPage({ items, query });
}

/** `PUT /v3/payments/{id}`: an unpaid charge may change; a later due date brings an overdue one back. */
export function updatePayment({ account, payment, body, queues, now }: PaymentCall): WireAnswer {
  if (!isOpen(payment)) return refuse(400, wrongState(payment, "atualizada"));
  const problems = changeProblems(body, saoPauloDate(now()));
  if (problems.length > 0) return refuse(400, ...problems);
  for (const name of ["dueDate", "description", "externalReference", "billingType", "discount", "fine", "interest"]) {
    if (body[name] !== undefined) Object.assign(payment, { [name]: body[name] });
  }
  const valueCents = toCents(body.value ?? payment.value) ?? 0;
  payment.value = toReais(valueCents);
  payment.netValue = netValue({ billingType: payment.billingType, valueCents });
  payment.status = statusByDueDate(payment, saoPauloDate(now()));
  queues.publish({ account, event: "PAYMENT_UPDATED", payment });
  return json(200, payment);
}

/** `DELETE /v3/payments/{id}`: only unpaid charges; `deleted` turns true, the status stays. */
export function deletePayment({ account, payment, queues }: PaymentCall): WireAnswer {
  if (!isOpen(payment)) return refuse(400, wrongState(payment, "removida"));
  payment.deleted = true;
  queues.publish({ account, event: "PAYMENT_DELETED", payment });
  return json(200, { deleted: true, id: payment.id });
}

/** `POST /v3/payments/{id}/restore`. */
export function restorePayment({ account, payment, queues, now }: PaymentCall): WireAnswer {
  if (!payment.deleted) return refuse(400, wrongState(payment, "restaurada"));
  payment.deleted = false;
  payment.status = statusByDueDate(payment, saoPauloDate(now()));
  queues.publish({ account, event: "PAYMENT_RESTORED", payment });
  return json(200, payment);
}

/** @returns reais left after the fee: R$ 1.99 for PIX and boleto, 2.99 % + R$ 0.49 for a card. */
export function netValue({ billingType, valueCents }: { billingType: BillingType; valueCents: number }): number {
  const cardFeeCents = Math.round(valueCents * CARD_FEE_RATE) + CARD_FEE_CENTS;
  return toReais(valueCents - (billingType === "CREDIT_CARD" ? cardFeeCents : FIXED_FEE_CENTS));
}

/** @returns whether the payer can still pay it. */
export function isOpen({ status, deleted }: Payment): boolean {
  return !deleted && (status === "PENDING" || status === "OVERDUE");
}

export function statusByDueDate({ dueDate }: Payment, today: string): "PENDING" | "OVERDUE" {
  return dueDate < today ? "OVERDUE" : "PENDING";
}

export function wrongState({ id, status, deleted }: Payment, verb: string): Problem {
  const state = deleted ? "removida" : status;
  return { code: "invalid_action", description: `A cobrança ${id} (${state}) não pode ser ${verb}` };
}

function problemsOf({ account, body, now }: Call): Problem[] {
  const problems: Problem[] = [];
  if (!account.customers.some(({ id }) => id === body.customer)) {
    problems.push({ code: "invalid_customer", description: "Customer inválido ou não informado" });
  }
  if (body.billingType === undefined) {
    problems.push({ code: "invalid_billingType", description: "Informe a forma de pagamento" });
  }
  if (body.dueDate === undefined) {
    problems.push({ code: "invalid_dueDate", description: "O campo dueDate deve ser informado" });
  }
  const { value: _checkedWithTheInstallments, ...rest } = body;
  return [...problems, ...changeProblems(rest, saoPauloDate(now()))];
}

function changeProblems({ value, dueDate, billingType }: Record<string, unknown>, today: string): Problem[] {
  const problems: Problem[] = [];
  const cents = toCents(value);
  if (value !== undefined && cents === undefined) problems.push({ code: "invalid_value", description: "O valor é inválido" });
  if (cents !== undefined && cents < MIN_VALUE_CENTS) problems.push(tooSmall());
  if (dueDate !== undefined && !isDate(dueDate)) {
    problems.push({ code: "invalid_dueDate", description: "A data de vencimento é inválida" });
  } else if (isDate(dueDate) && dueDate < today) {
    problems.push({ code: "invalid_dueDate", description: "A data de vencimento não pode ser inferior à hoje" });
  }
  if (billingType !== undefined && !BILLING_TYPES.includes(billingType as BillingType)) {
    problems.push({ code: "invalid_billingType", description: "Forma de pagamento inválida" });
  }
  return problems;
}

function tooSmall(): Problem {
  return { code: "invalid_value", description: "O valor da cobrança não pode ser menor que R$ 5,00" };
}

/** One amount per charge, in cents; what a total leaves over goes to the last. */
function installmentCents(body: Record<string, unknown>): number[] | undefined {
  const count = body.installmentCount;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 2) {
    const cents = toCents(body.value);
    return cents === undefined ? undefined : [cents];
  }
  const each = toCents(body.installmentValue);
  if (each !== undefined) return Array(count).fill(each);
  const total = toCents(body.totalValue);
  if (total === undefined) return undefined;
  const floor = Math.floor(total / count);
  return [...Array(count - 1).fill(floor), total - floor * (count - 1)];
}

function newPayment({
  call: { body, now, baseUrl, nextNumber },
  valueCents,
  index,
  plan,
}: {
  call: Call;
  valueCents: number;
  index: number;
  plan: { installment: string; count: number } | undefined;
}): Payment {
  const number = nextNumber();
  const slug = randomBytes(8).toString("hex");
  const dueDate = addMonths(String(body.dueDate), index);
  const billingType = body.billingType as BillingType;
  const hasBoleto = billingType === "BOLETO" || billingType === "UNDEFINED";
  const part = plan === undefined ? "" : `Parcela ${index + 1} de ${plan.count}. `;
  return {
    object: "payment",
    id: `pay_${slug}`,
    dateCreated: saoPauloDate(now()),
    customer: String(body.customer),
    ...(plan === undefined ? {} : { installment: plan.installment }),
    paymentLink: null,
    value: toReais(valueCents),
    netValue: netValue({ billingType, valueCents }),
    originalValue: null,
    interestValue: null,
    description: `${part}${body.description ?? ""}` || null,
    billingType,
    canBePaidAfterDueDate: true,
    confirmedDate: null,
    pixTransaction: null,
    status: "PENDING",
    dueDate,
    originalDueDate: dueDate,
    paymentDate: null,
    clientPaymentDate: null,
    installmentNumber: plan === undefined ? null : index + 1,
    invoiceUrl: `${baseUrl}/i/${slug}`,
    invoiceNumber: String(number).padStart(8, "0"),
    externalReference: typeof body.externalReference === "string" ? body.externalReference : null,
    deleted: false,
    anticipated: false,
    anticipable: false,
    creditDate: null,
    estimatedCreditDate: null,
    transactionReceiptUrl: null,
    nossoNumero: hasBoleto ? String(10_000_000 + number) : null,
    bankSlipUrl: hasBoleto ? `${baseUrl}/b/pdf/${slug}` : null,
    lastInvoiceViewedDate: null,
    lastBankSlipViewedDate: null,
    discount: { value: 0, limitDate: null, dueDateLimitDays: 0, type: "FIXED", ...(body.discount as object) },
    fine: { value: 0, type: "FIXED", ...(body.fine as object) },
    interest: { value: 0, type: "PERCENTAGE", ...(body.interest as object) },
    postalService: false,
    custody: null,
    refunds: null,
  };
}
