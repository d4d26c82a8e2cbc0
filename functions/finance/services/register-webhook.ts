import { and, asc, eq, sql } from "drizzle-orm";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import { memberships, users } from "../../../shared/db/schema/tenancy.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { asaasTokenDigest } from "../../../shared/webhooks/asaas-token-digest.ts";
import { isAccount, lockAccount } from "../accounts/account-view.ts";
import { ASAAS_EVENTS, type Asaas } from "../outbound/asaas.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import {
  doubtWebhook,
  noteSeen,
  type SeenWebhook,
  toSeen,
  WEBHOOK_EFFECT,
  webhookToken,
  webhookUrl,
} from "../outbound/own-webhook.ts";

export type { AccountAccess } from "../outbound/open-account.ts";

const WEBHOOK_NAME = "Guilda";
/** For a practice without an owner who can be written to. */
const NO_EMAIL = "webhooks@guilda.invalid";
const SUPERSEDED = "WEBHOOK_SUPERSEDED";

/**
 * Makes sure that the provider sends this account's events to us, with a token of ours.
 *
 * The digest of the token is committed before the provider gets the token, and every attempt of a job has the same token, so no event of
 * a new webhook is refused. A webhook that is there already with the token of another job is refused from that commit until the update
 * right after it; Asaas brings what was refused again after 30 s.
 *
 * Events come SEQUENTIALLY: we answer when an event is stored, whatever becomes of it, so none blocks those behind it; and while we are
 * down one event climbs Asaas' retry ladder (15 failures take 12 hours), where all at once any 15 events of one minute would stop the queue.
 */
export async function registerWebhook({
  ctx,
  access,
  publicUrl,
}: {
  ctx: JobContext;
  access: AccountAccess;
  publicUrl: string;
}): Promise<void> {
  const [[account], [owner]] = await ctx.db.read([selectAccount(ctx), selectOwner(ctx)]);
  // Given up meanwhile.
  if (account === undefined) return;
  const asaas = await openAccount({ ctx, access, account });
  const url = webhookUrl({ publicUrl, accountRef: account.accountRef });
  const known = await findWebhook({ asaas, url });
  if (known !== undefined && known.id === account.webhookExternalId) {
    const webhook = await asaas.updateWebhook({ id: known.id, enabled: true, interrupted: false, events: ASAAS_EVENTS });
    await ctx.db.write({ statements: [noteSeen({ ctx, seen: toSeen({ ctx, webhook }) })], answer: sql`null` });
    return;
  }

  const keyring = await access.keyring();
  const authToken = await webhookToken({ keyring, jobId: ctx.actor.jobId });
  const digest = await asaasTokenDigest({ keyring, token: authToken });
  // What is confirmed is not there, or not ours.
  await ctx.db.checkpoint({ statements: [doubtWebhook(ctx)], answer: sql`null` });
  const renew = async (id: string): Promise<SeenWebhook> => {
    await storeDigest({ ctx, digest });
    const webhook = await asaas.updateWebhook({ id, authToken, enabled: true, interrupted: false, events: ASAAS_EVENTS });
    return toSeen({ ctx, webhook });
  };
  const create = async (): Promise<SeenWebhook> => {
    await storeDigest({ ctx, digest });
    const email = owner?.email ?? NO_EMAIL;
    const settings = { name: WEBHOOK_NAME, url, email, authToken, events: ASAAS_EVENTS, sendType: "SEQUENTIALLY" } as const;
    return toSeen({ ctx, webhook: await asaas.createWebhook(settings) });
  };
  const { value, confirm } = await runEffect({
    ctx,
    key: WEBHOOK_EFFECT,
    find: async () => {
      const made = await findWebhook({ asaas, url });
      return made === undefined ? undefined : renew(made.id);
    },
    call: () => (known === undefined ? create() : renew(known.id)),
  });
  await confirmRegistration({ ctx, digest, webhookId: value.webhookId, confirm });
}

/** From here on the token of this job is the one that is taken. */
async function storeDigest({ ctx, digest }: { ctx: JobContext; digest: Uint8Array }): Promise<void> {
  await ctx.db.checkpoint({
    statements: [
      ctx.db.build
        .update(providerAccounts)
        .set({ webhookTokenDigest: digest, webhookExternalId: null })
        .where(and(isAccount(ctx.mentoradoId), eq(providerAccounts.isActive, true))),
    ],
    answer: sql`null`,
  });
}

/** Only while the token is still the one of this job: otherwise a later registration, or the account's end, has the last word. */
async function confirmRegistration({
  ctx,
  digest,
  webhookId,
  confirm,
}: {
  ctx: JobContext;
  digest: Uint8Array;
  webhookId: string;
  confirm: Awaited<ReturnType<typeof runEffect>>["confirm"];
}): Promise<void> {
  const isOurs = and(
    isAccount(ctx.mentoradoId),
    eq(providerAccounts.isActive, true),
    eq(providerAccounts.webhookTokenDigest, digest),
  );
  try {
    await ctx.db.write({
      guards: [{ condition: lockAccount(isOurs), refuseWith: "CONFLICT", errorCode: SUPERSEDED }],
      statements: [ctx.db.build.update(providerAccounts).set({ webhookExternalId: webhookId }).where(isOurs), confirm],
      answer: sql`null`,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== SUPERSEDED) throw error;
    await ctx.db.write({
      jobs: [{ name: "finance.remove-webhook", payload: {}, dedupKey: `after:${ctx.actor.jobId}` }],
      answer: sql`null`,
    });
  }
}

async function findWebhook({ asaas, url }: { asaas: Asaas; url: string }) {
  const webhooks = await asaas.listWebhooks();
  return webhooks.find((webhook) => webhook.url === url);
}

/** Asaas writes to them when it cannot deliver. */
function selectOwner({ db, mentoradoId }: JobContext) {
  return db.build
    .select({ email: users.email })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.mentoradoId, mentoradoId), eq(memberships.role, "owner"), eq(memberships.status, "active")))
    .orderBy(asc(memberships.id))
    .limit(1);
}
