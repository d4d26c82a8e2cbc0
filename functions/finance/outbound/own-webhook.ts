import { and, eq, sql } from "drizzle-orm";
import { toHex } from "../../../shared/bytes.ts";
import type { Statement } from "../../../shared/db/connect.ts";
import { effects } from "../../../shared/db/schema/work.ts";
import { type Keyring, keyedDigest } from "../../../shared/db/sensitive.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { AsaasWebhook } from "./asaas.ts";

/** The effect that stands for the mentorado's webhook. What it keeps is the webhook as it was last seen. */
export const WEBHOOK_EFFECT = "asaas.webhook";

export type SeenWebhook = { webhookId: string; isInterrupted: boolean; failures: number; seenAt: string };

export function toSeen({ ctx, webhook }: { ctx: JobContext; webhook: AsaasWebhook }): SeenWebhook {
  const { id, isInterrupted, penalizedRequestsCount } = webhook;
  return { webhookId: id, isInterrupted, failures: penalizedRequestsCount ?? 0, seenAt: ctx.now.toISOString() };
}

/** Keeps what was seen; `null` when there is no such webhook, so that the next registration looks before it makes one. */
export function noteSeen({ ctx, seen }: { ctx: JobContext; seen: SeenWebhook | null }): Statement {
  return ctx.db.build
    .update(effects)
    .set(seen === null ? { response: null, state: "unknown" } : { response: seen })
    .where(isConfirmed(ctx.mentoradoId));
}

/** Makes the next registration look before it makes a webhook, however the last one ended. */
export function doubtWebhook(ctx: JobContext): Statement {
  return ctx.db.build.update(effects).set({ state: "unknown" }).where(isConfirmed(ctx.mentoradoId));
}

function isConfirmed(mentoradoId: string) {
  return and(eq(effects.mentoradoId, mentoradoId), eq(effects.key, WEBHOOK_EFFECT), sql`${effects.state} = 'confirmed'`);
}

export function webhookUrl({ publicUrl, accountRef }: { publicUrl: string; accountRef: string }): string {
  return `${publicUrl}/webhooks/asaas/${accountRef}`;
}

/**
 * The secret that the provider sends with each event, 256 bits. It is derived from the job that registers the webhook, so that an attempt
 * after a crash sends the one whose digest is stored already, and nothing but the digest is ever stored.
 */
export async function webhookToken({ keyring, jobId }: { keyring: Keyring; jobId: string }): Promise<string> {
  return toHex(await keyedDigest({ keyring, purpose: "asaas webhook token of a registration", value: jobId }));
}
