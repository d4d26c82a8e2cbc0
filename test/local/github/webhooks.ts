import { createHmac, randomUUID } from "node:crypto";
import type { Courier } from "../courier.ts";
import type { Delivery, Installation, Repository } from "./state.ts";
import { nextId, reaches, type World } from "./world.ts";

/** GitHub gives the one attempt this long. */
export const GITHUB_TIMEOUT_MS = 10_000;

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS = 3 * DAY_MS;

export interface WebhookTarget {
  url: string;
  secret: string;
}

/** The events that the App asked for; those about installations come to every App. */
export const APP_EVENTS = ["check_run", "pull_request", "push"] as const;

export type EventName = (typeof APP_EVENTS)[number] | "ping" | "installation" | "installation_repositories";

export interface Announcement {
  event: EventName;
  payload: object;
  installation?: Installation;
  repository?: Repository;
}

export interface WebhookSender {
  /** Where the App's webhook goes. */
  url: string | undefined;
  /** Tells the App of something, once. */
  send(announcement: Announcement): void;
  /** Tells every installation that reaches the repository and is not suspended. */
  announce(input: { event: EventName; repository: Repository; payload: object }): void;
  /** Sends the same bytes with the same GUID again. */
  redeliver(delivery: Delivery): void;
}

/**
 * Delivers each event once and never again, whatever the receiver answers: what is missed has to be asked for.
 *
 * @param target where the App's webhook goes; without it nothing is sent.
 * @see https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
 */
export function startWebhooks({
  world,
  courier,
  target,
}: {
  world: World;
  courier: Courier;
  target: WebhookTarget | undefined;
}): WebhookSender {
  function enqueue(fields: Omit<Delivery, "id" | "createdAtMs" | "outcome">): void {
    if (target === undefined) return;
    const delivery: Delivery = { id: nextId(world), ...fields, createdAtMs: world.now().getTime(), outcome: null };
    world.state.deliveries.push(delivery);
    forgetOld(world);
    world.save();
    courier.launch({ lane: "github", work: () => attempt(delivery, target) });
  }

  async function attempt(delivery: Delivery, { url, secret }: WebhookTarget): Promise<void> {
    const startedAt = performance.now();
    const headers = deliveryHeaders({ delivery, appId: world.state.app.id, hookId: world.state.app.hookId, secret });
    const statusCode = await courier.post({ url, headers, body: delivery.body });
    const durationMs = performance.now() - startedAt;
    delivery.outcome = { deliveredAtMs: world.now().getTime(), durationMs, ...outcomeOf(statusCode, durationMs) };
    world.save();
  }

  function send({ event, payload, installation, repository }: Announcement): void {
    const { action = null } = payload as { action?: string };
    const about = installation === undefined ? {} : { installation: { id: installation.id, node_id: nodeIdOf(installation) } };
    enqueue({
      guid: randomUUID(),
      event,
      action,
      installationId: installation?.id ?? null,
      repositoryId: repository?.id ?? null,
      isRedelivery: false,
      body: JSON.stringify({ ...about, ...payload }),
    });
  }

  for (const delivery of world.state.deliveries) {
    if (delivery.outcome === null && target !== undefined) {
      courier.launch({ lane: "github", work: () => attempt(delivery, target) });
    }
  }
  return {
    url: target?.url,
    send,
    announce({ event, repository, payload }) {
      const told = world.state.installations.filter((each) => reaches(each, repository) && each.suspended === null);
      for (const installation of told) send({ event, payload, installation, repository });
    },
    redeliver({ guid, event, action, installationId, repositoryId, body }) {
      enqueue({ guid, event, action, installationId, repositoryId, isRedelivery: true, body });
    },
  };
}

/** @returns deliveries that GitHub still shows, newest first. */
export function recentDeliveries(world: World): Delivery[] {
  const oldestMs = world.now().getTime() - RETENTION_MS;
  return world.state.deliveries.filter(({ createdAtMs, outcome }) => outcome !== null && createdAtMs >= oldestMs).reverse();
}

/** @returns the value of `X-Hub-Signature-256`. */
export function signDelivery({ secret, body }: { secret: string; body: string }): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers */
export function deliveryHeaders({
  delivery,
  appId,
  hookId,
  secret,
}: {
  delivery: Delivery;
  appId: number;
  hookId: number;
  secret: string;
}): Record<string, string> {
  return {
    accept: "*/*",
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-delivery": delivery.guid,
    "x-github-event": delivery.event,
    "x-github-hook-id": String(hookId),
    "x-github-hook-installation-target-id": String(appId),
    "x-github-hook-installation-target-type": "integration",
    "x-hub-signature-256": signDelivery({ secret, body: delivery.body }),
  };
}

export function nodeIdOf({ id }: { id: number }): string {
  return Buffer.from(`0:${id}`).toString("base64");
}

function outcomeOf(statusCode: number | null, durationMs: number): { status: string; statusCode: number } {
  if (statusCode === null) {
    return durationMs >= GITHUB_TIMEOUT_MS
      ? { status: "timed out", statusCode: 504 }
      : { status: "failed to connect to host", statusCode: 502 };
  }
  const isSuccess = statusCode >= 200 && statusCode < 300;
  return { status: isSuccess ? "OK" : `Invalid HTTP Response: ${statusCode}`, statusCode };
}

function forgetOld(world: World): void {
  const oldestMs = world.now().getTime() - RETENTION_MS;
  world.state.deliveries = world.state.deliveries.filter(({ createdAtMs }) => createdAtMs >= oldestMs);
}
