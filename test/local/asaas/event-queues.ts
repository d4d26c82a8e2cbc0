import { randomBytes } from "node:crypto";
import type { Courier } from "../courier.ts";
import { saoPauloDateTime } from "./sao-paulo-time.ts";
import type { Account, Payment, PaymentEvent, QueuedEvent, Subscription, SubscriptionEvent, Webhook } from "./wire.ts";

/** An event and what it is about, as its envelope holds it. */
export type Announcement = { event: PaymentEvent; payment: Payment } | { event: SubscriptionEvent; subscription: Subscription };

export interface EventQueues {
  /** Queues the event, with a copy of what it is about as that is now, for every enabled webhook of the account that wants it. */
  publish(input: Announcement & { account: Account }): void;
  /** Sends what waits at once: after a webhook was resumed, enabled or changed. */
  resume(webhook: Webhook): void;
}

/** Asaas gives one attempt this long, and only status 200 within it is a success. */
export const ASAAS_TIMEOUT_MS = 10_000;
export const FAILURES_UNTIL_INTERRUPTED = 15;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const RETENTION_MS = 14 * 24 * HOUR_MS;

/** Wait before each attempt, the first at once. @see https://docs.asaas.com/docs/penalização-de-filas */
const RETRY_LADDER_MS = [
  0,
  30 * SECOND_MS,
  MINUTE_MS,
  3.5 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  25 * MINUTE_MS,
  ...Array<number>(5).fill(HOUR_MS),
  2 * HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
];

/**
 * Delivers events at least once. SEQUENTIALLY sends one at a time, so a refused event blocks those behind it;
 * NON_SEQUENTIALLY sends all at once, each on its own ladder. Any 15 failures in a row, with no success of that webhook
 * between them, interrupt it; its events are kept for 14 days.
 *
 * @param timeScale divides every wait of the ladder, not the retention.
 */
export function startEventQueues({
  accounts,
  courier,
  timeScale,
  now,
  save,
}: {
  accounts: Account[];
  courier: Courier;
  timeScale: number;
  now: () => Date;
  save: () => void;
}): EventQueues {
  /** Events that a timer or an attempt holds, with what calls the timer off. */
  const started = new Map<QueuedEvent, () => boolean>();

  function pump(webhook: Webhook): void {
    if (!webhook.enabled || webhook.interrupted) return;
    forgetOld(webhook);
    const ready = webhook.sendType === "SEQUENTIALLY" ? webhook.queue.slice(0, 1) : webhook.queue;
    for (const event of ready) if (!started.has(event)) started.set(event, start(webhook, event));
  }

  function start(webhook: Webhook, event: QueuedEvent): () => boolean {
    const work = () => attempt(webhook, event);
    const delayMs = event.nextAttemptAtMs - now().getTime();
    const isFirst = event.attempts === 0 && delayMs <= 0;
    if (isFirst && webhook.sendType === "NON_SEQUENTIALLY") return courier.launch({ lane: webhook.id, work });
    return courier.schedule({ delayMs: Math.max(0, delayMs), work });
  }

  async function attempt(webhook: Webhook, event: QueuedEvent): Promise<void> {
    const isDue = webhook.enabled && !webhook.interrupted && webhook.queue.includes(event);
    if (isDue) record(webhook, event, await courier.post(letter(webhook, event)));
    started.delete(event);
    save();
    if (isDue) pump(webhook);
  }

  function record(webhook: Webhook, event: QueuedEvent, status: number | null): void {
    if (status === 200) {
      drop(webhook, event);
      webhook.penalizedRequestsCount = 0;
      return;
    }
    event.attempts += 1;
    const waitMs = RETRY_LADDER_MS[Math.min(event.attempts, RETRY_LADDER_MS.length - 1)] ?? 0;
    event.nextAttemptAtMs = now().getTime() + waitMs / timeScale;
    webhook.penalizedRequestsCount += 1;
    if (webhook.penalizedRequestsCount >= FAILURES_UNTIL_INTERRUPTED) webhook.interrupted = true;
  }

  function forgetOld(webhook: Webhook): void {
    const oldestMs = now().getTime() - RETENTION_MS;
    webhook.queue = webhook.queue.filter(({ createdAtMs }) => createdAtMs >= oldestMs);
  }

  function resume(webhook: Webhook): void {
    for (const event of webhook.queue) {
      Object.assign(event, { attempts: 0, nextAttemptAtMs: 0 });
      if (started.get(event)?.()) started.delete(event);
    }
    pump(webhook);
  }

  function publish({ account, event, ...subject }: Announcement & { account: Account }): void {
    const id = `evt_${randomBytes(16).toString("hex")}&${now().getTime()}`;
    const dateCreated = saoPauloDateTime(now());
    const body = JSON.stringify({ id, event, dateCreated, account: { id: account.id, ownerId: null }, ...subject });
    const wanting = account.webhooks.filter(({ enabled, events }) => enabled && events.includes(event));
    for (const webhook of wanting) {
      webhook.queue.push({ id, createdAtMs: now().getTime(), body, attempts: 0, nextAttemptAtMs: 0 });
    }
    save();
    for (const webhook of wanting) pump(webhook);
  }

  for (const account of accounts) for (const webhook of account.webhooks) pump(webhook);
  return { publish, resume };
}

function letter(
  { url, authToken }: Webhook,
  { body }: QueuedEvent,
): { url: string; headers: Record<string, string>; body: string } {
  const headers = { "content-type": "application/json", "user-agent": "Asaas_Hmlg/3.0", "asaas-access-token": authToken };
  return { url, headers, body };
}

function drop(webhook: Webhook, event: QueuedEvent): void {
  webhook.queue = webhook.queue.filter((each) => each !== event);
}
