import * as z from "zod";
import { dayOrNull } from "./asaas-reading.ts";
import { paymentInEvent } from "./payment-snapshot.ts";

/**
 * The envelope of an Asaas webhook, parsed leniently: unknown fields and statuses are kept, because a refusal would pause the
 * whole queue. Source: the provider's webhook reference.
 */
export const asaasEvent = z.looseObject({
  id: z.string().min(1).max(200),
  event: z.string().min(1).max(100),
  dateCreated: z.string().nullish(),
  payment: paymentInEvent.optional(),
  subscription: z
    .looseObject({
      id: z.string().min(1).max(64),
      status: z.string().max(64).nullish(),
      deleted: z.boolean().nullish(),
      externalReference: z.string().nullish(),
      nextDueDate: dayOrNull.catch(null),
    })
    .optional()
    .catch(undefined),
});
export type AsaasEvent = z.output<typeof asaasEvent>;
