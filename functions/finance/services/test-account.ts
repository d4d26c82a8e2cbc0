import { and, eq, type SQL, sql } from "drizzle-orm";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type TestResult, testResultOf } from "../accounts/account-test.ts";
import { isAccount } from "../accounts/account-view.ts";
import { type AccountAccess, openAccount, type SealedAccount, selectAccount } from "../outbound/open-account.ts";

/**
 * Asks the provider who the account is, and keeps what came of it. The one procedure that calls a provider: it only reads there, so it
 * costs one request to read the key, the call, and one request to write.
 *
 * @returns the provider's name for the account when it answered, so that a person sees whose key it is.
 * @throws NotFoundError ACCOUNT_NOT_FOUND while no account is active.
 */
export async function testAccount({ ctx, access }: { ctx: VerbContext; access: AccountAccess }) {
  const [[account]] = await ctx.db.read([selectAccount(ctx)]);
  if (account === undefined) throw new NotFoundError(undefined, { errorCode: "ACCOUNT_NOT_FOUND" });
  const { result, name } = await tryAccount({ ctx, access, account });
  // A key that was saved meanwhile has not been tried.
  const isTried = and(isAccount(ctx.mentoradoId), eq(providerAccounts.id, account.id));
  return ctx.db.write({
    statements: [
      ctx.db.build.update(providerAccounts).set({ testResult: result, testedAt: ctx.now.toISOString() }).where(isTried),
    ],
    answer: sql`jsonb_build_object('result', ${result}::text, 'name', ${name}::text)` as SQL<{
      result: TestResult;
      name: string | null;
    }>,
  });
}

async function tryAccount({
  ctx,
  access,
  account,
}: {
  ctx: VerbContext;
  access: AccountAccess;
  account: SealedAccount;
}): Promise<{ result: TestResult; name: string | null }> {
  try {
    const asaas = await openAccount({ ctx, access, account });
    const { name } = await asaas.getAccount();
    return { result: "ok", name };
  } catch (error) {
    return { result: testResultOf(error), name: null };
  }
}
