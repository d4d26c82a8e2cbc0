import { sql } from "drizzle-orm";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { accountAnswer, isAccount, lockAccount } from "../accounts/account-view.ts";

/**
 * Gives the account up until a key is saved again: from now on its events are refused, and a job takes the webhook away at the provider.
 *
 * @throws NotFoundError ACCOUNT_NOT_FOUND.
 */
export function disableAccount({ ctx }: { ctx: VerbContext }) {
  const isIt = isAccount(ctx.mentoradoId);
  return ctx.db.write({
    guards: [{ condition: lockAccount(isIt), refuseWith: "NOT_FOUND", errorCode: "ACCOUNT_NOT_FOUND" }],
    statements: [
      ctx.db.build
        .update(providerAccounts)
        .set({ isActive: false, version: sql`${providerAccounts.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
    ],
    jobs: [{ name: "finance.remove-webhook", payload: {}, dedupKey: ctx.newId() }],
    answer: accountAnswer(ctx.mentoradoId),
  });
}
