import { sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { chargeAnswer, isCharge } from "../charges/charge-view.ts";

/**
 * Stages the job that reads a charge from the provider again: its state, its invoice link, and a new PIX code when the old one has
 * expired. A draft is tried again.
 *
 * @throws NotFoundError CHARGE_NOT_FOUND.
 */
export function requestRefresh({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id: input.id });
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${charges} where ${isIt})`,
        refuseWith: "NOT_FOUND",
        errorCode: "CHARGE_NOT_FOUND",
      },
    ],
    jobs: [{ name: "finance.refresh-charge", payload: { chargeId: input.id }, dedupKey: ctx.newId() }],
    answer: chargeAnswer(isIt),
  });
}
