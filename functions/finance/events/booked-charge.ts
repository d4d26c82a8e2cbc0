import { sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { charges, ledgerEntries } from "../../../shared/db/schema/money.ts";

const movements = correlated(sql<string[]>`(select coalesce(jsonb_agg(${ledgerEntries.movement}), '[]') from ${ledgerEntries}
  where ${ledgerEntries.mentoradoId} = ${charges.mentoradoId} and ${ledgerEntries.chargeId} = ${charges.id})`);

/** A charge as it is compared with its payment. Its version says whether it is still so when the comparison is acted upon. */
export const bookedCharge = {
  id: charges.id,
  externalId: charges.externalId,
  status: charges.status,
  amountCents: charges.amountCents,
  dueDate: charges.dueDate,
  version: charges.version,
  movements: movements.as("movements"),
};
