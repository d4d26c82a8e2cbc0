import * as z from "zod";
import { pageInput } from "../../shared/db/keyset.ts";
import { CHARGE_STATUSES } from "../../shared/db/schema/money.ts";

export const byId = z.object({ id: z.uuid() });

export const listChargesInput = pageInput
  .extend({ status: z.enum(CHARGE_STATUSES).optional(), studentId: z.uuid().optional() })
  .prefault({});
export type ListChargesInput = z.output<typeof listChargesInput>;

export const listLedgerInput = pageInput.extend({ chargeId: z.uuid().optional() }).prefault({});
export type ListLedgerInput = z.output<typeof listLedgerInput>;

/**
 * The envelope of an Asaas webhook, parsed leniently: unknown fields and statuses are kept, because a refusal would pause the
 * whole queue. Source: the provider's webhook reference.
 */
export const asaasEvent = z.looseObject({
  id: z.string().min(1).max(200),
  event: z.string().min(1).max(100),
  dateCreated: z.string().nullish(),
  payment: z
    .looseObject({
      id: z.string().min(1),
      status: z.string().min(1),
      externalReference: z.string().nullish(),
      netValue: z.number().nullish(),
      deleted: z.boolean().nullish(),
    })
    .optional(),
});
export type AsaasEvent = z.output<typeof asaasEvent>;
