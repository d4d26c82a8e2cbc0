import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Builder, Statement } from "../../../shared/db/connect.ts";
import { charges, type LedgerKind, ledgerEntries, ledgerLines } from "../../../shared/db/schema/money.ts";

/** The entries that people make by themselves, and the kind of entry that takes each back. */
export const UNDONE_BY = {
  write_off: "write_off_undone",
  cashback: "cashback_undone",
} as const satisfies Partial<Record<LedgerKind, LedgerKind>>;

/** Of an entry: the movement that takes it back, so that this happens once, whoever does it. */
const undoingMovement = sql`'undone:' || ${ledgerEntries.id}`;

/** Nothing has taken the entry back. */
export const stands = sql`not exists (select 1 from ledger_entries u
  where u.mentorado_id = ${ledgerEntries.mentoradoId} and u.charge_id = ${ledgerEntries.chargeId} and u.movement = ${undoingMovement})`;

/**
 * Takes back an entry that still stands, by its opposite; where it gave up a debt, the charge is owed again.
 *
 * @param entry which entry of the mentorado.
 * @param undo its `id` is the new entry's; `occurredAt` ISO 8601, now when left out.
 */
export function undoStatement(
  build: Builder,
  {
    mentoradoId,
    entry,
    undo: { id, source, sourceEventId, occurredAt },
  }: {
    mentoradoId: string;
    entry: SQL | undefined;
    undo: { id: string; source: string | SQL; sourceEventId?: string | undefined; occurredAt?: string | undefined };
  },
): Statement {
  const opposite = sql`(select jsonb_object_agg(${ledgerLines.account}, -${ledgerLines.amountCents}) from ${ledgerLines}
    where ${and(eq(ledgerLines.mentoradoId, ledgerEntries.mentoradoId), eq(ledgerLines.entryId, ledgerEntries.id))})`;
  const kinds = Object.entries(UNDONE_BY).map(([kind, undoneBy]) => sql`when ${kind} then ${undoneBy}`);
  return build.execute(sql`
    with undone as (
      select ${ledgerEntries.mentoradoId}, ${ledgerEntries.chargeId}, ${ledgerEntries.kind},
             guilda.post_entry(${ledgerEntries.mentoradoId}, ${id}, ${ledgerEntries.chargeId},
               case ${ledgerEntries.kind} ${sql.join(kinds, sql` `)} end, ${undoingMovement}, ${source}, ${sourceEventId ?? null},
               coalesce(${occurredAt ?? null}::timestamptz, now()), ${opposite}) as is_new
        from ${ledgerEntries}
       where ${and(eq(ledgerEntries.mentoradoId, mentoradoId), entry, stands)})
    update ${charges} set write_off_reason = null, version = ${charges.version} + 1, updated_at = now()
      from undone
     where ${charges.mentoradoId} = undone.mentorado_id and ${charges.id} = undone.charge_id
       and undone.is_new and undone.kind = 'write_off'`);
}

/**
 * Ends the giving up of a debt when the provider reports something that settles it after all: else the student would be left with a
 * credit. A report of what was entered before settles nothing.
 *
 * @param charge which charge of the mentorado; locked.
 * @param movements names of what the report enters that takes from the debt.
 */
export function endWriteOff(
  build: Builder,
  {
    mentoradoId,
    charge,
    movements,
    undo,
  }: {
    mentoradoId: string;
    charge: SQL;
    movements: readonly string[];
    undo: Parameters<typeof undoStatement>[1]["undo"];
  },
): Statement {
  const names = movements.map((name) => sql`(${name}::text)`);
  return undoStatement(build, {
    mentoradoId,
    entry: sql`${ledgerEntries.kind} = 'write_off'
      and ${ledgerEntries.chargeId} = (select ${charges.id} from ${charges}
        where ${and(eq(charges.mentoradoId, mentoradoId), charge)} and ${charges.writeOffReason} is not null)
      and exists (select 1 from (values ${sql.join(names, sql`, `)}) as reported (movement)
        where not exists (select 1 from ledger_entries k where k.mentorado_id = ${ledgerEntries.mentoradoId}
          and k.charge_id = ${ledgerEntries.chargeId} and k.movement = reported.movement))`,
    undo,
  });
}
