import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { missingTerms, wrongTerms, wrongValue } from "./charge-terms.ts";
import { amountsOf, partTerms } from "./installments.ts";
import { netValue, newPayment, type PaymentTerms } from "./new-payment.ts";
import { isOpen, type PaymentCall, remove, statusByDueDate, wrongState } from "./payment-state.ts";
import { saoPauloDate } from "./sao-paulo-time.ts";
import { type BillingType, refuse, toCents, toReais } from "./wire.ts";

/**
 * `POST /v3/payments`. There is no idempotency: the same body twice makes two charges.
 * With `installmentCount` it makes one charge a month and answers the first.
 *
 * @see https://docs.asaas.com/reference/criar-nova-cobranca
 */
export function createPayment(call: Call): WireAnswer {
  const { account, body, queues, now } = call;
  const { value: _checkedWithTheInstallments, ...rest } = body;
  const amounts = amountsOf(body);
  const problems = [
    ...missingTerms({ account, body, dateField: "dueDate" }),
    ...wrongTerms({ body: rest, dateField: "dueDate", today: saoPauloDate(now()) }),
    ...(amounts ?? [undefined]).flatMap(wrongValue).slice(0, 1),
  ];
  if (amounts === undefined || problems.length > 0) return refuse(400, ...problems);
  const terms = termsOf(body, amounts[0] ?? 0);
  const each = amounts.length > 1 ? partTerms({ terms, amounts }) : [terms];
  const created = each.map((one) => newPayment({ call, terms: one }));
  account.payments.push(...created);
  for (const payment of created) queues.publish({ account, event: "PAYMENT_CREATED", payment });
  return json(200, created[0]);
}

/** `PUT /v3/payments/{id}`: an unpaid charge may change; a later due date brings an overdue one back. */
export function updatePayment({ account, payment, body, queues, now }: PaymentCall): WireAnswer {
  if (!isOpen(payment)) return refuse(400, wrongState(payment, "atualizada"));
  const problems = wrongTerms({ body, dateField: "dueDate", today: saoPauloDate(now()) });
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
  remove({ account, payment, queues });
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

function termsOf(body: Record<string, unknown>, valueCents: number): PaymentTerms {
  const { customer, billingType, dueDate, description, externalReference, discount, fine, interest } = body;
  return {
    customer: String(customer),
    billingType: billingType as BillingType,
    valueCents,
    dueDate: String(dueDate),
    description: typeof description === "string" && description !== "" ? description : null,
    externalReference: typeof externalReference === "string" ? externalReference : null,
    installmentNumber: null,
    discount: discount as object,
    fine: fine as object,
    interest: interest as object,
  };
}
