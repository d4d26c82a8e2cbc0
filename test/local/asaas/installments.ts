import { randomUUID } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import type { PaymentTerms } from "./new-payment.ts";
import { listPayments } from "./payment-list.ts";
import { isOpen, remove } from "./payment-state.ts";
import { addMonths } from "./sao-paulo-time.ts";
import { notFound, type Payment, refuse, toCents, toReais } from "./wire.ts";

/**
 * @returns what `POST /v3/payments` bills, in cents: one amount, or one for each part of a plan, where the last takes what a total
 * leaves over; undefined without an amount.
 * @see https://docs.asaas.com/docs/cobrancas-parceladas
 */
export function amountsOf(body: Record<string, unknown>): number[] | undefined {
  const count = body.installmentCount;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 2) {
    const cents = toCents(body.value);
    return cents === undefined ? undefined : [cents];
  }
  const each = toCents(body.installmentValue);
  if (each !== undefined) return Array<number>(count).fill(each);
  const total = toCents(body.totalValue);
  if (total === undefined) return undefined;
  const floor = Math.floor(total / count);
  return [...Array<number>(count - 1).fill(floor), total - floor * (count - 1)];
}

/** @returns the terms of each part: one a month from the first due date, all with the same `installment` and reference. */
export function partTerms({ terms, amounts }: { terms: PaymentTerms; amounts: readonly number[] }): PaymentTerms[] {
  const installment = randomUUID();
  return amounts.map((valueCents, index) => ({
    ...terms,
    valueCents,
    installment,
    installmentNumber: index + 1,
    dueDate: addMonths(terms.dueDate, index),
    description: `${partLabel(index + 1, amounts.length)}${terms.description ?? ""}`,
  }));
}

/** `GET /v3/installments/{id}`: the plan, as its parts add up. @see https://docs.asaas.com/reference/recuperar-um-unico-parcelamento */
export function getInstallment({ account, id }: Call): WireAnswer {
  const parts = partsOf(account.payments, id);
  const [first] = parts;
  if (first === undefined) return notFound("Parcelamento");
  const label = partLabel(1, parts.length);
  const description = first.description?.startsWith(label) ? first.description.slice(label.length) : first.description;
  return json(200, {
    object: "installment",
    id,
    value: sum(parts, "value"),
    netValue: sum(parts, "netValue"),
    paymentValue: first.value,
    installmentCount: parts.length,
    billingType: first.billingType,
    paymentDate: null,
    description: description || null,
    expirationDay: Number(first.originalDueDate.slice(-2)),
    dateCreated: first.dateCreated,
    customer: first.customer,
    paymentLink: null,
    checkoutSession: null,
    transactionReceiptUrl: null,
    creditCard: null,
    deleted: parts.every(({ deleted }) => deleted),
    refunds: null,
  });
}

/** `GET /v3/installments/{id}/payments`. */
export function listInstallmentPayments(call: Call): WireAnswer {
  const { account, id, query } = call;
  if (partsOf(account.payments, id).length === 0) return notFound("Parcelamento");
  return listPayments({ account, query: withFilter(query, id) });
}

/** `DELETE /v3/installments/{id}`: takes the unpaid parts away and leaves the paid ones; refused when none is unpaid. */
export function deleteInstallment({ account, id, queues }: Call): WireAnswer {
  const parts = partsOf(account.payments, id);
  if (parts.length === 0) return notFound("Parcelamento");
  const open = parts.filter(isOpen);
  if (open.length === 0) return refuse(400, { code: "invalid_action", description: "O parcelamento não pode ser removido" });
  for (const payment of open) remove({ account, payment, queues });
  return json(200, { deleted: true, id });
}

function partsOf(payments: readonly Payment[], id: string): Payment[] {
  return payments.filter(({ installment }) => installment === id);
}

function partLabel(number: number, count: number): string {
  return `Parcela ${number} de ${count}. `;
}

function sum(parts: readonly Payment[], field: "value" | "netValue"): number {
  return toReais(parts.reduce((cents, part) => cents + (toCents(part[field]) ?? 0), 0));
}

function withFilter(query: URLSearchParams, installment: string): URLSearchParams {
  return new URLSearchParams([...query, ["installment", installment]]);
}
