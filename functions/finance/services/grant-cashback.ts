import { sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { GrantCashbackInput } from "../charges/charge-schemas.ts";
import { chargeAnswer, isCharge } from "../charges/charge-view.ts";
import { BY_PERSON, chargeBalance, ledgerStatement } from "../ledger/ledger.ts";

/**
 * Enters that part of a charge's money, in cents, was given to the student as cashback; how it was handed over is up to people. Several
 * add up. `financial.ledger.undo` takes one back.
 *
 * @throws NotFoundError CHARGE_NOT_FOUND; ValidationError CASHBACK_TOO_LARGE when the charge has not brought that much.
 */
export function grantCashback({ ctx, input: { id, amountCents } }: { ctx: VerbContext; input: GrantCashbackInput }) {
  const { build } = ctx.db;
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id });
  const brought = chargeBalance({ mentoradoId: ctx.mentoradoId, chargeId: id, account: "cash" });
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
          { condition: sql`${brought} >= ${amountCents}::bigint`, refuseWith: "VALIDATION", errorCode: "CASHBACK_TOO_LARGE" },
        ]),
      ),
      ledgerStatement(build, {
        id: entryId,
        mentoradoId: ctx.mentoradoId,
        charge: sql`${charges.id} = ${id}`,
        kind: "cashback",
        movement: `cashback:${entryId}`,
        source: BY_PERSON,
        lines: { cashback: sql`${amountCents}::bigint`, cash: sql`-(${amountCents}::bigint)` },
      }),
    ],
    answer: chargeAnswer(isIt),
  });
}
