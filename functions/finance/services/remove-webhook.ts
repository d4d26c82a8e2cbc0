import { and, eq, sql } from "drizzle-orm";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";
import { isAccount } from "../accounts/account-view.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { noteSeen, webhookUrl } from "../outbound/own-webhook.ts";

/**
 * Takes the webhook of an account that was given up away at the provider; of an account that is active again, nothing. With a key that
 * was revoked it stays there, is refused by us, and Asaas stops it by itself.
 */
export async function removeWebhook({
  ctx,
  access,
  publicUrl,
}: {
  ctx: JobContext;
  access: AccountAccess;
  publicUrl: string;
}): Promise<void> {
  const [[account]] = await ctx.db.read([selectAccount(ctx, { isActive: false })]);
  if (account === undefined) return;
  try {
    const asaas = await openAccount({ ctx, access, account });
    const url = webhookUrl({ publicUrl, accountRef: account.accountRef });
    const webhooks = await asaas.listWebhooks();
    for (const webhook of webhooks.filter((each) => each.url === url)) await asaas.deleteWebhook(webhook.id);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.providerStatus !== 401) throw error;
    ctx.log.write("warn", "asaas.webhook_not_removed", { provider: "asaas", errorCode: "key_refused" });
  }
  await ctx.db.write({
    statements: [
      ctx.db.build
        .update(providerAccounts)
        .set({ webhookExternalId: null })
        .where(and(isAccount(ctx.mentoradoId), eq(providerAccounts.isActive, false))),
      noteSeen({ ctx, seen: null }),
    ],
    answer: sql`null`,
  });
}
