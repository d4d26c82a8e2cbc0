import { createHmac } from "node:crypto";
import type { Courier } from "../courier.ts";

/** A message until it is delivered or given up. */
export interface SvixMessage {
  /** `svix-id`, the same over all attempts. */
  id: string;
  body: string;
  /** Failed attempts so far. */
  attempts: number;
  nextAttemptAtMs: number;
}

export interface SvixEndpoint {
  url: string;
  /** Every secret signs: two of them is a rotation. `whsec_` + base64. */
  signingSecrets: string[];
}

/** Svix gives one attempt this long; any 2xx within it is a success. */
export const SVIX_TIMEOUT_MS = 15_000;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Wait before each attempt, the first at once. @see https://docs.svix.com/retries */
const RETRY_LADDER_MS = [0, 5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 10 * HOUR_MS];

/**
 * Delivers messages as Svix does: unordered, at least once, each attempt signed with its own timestamp.
 *
 * @param outbox messages still to be delivered; those already there are taken up again.
 * @param timeScale divides every wait of the retry ladder.
 * @returns what sends a new message.
 */
export function startSvix({
  endpoint,
  outbox,
  courier,
  timeScale,
  now,
  save,
}: {
  endpoint: SvixEndpoint;
  outbox: SvixMessage[];
  courier: Courier;
  timeScale: number;
  now: () => Date;
  save: () => void;
}): (message: Pick<SvixMessage, "id" | "body">) => void {
  async function attempt(message: SvixMessage): Promise<void> {
    const timestampSeconds = Math.floor(now().getTime() / SECOND_MS);
    const { id, body } = message;
    const headers = {
      "content-type": "application/json",
      "user-agent": "Svix-Webhooks/1.86.0",
      ...signSvix({ id, timestampSeconds, body, secrets: endpoint.signingSecrets }),
    };
    const status = await courier.post({ url: endpoint.url, headers, body });
    message.attempts += 1;
    const waitMs = RETRY_LADDER_MS[message.attempts];
    const isDelivered = status !== null && status >= 200 && status < 300;
    if (isDelivered || waitMs === undefined) outbox.splice(outbox.indexOf(message), 1);
    else {
      message.nextAttemptAtMs = now().getTime() + waitMs / timeScale;
      retry(message);
    }
    save();
  }

  function retry(message: SvixMessage): void {
    courier.schedule({ delayMs: Math.max(0, message.nextAttemptAtMs - now().getTime()), work: () => attempt(message) });
  }

  function send({ id, body }: Pick<SvixMessage, "id" | "body">): void {
    const message: SvixMessage = { id, body, attempts: 0, nextAttemptAtMs: 0 };
    outbox.push(message);
    save();
    courier.launch({ lane: "svix", work: () => attempt(message) });
  }

  for (const message of outbox) retry(message);
  return send;
}

/**
 * @param timestampSeconds Unix seconds, when the attempt is made.
 * @param secrets `whsec_` + base64; one signature each, in this order.
 * @returns the three headers of a Svix delivery: HMAC-SHA-256 over `id.timestamp.body`.
 */
export function signSvix({
  id,
  timestampSeconds,
  body,
  secrets,
}: {
  id: string;
  timestampSeconds: number;
  body: string;
  secrets: string[];
}): Record<"svix-id" | "svix-timestamp" | "svix-signature", string> {
  const signed = `${id}.${timestampSeconds}.${body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  });
  return { "svix-id": id, "svix-timestamp": String(timestampSeconds), "svix-signature": signatures.join(" ") };
}
