import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { Builder, Statement } from "../../../shared/db/connect.ts";
import { charges, type LEDGER_ACCOUNTS, type LedgerKind } from "../../../shared/db/schema/money.ts";

export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** An entry to be written; its amounts are SQL over the charge, so that they are read where they are written. */
export interface NewEntry {
  id: string;
  mentoradoId: string;
  /** Which charge of the mentorado. */
  charge: SQL;
  kind: LedgerKind;
  /** Names the movement within the charge, whatever reports it: the same one is entered once. */
  movement: string;
  /** `asaas:<event id of the provider>`, `job:<id>`, `user:<id>`, `conflict:<id>`. */
  source: string | SQL;
  sourceEventId?: string;
  /** ISO 8601; now when left out. */
  occurredAt?: string;
  /** In cents of the charge's currency, debit positive, credit negative; they sum to zero. */
  lines: Partial<Record<LedgerAccount, SQL>>;
}

/** The person who acts, as the source of an entry. */
export const BY_PERSON: SQL = sql`'user:' || guilda.actor_id()`;

/** What the entries of a charge come to in one account, in cents, debit positive. */
export function chargeBalance({
  mentoradoId,
  chargeId,
  account,
}: {
  mentoradoId: string;
  chargeId: string | SQLWrapper;
  account: LedgerAccount;
}): SQL {
  return sql`(select coalesce(sum(l.amount_cents), 0)::bigint from ledger_lines l join ledger_entries e on e.mentorado_id = l.mentorado_id and e.id = l.entry_id
    where e.mentorado_id = ${mentoradoId} and e.charge_id = ${chargeId} and l.account = ${account})`;
}

/** The statement of one double entry, which does nothing when the charge has this movement already. Comes after whatever locks the charge. */
export function ledgerStatement(build: Builder, entry: NewEntry): Statement {
  const { id, mentoradoId, charge, kind, movement, source, sourceEventId, occurredAt, lines } = entry;
  const amounts = Object.entries(lines).map(([account, amount]) => sql`${account}::text, (${amount})::bigint`);
  return build.execute(sql`
    select guilda.post_entry(${charges.mentoradoId}, ${id}, ${charges.id}, ${kind}, ${movement}, ${source}, ${sourceEventId ?? null},
             coalesce(${occurredAt ?? null}::timestamptz, now()), jsonb_build_object(${sql.join(amounts, sql`, `)}))
      from ${charges} where ${charges.mentoradoId} = ${mentoradoId} and ${charge}`);
}
