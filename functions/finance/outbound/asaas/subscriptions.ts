import { reaisFromCents } from "../../reais.ts";
import { type AsaasClient, idPart, listOf, MAX_PAGE } from "./client.ts";
import { BILLING_TYPES, type BillingType } from "./payment.ts";
import { type AsaasSubscription, asaasSubscriptionSnapshot, CYCLES, type SubscriptionCycle } from "./subscription.ts";

export interface SubscriptionCalls {
  /** @returns the subscription with our reference that is not removed; undefined when there is none. */
  findSubscription(input: { externalReference: string }): Promise<AsaasSubscription | undefined>;
  /** An unknown id is refused with provider status 404; a removed subscription is answered, and says so. */
  getSubscription(id: string): Promise<AsaasSubscription>;
  /** Asaas makes the charges itself and announces each with `PAYMENT_CREATED`. Days are `YYYY-MM-DD`. */
  createSubscription(input: {
    customerId: string;
    billingType: BillingType;
    /** Of each charge. */
    amountCents: number;
    /** Of the first charge, not in the past. */
    nextDueDate: string;
    cycle: SubscriptionCycle;
    /** After which no charge is due. */
    endDate?: string | undefined;
    maxPayments?: number | undefined;
    description?: string | undefined;
    externalReference: string;
  }): Promise<AsaasSubscription>;
  /** Removes a subscription with its unpaid charges, each of which is announced; one that is removed already is done. */
  cancelSubscription(id: string): Promise<void>;
}

export function subscriptionCalls({ read, post, remove }: AsaasClient): SubscriptionCalls {
  const answer = asaasSubscriptionSnapshot;
  const getSubscription: SubscriptionCalls["getSubscription"] = (id) =>
    read({ operation: "getSubscription", path: pathOf(id), answer });
  return {
    async findSubscription({ externalReference }) {
      const query = { externalReference, limit: String(MAX_PAGE) };
      const { data } = await read({ operation: "findSubscription", path: "/subscriptions", query, answer: listOf(answer) });
      // Compared again here: had the filter been ignored, a stranger's subscription would be taken for ours.
      return data.find((subscription) => subscription.externalReference === externalReference && !subscription.isDeleted);
    },
    getSubscription,
    createSubscription({ customerId, billingType, amountCents, cycle, ...rest }) {
      const { nextDueDate, endDate, maxPayments, description, externalReference } = rest;
      const body = {
        customer: customerId,
        billingType: BILLING_TYPES[billingType],
        value: reaisFromCents(amountCents),
        nextDueDate,
        cycle: CYCLES[cycle],
        endDate,
        maxPayments,
        description,
        externalReference,
      };
      return post({ operation: "createSubscription", path: "/subscriptions", body, answer });
    },
    cancelSubscription: (id) =>
      remove({
        operation: "cancelSubscription",
        path: pathOf(id),
        isRemoved: async () => (await getSubscription(id)).isDeleted,
      }),
  };
}

function pathOf(id: string): string {
  return `/subscriptions/${idPart(id)}`;
}
