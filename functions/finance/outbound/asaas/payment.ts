import * as z from "zod";
import { cents, day, dayOrNull, orNull, saoPauloTime, textOrNull } from "../../events/asaas-reading.ts";
import { isDisputedUnpaid, toBillingType } from "../../events/asaas-words.ts";

/** Our words for how a charge is paid, and Asaas' own. */
export const BILLING_TYPES = { pix: "PIX", boleto: "BOLETO", credit_card: "CREDIT_CARD" } as const;
export type BillingType = keyof typeof BILLING_TYPES;

export interface AsaasRefund {
  /** ISO 8601, when it was asked for. */
  at: string;
  amountCents: number;
  /** False while it is on its way and when it was called off. */
  isDone: boolean;
}

export interface AsaasPayment {
  id: string;
  customerId: string;
  /** Asaas' own word; the list grows, so it is any text. */
  status: string;
  amountCents: number;
  /** What is left after the fee; null while Asaas does not say. */
  netCents: number | null;
  /** Null for a word that we do not know, and while the payer still chooses. */
  billingType: BillingType | null;
  /** `YYYY-MM-DD`. */
  dueDate: string;
  /** `YYYY-MM-DD`, when the money reached the account or was taken in cash; null while it has not. */
  paymentDate: string | null;
  /** `YYYY-MM-DD`. */
  dateCreated: string | null;
  description: string | null;
  externalReference: string | null;
  /** The page where the payer pays. */
  invoiceUrl: string | null;
  /** The boleto as a PDF. */
  boletoUrl: string | null;
  /** Asaas' id of the subscription that it is a charge of. */
  subscriptionId: string | null;
  /** Asaas' id of the instalment plan that it is a part of. */
  installmentId: string | null;
  /** In the order in which Asaas tells them. */
  refunds: AsaasRefund[];
  /** Sum of the refunds that are done. */
  refundedCents: number;
  /** Asaas' own word; null while the payer disputes nothing. */
  chargebackStatus: string | null;
  /** The payer disputed it before its money had come. */
  isDisputedUnpaid: boolean;
  /** Asaas keeps the status of a charge that was removed. */
  isDeleted: boolean;
}

const refund = z
  .looseObject({ dateCreated: saoPauloTime, status: z.string(), value: cents })
  .transform(
    ({ dateCreated, status, value }): AsaasRefund => ({ at: dateCreated, amountCents: value, isDone: status === "DONE" }),
  );

/**
 * A payment as Asaas writes it, in the answers of its API and in its events. New fields and new words pass; an amount or a date that
 * cannot be read is an issue, because it is money.
 *
 * @see https://docs.asaas.com/reference/recuperar-uma-unica-cobranca
 */
export const asaasPaymentSnapshot = z
  .looseObject({
    id: z.string(),
    customer: z.string(),
    status: z.string(),
    value: cents,
    netValue: orNull(cents),
    billingType: textOrNull,
    dueDate: day,
    paymentDate: dayOrNull,
    dateCreated: dayOrNull.catch(null),
    description: textOrNull,
    externalReference: textOrNull,
    invoiceUrl: textOrNull,
    bankSlipUrl: textOrNull,
    subscription: textOrNull,
    installment: textOrNull,
    refunds: orNull(z.array(refund)),
    chargeback: orNull(
      z.looseObject({ status: textOrNull, paymentDate: dayOrNull.optional(), disputeStartDate: dayOrNull.optional() }),
    ),
    deleted: z.boolean().nullish(),
  })
  .transform(
    ({
      id,
      status,
      dueDate,
      paymentDate,
      dateCreated,
      description,
      externalReference,
      invoiceUrl,
      ...payment
    }): AsaasPayment => ({
      id,
      customerId: payment.customer,
      status,
      amountCents: payment.value,
      netCents: payment.netValue,
      billingType: toBillingType(payment.billingType) ?? null,
      dueDate,
      paymentDate,
      dateCreated,
      description,
      externalReference,
      invoiceUrl,
      boletoUrl: payment.bankSlipUrl,
      subscriptionId: payment.subscription,
      installmentId: payment.installment,
      refunds: payment.refunds ?? [],
      refundedCents: (payment.refunds ?? []).reduce((sum, { amountCents, isDone }) => sum + (isDone ? amountCents : 0), 0),
      chargebackStatus: payment.chargeback?.status ?? null,
      isDisputedUnpaid: isDisputedUnpaid({ paymentDate, chargeback: payment.chargeback }),
      isDeleted: payment.deleted === true,
    }),
  );
