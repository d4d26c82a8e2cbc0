import { and, desc, eq, gt, inArray, isNotNull, notExists, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { type ChargeStatus, charges, providerAccounts } from "../../../shared/db/schema/money.ts";
import { effects, jobs, webhookEvents } from "../../../shared/db/schema/work.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type AccountProblem, findAccountProblems } from "../accounts/account-problems.ts";
import { accountView, isAccount } from "../accounts/account-view.ts";
import { localToday } from "../calendar/local-today.ts";
import { type SeenWebhook, WEBHOOK_EFFECT } from "../outbound/own-webhook.ts";

const OWED: ChargeStatus[] = ["pending", "overdue"];
const PROCESSING = "finance.process-asaas-event";

export interface AccountStatus {
  /** Null until an account is saved for the first time. */
  account: {
    environment: "sandbox" | "production";
    apiKeyLast4: string;
    isActive: boolean;
    testedAt: string | null;
    testResult: string | null;
    updatedAt: string;
  } | null;
  webhook: {
    isRegistered: boolean;
    /** As they were at `seenAt`; null before the webhook was looked at. */
    isInterrupted: boolean | null;
    failures: number | null;
    seenAt: string | null;
  };
  events: {
    lastReceivedAt: string | null;
    /** Waiting for their processing or its next attempt. */
    waiting: number;
    oldestWaitingSeconds: number | null;
    /** Given up, and not replayed with success. */
    dead: number;
  };
  /** What someone should look at; empty when all is well. */
  problems: AccountProblem[];
}

/** The account, its webhook as it was last seen, what has come through it, and what is wrong with them. */
export async function getAccount({ ctx }: { ctx: VerbContext }): Promise<AccountStatus> {
  const [[row], [effect], [lastEvent], [waiting], [dead], [owed]] = await ctx.db.read([
    ctx.db.build
      .select({ ...accountView, webhookExternalId: providerAccounts.webhookExternalId })
      .from(providerAccounts)
      .where(isAccount(ctx.mentoradoId)),
    ctx.db.build
      .select({ seen: effects.response })
      .from(effects)
      .where(and(eq(effects.mentoradoId, ctx.mentoradoId), eq(effects.key, WEBHOOK_EFFECT), eq(effects.state, "confirmed"))),
    selectLastEvent(ctx),
    selectWaiting(ctx),
    selectDead(ctx),
    selectOwed(ctx),
  ]);
  const isWebhookRegistered = typeof row?.webhookExternalId === "string";
  // Written by `noteSeen` and by the effect itself.
  const seen = isWebhookRegistered ? (effect?.seen as SeenWebhook | null | undefined) : undefined;
  const lastReceivedAt = lastEvent?.receivedAt ?? null;
  return {
    account: row === undefined ? null : toAccount(row),
    webhook: {
      isRegistered: isWebhookRegistered,
      isInterrupted: seen?.isInterrupted ?? null,
      failures: seen?.failures ?? null,
      seenAt: seen?.seenAt ?? null,
    },
    events: {
      lastReceivedAt,
      waiting: waiting?.count ?? 0,
      oldestWaitingSeconds: waiting?.oldestSeconds ?? null,
      dead: dead?.count ?? 0,
    },
    problems: findAccountProblems({
      facts: {
        isActive: row?.isActive ?? false,
        testResult: row?.testResult ?? null,
        isWebhookRegistered,
        isInterrupted: seen?.isInterrupted ?? false,
        failures: seen?.failures ?? 0,
        lastEventAt: lastReceivedAt,
        deadEvents: dead?.count ?? 0,
        hasOldOpenCharge: owed?.hasOld ?? false,
        hasDueCharge: owed?.hasDue ?? false,
      },
      now: ctx.now,
    }),
  };
}

function toAccount({
  webhookExternalId: _,
  ...account
}: NonNullable<AccountStatus["account"]> & { webhookExternalId: string | null }) {
  return account;
}

function selectLastEvent({ db, mentoradoId }: VerbContext) {
  return db.build
    .select({ receivedAt: webhookEvents.receivedAt })
    .from(webhookEvents)
    .where(and(eq(webhookEvents.mentoradoId, mentoradoId), eq(webhookEvents.provider, "asaas")))
    .orderBy(desc(webhookEvents.receivedAt))
    .limit(1);
}

function selectWaiting({ db, mentoradoId }: VerbContext) {
  return db.build
    .select({
      count: sql<number>`count(*)::int`,
      oldestSeconds: sql<number | null>`floor(extract(epoch from now() - min(${jobs.createdAt})))::int`,
    })
    .from(jobs)
    .where(and(eq(jobs.mentoradoId, mentoradoId), eq(jobs.name, PROCESSING), inArray(jobs.status, ["pending", "running"])));
}

function selectDead({ db, mentoradoId }: VerbContext) {
  const later = alias(jobs, "later");
  const replay = db.build
    .select({ id: later.id })
    .from(later)
    .where(
      and(
        eq(later.mentoradoId, jobs.mentoradoId),
        eq(later.name, PROCESSING),
        gt(later.createdAt, jobs.createdAt),
        sql`${later.payload} ->> 'eventId' = ${jobs.payload} ->> 'eventId'`,
      ),
    );
  return db.build
    .select({ count: sql<number>`count(*)::int` })
    .from(jobs)
    .where(and(eq(jobs.mentoradoId, mentoradoId), eq(jobs.name, PROCESSING), eq(jobs.status, "dead"), notExists(replay)));
}

function selectOwed({ db, mentoradoId }: VerbContext) {
  const isOld = and(isNotNull(charges.externalId), sql`${charges.createdAt} <= now() - interval '1 day'`);
  return db.build
    .select({
      hasOld: sql<boolean>`coalesce(bool_or(${isOld} and ${inArray(charges.status, OWED)}), false)`,
      hasDue: sql<boolean>`coalesce(bool_or(${charges.dueDate} <= ${localToday(mentoradoId)}), false)`,
    })
    .from(charges)
    .where(and(eq(charges.mentoradoId, mentoradoId), inArray(charges.status, ["draft", ...OWED])));
}
