import { sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { charges, ledgerEntries, ledgerLines, syncConflicts } from "../../../shared/db/schema/money.ts";
import type { LedgerAccount } from "../ledger/ledger.ts";

const movements = correlated(sql<string[]>`(select coalesce(jsonb_agg(${ledgerEntries.movement}), '[]') from ${ledgerEntries}
  where ${ledgerEntries.mentoradoId} = ${charges.mentoradoId} and ${ledgerEntries.chargeId} = ${charges.id})`);

function standing({ account, movements }: { account: LedgerAccount; movements: readonly string[] }) {
  return correlated(
    sql`(select coalesce(sum(${ledgerLines.amountCents}), 0) from ${ledgerEntries} join ${ledgerLines}
        on ${ledgerLines.mentoradoId} = ${ledgerEntries.mentoradoId} and ${ledgerLines.entryId} = ${ledgerEntries.id} and ${ledgerLines.account} = ${account}
      where ${ledgerEntries.mentoradoId} = ${charges.mentoradoId} and ${ledgerEntries.chargeId} = ${charges.id}
        and split_part(${ledgerEntries.movement}, ':', 1) in ${movements})`,
  ).mapWith(Number);
}

/** Whether a difference of the charge's payment waits for people. */
export const isInConflict = correlated(sql<boolean>`exists (select 1 from ${syncConflicts}
  where ${syncConflicts.mentoradoId} = ${charges.mentoradoId} and ${syncConflicts.externalId} = ${charges.externalId} and ${syncConflicts.status} = 'pending'
    and ${syncConflicts.kind} <> 'unknown_payment')`);

/** A charge as it is compared with its payment. Its version says whether it is still so when the comparison is acted upon. */
export const bookedCharge = {
  id: charges.id,
  externalId: charges.externalId,
  status: charges.status,
  amountCents: charges.amountCents,
  dueDate: charges.dueDate,
  version: charges.version,
  movements: movements.as("movements"),
  isInConflict: isInConflict.as("is_in_conflict"),
  /** What removals have taken from what was billed, less what restorations gave back. */
  cancelledCents: standing({ account: "revenue", movements: ["cancellation", "restoration"] }).as("cancelled_cents"),
  inCashCents: standing({ account: "cash", movements: ["receipt_in_cash", "receipt_undone"] }).as("in_cash_cents"),
};
