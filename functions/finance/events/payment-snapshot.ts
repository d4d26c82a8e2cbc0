import * as z from "zod";
import { centsFromReais } from "../reais.ts";
import { readSaoPauloTime } from "./asaas-reading.ts";
import { type BillingType, isDisputedUnpaid, toBillingType } from "./asaas-words.ts";

/** A payment as Asaas showed it at one moment, in an event or in an answer of its API. */
export interface PaymentSnapshot {
  id: string;
  /** Asaas' own word. */
  status: string;
  isDeleted: boolean;
  externalReference: string | null;
  subscriptionId: string | null;
  /** Null where an event does not say. */
  amountCents: number | null;
  /** What is left after the fee. */
  netCents: number | null;
  /** `YYYY-MM-DD`, when the money reached the account; null while it has not. */
  paymentDate: string | null;
  /** In the order in which they were made. */
  refunds: readonly Refund[];
  chargebackStatus: string | null;
  /** The payer disputed it before its money had come. */
  isDisputedUnpaid: boolean;
  /** `YYYY-MM-DD`. */
  dueDate: string | null;
  /** Null for a word that we do not know. */
  billingType: BillingType | null;
}

export interface Refund {
  /** ISO 8601. */
  at: string;
  amountCents: number;
  isDone: boolean;
}

const cents = z.number().transform((reais) => centsFromReais(reais) ?? null);

/** What an event carries, read leniently: unknown fields and words pass, because a refusal would help nobody. */
export const paymentInEvent = z
  .looseObject({
    id: z.string().min(1).max(64),
    status: z.string().min(1).max(64),
    deleted: z.boolean().nullish(),
    externalReference: z.string().nullish(),
    subscription: z.string().nullish(),
    value: cents.nullish(),
    netValue: cents.nullish(),
    paymentDate: z.iso.date().nullish().catch(null),
    refunds: z
      .array(z.looseObject({ dateCreated: z.string(), status: z.string(), value: cents }))
      .nullish()
      .catch(null),
    chargeback: z
      .looseObject({
        status: z.string(),
        paymentDate: z.iso.date().nullish().catch(undefined),
        disputeStartDate: z.iso.date().nullish().catch(undefined),
      })
      .nullish()
      .catch(null),
    dueDate: z.iso.date().nullish().catch(null),
    billingType: z.string().nullish().catch(null),
  })
  .transform(
    (payment): PaymentSnapshot => ({
      id: payment.id,
      status: payment.status,
      isDeleted: payment.deleted === true,
      externalReference: payment.externalReference ?? null,
      subscriptionId: payment.subscription ?? null,
      amountCents: payment.value ?? null,
      netCents: payment.netValue ?? null,
      paymentDate: payment.paymentDate ?? null,
      refunds: (payment.refunds ?? []).flatMap(({ dateCreated, status, value }) => {
        const at = readSaoPauloTime(dateCreated);
        return at === undefined || value === null ? [] : [{ at, amountCents: value, isDone: status === "DONE" }];
      }),
      chargebackStatus: payment.chargeback?.status ?? null,
      isDisputedUnpaid: isDisputedUnpaid({ paymentDate: payment.paymentDate ?? null, chargeback: payment.chargeback }),
      dueDate: payment.dueDate ?? null,
      billingType: toBillingType(payment.billingType ?? null) ?? null,
    }),
  );
