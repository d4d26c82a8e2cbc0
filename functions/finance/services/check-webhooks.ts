import { and, eq, inArray, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import { jobs } from "../../../shared/db/schema/work.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { FAILURES_TO_ALARM } from "../accounts/account-problems.ts";
import { isKeyWrong, type TestResult, testResultOf } from "../accounts/account-test.ts";
import { isAccount } from "../accounts/account-view.ts";
import type { Asaas, AsaasWebhook } from "../outbound/asaas.ts";
import { type AccountAccess, openAccount, type SealedAccount, selectAccount } from "../outbound/open-account.ts";
import { noteSeen, toSeen, webhookUrl } from "../outbound/own-webhook.ts";

/** By then a registration has been done. */
const REGISTERED_AFTER_MS = 300_000;

/**
 * Looks at the webhook at the provider: one request when all is well. A queue that the provider has stopped is set going again, and
 * what it may have lost is looked up; a webhook that is gone or was turned off is registered anew; failures raise an alarm ten failures
 * before the provider stops. What was seen is in the account's status.
 */
export async function checkWebhooks({
  ctx,
  input: { slot },
  access,
  publicUrl,
}: {
  ctx: JobContext;
  input: { slot: string };
  access: AccountAccess;
  publicUrl: string;
}): Promise<void> {
  const [[account], registrations] = await ctx.db.read([selectAccount(ctx), selectRegistrations(ctx)]);
  if (account === undefined) return;
  const look = await lookAt({ ctx, access, account });
  if (look.result !== "ok") {
    ctx.log.write(isKeyWrong(look.result) ? "error" : "warn", "asaas.webhook_not_seen", {
      provider: "asaas",
      errorCode: look.result,
    });
    await ctx.db.write({
      statements: isKeyWrong(look.result) ? [noteResult({ ctx, result: look.result })] : [],
      answer: sql`null`,
    });
    return;
  }
  const url = webhookUrl({ publicUrl, accountRef: account.accountRef });
  const webhook = look.webhooks.find((each) => each.url === url);
  if (webhook === undefined || !webhook.isEnabled || webhook.id !== account.webhookExternalId)
    return registerAgain({ ctx, slot, webhook, isUnderWay: registrations.length > 0 });

  const { failures, isInterrupted } = toSeen({ ctx, webhook });
  const facts = { provider: "asaas", externalId: webhook.id, count: failures };
  if (isInterrupted) ctx.log.write("error", "asaas.webhook_interrupted", facts);
  else if (failures >= FAILURES_TO_ALARM) ctx.log.write("error", "asaas.webhook_failing", facts);
  const seen = isInterrupted ? await reactivate({ ctx, slot, webhook, asaas: look.asaas }) : webhook;
  await ctx.db.write({
    statements: [noteSeen({ ctx, seen: toSeen({ ctx, webhook: seen }) }), noteResult({ ctx, result: "ok" })],
    answer: sql`null`,
  });
}

type Look = { result: "ok"; asaas: Asaas; webhooks: AsaasWebhook[] } | { result: Exclude<TestResult, "ok"> };

async function lookAt({
  ctx,
  access,
  account,
}: {
  ctx: JobContext;
  access: AccountAccess;
  account: SealedAccount;
}): Promise<Look> {
  try {
    const asaas = await openAccount({ ctx, access, account });
    return { result: "ok", asaas, webhooks: await asaas.listWebhooks() };
  } catch (error) {
    return { result: testResultOf(error) };
  }
}

/** The repair is staged before the queue goes again: a crash in between leaves an interruption that the next attempt finds. */
async function reactivate({
  ctx,
  slot,
  webhook,
  asaas,
}: {
  ctx: JobContext;
  slot: string;
  webhook: AsaasWebhook;
  asaas: Asaas;
}): Promise<AsaasWebhook> {
  await ctx.db.checkpoint({
    statements: [noteSeen({ ctx, seen: toSeen({ ctx, webhook }) })],
    jobs: [{ name: "finance.reconcile-full", payload: { isGap: true }, dedupKey: `webhook-interrupted:${slot}` }],
    answer: sql`null`,
  });
  return asaas.updateWebhook({ id: webhook.id, interrupted: false });
}

async function registerAgain({
  ctx,
  slot,
  webhook,
  isUnderWay,
}: {
  ctx: JobContext;
  slot: string;
  webhook: AsaasWebhook | undefined;
  isUnderWay: boolean;
}): Promise<void> {
  const isGone = webhook === undefined;
  if (!isUnderWay) ctx.log.write("error", "asaas.webhook_missing", { provider: "asaas", outcome: isGone ? "gone" : "not_ours" });
  await ctx.db.write({
    statements: [
      ...(isGone
        ? [ctx.db.build.update(providerAccounts).set({ webhookExternalId: null }).where(isAccount(ctx.mentoradoId))]
        : []),
      noteResult({ ctx, result: "ok" }),
    ],
    jobs: isUnderWay
      ? []
      : [
          { name: "finance.register-webhook", payload: {}, dedupKey: `missing:${slot}` },
          // What happened meanwhile was announced to nobody, and what happens until it is registered will not be.
          {
            name: "finance.reconcile-full",
            payload: { isGap: true },
            dedupKey: `webhook-missing:${slot}`,
            runAt: new Date(ctx.now.getTime() + REGISTERED_AFTER_MS).toISOString(),
          },
        ],
    answer: sql`null`,
  });
}

/** Only what has changed: each change of an account is audited. */
function noteResult({ ctx, result }: { ctx: JobContext; result: TestResult }): Statement {
  return ctx.db.build
    .update(providerAccounts)
    .set({ testResult: result, testedAt: ctx.now.toISOString() })
    .where(and(isAccount(ctx.mentoradoId), sql`${providerAccounts.testResult} is distinct from ${result}`));
}

function selectRegistrations({ db, mentoradoId }: JobContext) {
  return db.build
    .select({ id: jobs.id })
    .from(jobs)
    .where(
      and(
        eq(jobs.mentoradoId, mentoradoId),
        eq(jobs.name, "finance.register-webhook"),
        inArray(jobs.status, ["pending", "running"]),
      ),
    )
    .limit(1);
}
