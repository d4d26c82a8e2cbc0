import { and, eq, sql } from "drizzle-orm";
import { subscriptions } from "../../../shared/db/schema/money.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { isSubscription } from "../charges/subscription-view.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { settleSubscription } from "../outbound/settle-subscription.ts";

/**
 * Ends a subscription at Asaas, once; its status and its charges change with the events that follow. A draft that the provider was never
 * asked for ends without a call.
 */
export async function cancelSubscription({
  ctx,
  input: { subscriptionId },
  access,
}: {
  ctx: JobContext;
  input: { subscriptionId: string };
  access: AccountAccess;
}): Promise<void> {
  const isIt = isSubscription({ mentoradoId: ctx.mentoradoId, id: subscriptionId });
  const [[known], [account]] = await ctx.db.read([
    ctx.db.build.select({ externalId: subscriptions.externalId }).from(subscriptions).where(isIt),
    selectAccount(ctx),
  ]);
  if (known === undefined) throw new NotFoundError(undefined, { errorCode: "SUBSCRIPTION_NOT_FOUND" });
  const open = () => openAccount({ ctx, access, account });
  const externalId = known.externalId ?? (await settleDraft({ ctx, subscriptionId, open }));
  if (externalId === null) {
    const end = ctx.db.build
      .update(subscriptions)
      .set({ status: "cancelled", version: sql`${subscriptions.version} + 1`, updatedAt: sql`now()` })
      .where(and(isIt, eq(subscriptions.status, "draft")));
    return ctx.db.write({ statements: [end], answer: sql`null` });
  }
  const asaas = await open();
  const { confirm } = await runEffect({
    ctx,
    key: `asaas.cancel-subscription:${ctx.actor.jobId}`,
    find: async () => ((await asaas.getSubscription(externalId)).isDeleted ? { id: externalId } : undefined),
    call: async () => {
      await asaas.cancelSubscription(externalId);
      return { id: externalId };
    },
  });
  await ctx.db.write({ statements: [confirm], answer: sql`null` });
}

/** @returns the provider's id of what an attempt to make the draft has left there; null when there is none, and will be none. */
async function settleDraft({
  ctx,
  subscriptionId,
  open,
}: Pick<Parameters<typeof settleSubscription>[0], "ctx" | "subscriptionId" | "open">): Promise<string | null> {
  const { externalId, confirm } = await settleSubscription({ ctx, subscriptionId, open });
  const made = ctx.db.build
    .update(subscriptions)
    .set({ externalId, status: "active" })
    .where(isSubscription({ mentoradoId: ctx.mentoradoId, id: subscriptionId }));
  await ctx.db.checkpoint({ statements: [...(externalId === null ? [] : [made]), confirm], answer: sql`null` });
  return externalId;
}
