import { type SQL, sql } from "drizzle-orm";
import type { Builder, Statement } from "../../shared/db/connect.ts";
import { charges, type LEDGER_ACCOUNTS, ledgerEntries, ledgerLines } from "../../shared/db/schema/money.ts";

export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** An entry to be written; its amounts are SQL over the charge, so that they are read where they are written. */
export interface NewEntry {
  id: string;
  mentoradoId: string;
  /** Which charge of the mentorado. */
  charge: SQL;
  kind: "charge" | "receipt";
  sourceEventId: string | null;
  /** Debit positive, credit negative; they sum to zero. */
  lines: Partial<Record<LedgerAccount, SQL>>;
}

/**
 * The statements of one double entry. At most one entry of a kind exists per charge, whatever asks for it and how often; when it is
 * there already, neither the entry nor its lines are written.
 */
export function ledgerStatement(build: Builder, { id, mentoradoId, charge, kind, sourceEventId, lines }: NewEntry): Statement {
  const values = Object.entries(lines).map(([account, amount]) => sql`(${account}::text, (${amount})::bigint)`);
  return build.execute(sql`
      with entry as (
        insert into ${ledgerEntries} (mentorado_id, id, kind, charge_id, source_event_id)
        select ${charges.mentoradoId}, ${id}, ${kind}, ${charges.id}, ${sourceEventId}::uuid
          from ${charges} where ${charges.mentoradoId} = ${mentoradoId} and ${charge}
        on conflict (mentorado_id, charge_id, kind) do nothing
        returning id
      )
      insert into ${ledgerLines} (mentorado_id, entry_id, account, amount_cents, currency)
      select ${charges.mentoradoId}, entry.id, line.account, line.amount, ${charges.currency}
        from entry
        join ${charges} on ${charges.mentoradoId} = ${mentoradoId} and ${charge}
        cross join lateral (values ${sql.join(values, sql`, `)}) as line(account, amount)
       where line.amount <> 0`);
}
