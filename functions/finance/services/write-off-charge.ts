import { and, inArray, isNull, sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { WriteOffInput } from "../charges/charge-schemas.ts";
import { chargeAnswer, isCharge } from "../charges/charge-view.ts";
import { BY_PERSON, chargeBalance, ledgerStatement } from "../ledger/ledger.ts";

/**
 * Gives up a debt: what the student still owes of the charge becomes a loss, and nobody is reminded of it. The charge stays open at the
 * provider: when it is paid after all, the loss is taken back. `financial.ledger.undo` takes it back by hand.
 *
 * @throws NotFoundError CHARGE_NOT_FOUND; ConflictError CHARGE_NOT_OPEN, CHARGE_WRITTEN_OFF, NOTHING_OWED.
 */
export function writeOffCharge({ ctx, input: { id, reason } }: { ctx: VerbContext; input: WriteOffInput }) {
  const { build } = ctx.db;
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id });
  const has = (condition: typeof isIt) => sql`exists (select 1 from ${charges} where ${condition})`;
  const owed = chargeBalance({ mentoradoId: ctx.mentoradoId, chargeId: id, account: "receivable" });
  const entryId = ctx.newId();
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${charges} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "CHARGE_NOT_FOUND",
      },
    ],
    statements: [
      // Judged after the lock is held: a statement sees nothing that was committed while it waited.
      build.execute(
        guardStatement([
          {
            condition: has(and(isIt, inArray(charges.status, ["pending", "overdue"]))),
            refuseWith: "CONFLICT",
            errorCode: "CHARGE_NOT_OPEN",
          },
          { condition: has(and(isIt, isNull(charges.writeOffReason))), refuseWith: "CONFLICT", errorCode: "CHARGE_WRITTEN_OFF" },
          { condition: sql`${owed} > 0`, refuseWith: "CONFLICT", errorCode: "NOTHING_OWED" },
        ]),
      ),
      ledgerStatement(build, {
        id: entryId,
        mentoradoId: ctx.mentoradoId,
        charge: sql`${charges.id} = ${id}`,
        kind: "write_off",
        movement: `write_off:${entryId}`,
        source: BY_PERSON,
        lines: { losses: owed, receivable: sql`-${owed}` },
      }),
      build
        .update(charges)
        .set({ writeOffReason: reason, version: sql`${charges.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
    ],
    answer: chargeAnswer(isIt),
  });
}
