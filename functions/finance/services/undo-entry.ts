import { and, eq, inArray, sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { charges, type LedgerKind, ledgerEntries } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { BY_PERSON } from "../ledger/ledger.ts";
import { stands, UNDONE_BY, undoStatement } from "../ledger/write-off.ts";

/**
 * Takes back a write-off or a cashback by an entry that is its opposite. What the provider reported is its to take back.
 *
 * @returns the new entry's id.
 * @throws NotFoundError ENTRY_NOT_FOUND; ConflictError ENTRY_NOT_UNDOABLE, ENTRY_UNDONE.
 */
export function undoEntry({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const isIt = and(eq(ledgerEntries.mentoradoId, ctx.mentoradoId), eq(ledgerEntries.id, id));
  const has = (condition: typeof isIt) => sql`exists (select 1 from ${ledgerEntries} where ${condition})`;
  const isByPeople = inArray(ledgerEntries.kind, Object.keys(UNDONE_BY) as LedgerKind[]);
  const entryId = ctx.newId();
  return ctx.db.write<{ id: string }>({
    guards: [
      { condition: has(isIt), refuseWith: "NOT_FOUND", errorCode: "ENTRY_NOT_FOUND" },
      { condition: has(and(isIt, isByPeople)), refuseWith: "CONFLICT", errorCode: "ENTRY_NOT_UNDOABLE" },
      {
        condition: sql`exists (select 1 from ${charges} where ${charges.mentoradoId} = ${ctx.mentoradoId}
          and ${charges.id} = (select ${ledgerEntries.chargeId} from ${ledgerEntries} where ${isIt}) for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "ENTRY_NOT_FOUND",
      },
    ],
    statements: [
      // Judged after the charge is locked: a statement sees nothing that was committed while it waited.
      build.execute(guardStatement([{ condition: has(and(isIt, stands)), refuseWith: "CONFLICT", errorCode: "ENTRY_UNDONE" }])),
      undoStatement(build, { mentoradoId: ctx.mentoradoId, entry: isIt, undo: { id: entryId, source: BY_PERSON } }),
    ],
    answer: sql`jsonb_build_object('id', ${entryId}::text)`,
  });
}
