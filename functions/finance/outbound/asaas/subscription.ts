import * as z from "zod";
import { cents, dayOrNull, orNull, textOrNull } from "../../events/asaas-reading.ts";
import { toBillingType, toSubscriptionStatus } from "../../events/asaas-words.ts";
import type { BillingType } from "./payment.ts";

/** Our words for how often a subscription charges, and Asaas' own. */
export const CYCLES = {
  weekly: "WEEKLY",
  biweekly: "BIWEEKLY",
  monthly: "MONTHLY",
  bimonthly: "BIMONTHLY",
  quarterly: "QUARTERLY",
  semiannual: "SEMIANNUALLY",
  yearly: "YEARLY",
} as const;
export type SubscriptionCycle = keyof typeof CYCLES;

export interface AsaasSubscription {
  id: string;
  customerId: string;
  /** `cancelled` when it was removed; null for a word that we do not know. */
  status: NonNullable<ReturnType<typeof toSubscriptionStatus>> | null;
  /** Of each charge. */
  amountCents: number;
  /** Null for a word that we do not know. */
  billingType: BillingType | null;
  /** Null for a word that we do not know. */
  cycle: SubscriptionCycle | null;
  /** `YYYY-MM-DD`, of the charge that is made next. */
  nextDueDate: string | null;
  /** `YYYY-MM-DD`, after which no charge is due. */
  endDate: string | null;
  maxPayments: number | null;
  /** `YYYY-MM-DD`. */
  dateCreated: string | null;
  description: string | null;
  externalReference: string | null;
  isDeleted: boolean;
}

const OUR_CYCLES = new Map(Object.entries(CYCLES).map(([ours, theirs]) => [theirs as string, ours as SubscriptionCycle]));

/**
 * A subscription as Asaas writes it, in the answers of its API and in its events, whose days read `10/03/2026`. New fields and new
 * words pass; an amount or a date that cannot be read is an issue.
 *
 * @see https://docs.asaas.com/reference/recuperar-uma-unica-assinatura
 */
export const asaasSubscriptionSnapshot = z
  .looseObject({
    id: z.string(),
    customer: z.string(),
    status: textOrNull,
    value: cents,
    billingType: textOrNull,
    cycle: textOrNull,
    nextDueDate: dayOrNull,
    endDate: dayOrNull,
    maxPayments: orNull(z.int()),
    dateCreated: dayOrNull.catch(null),
    description: textOrNull,
    externalReference: textOrNull,
    deleted: z.boolean().nullish(),
  })
  .transform(
    ({ id, customer, status, value, billingType, cycle, deleted, ...subscription }): AsaasSubscription => ({
      id,
      customerId: customer,
      status: toSubscriptionStatus({ status, deleted }) ?? null,
      amountCents: value,
      billingType: toBillingType(billingType) ?? null,
      cycle: OUR_CYCLES.get(cycle ?? "") ?? null,
      nextDueDate: subscription.nextDueDate,
      endDate: subscription.endDate,
      maxPayments: subscription.maxPayments,
      dateCreated: subscription.dateCreated,
      description: subscription.description,
      externalReference: subscription.externalReference,
      isDeleted: deleted === true,
    }),
  );
