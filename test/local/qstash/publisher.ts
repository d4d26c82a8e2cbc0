import { hash } from "node:crypto";
import type { Chaos } from "./chaos.ts";
import type { Courier } from "./courier.ts";
import { type MessageOrigin, newMessage } from "./message.ts";
import { Refusal } from "./refusal.ts";
import { readSettings, readUrl, type Settings } from "./settings.ts";

const DEDUPLICATION_WINDOW_MS = 10 * 60_000;

/** What an account may do; more is refused. */
export interface Limits {
  messageBytes: number;
  delayMs: number;
  schedules: number;
}

export interface UrlGroup {
  name: string;
  createdAt: number;
  updatedAt: number;
  endpoints: { name?: string | undefined; url: string }[];
}

export interface SeenPublish {
  messageId: string;
  expiresAt: number;
}

export interface PublishRequest {
  /** A URL, or the name of a URL group. */
  destination: string;
  settings: Settings;
  body: Buffer;
  queueName?: string | undefined;
  scheduleId?: string | undefined;
}

export interface Published {
  messageId: string;
  deduplicated?: true;
  /** Only in the answers of a URL group. */
  url?: string;
}

export interface PublisherContext {
  groups: Map<string, UrlGroup>;
  seen: Map<string, SeenPublish>;
  courier: Courier;
  chaos: Chaos;
  random: () => number;
  limits: Limits;
  timeScale: number;
}

/**
 * Accepts one message, or one for each endpoint of a URL group (then the answer is a list).
 *
 * @throws Refusal 400 for a destination that is neither, 412 above the allowed delay, 413 above the allowed size.
 */
export function publish({ context, request }: { context: PublisherContext; request: PublishRequest }): Published | Published[] {
  const { destination, settings, body, queueName, scheduleId } = request;
  const { limits, groups } = context;
  if (body.length > limits.messageBytes) throw new Refusal(413, `message is larger than ${limits.messageBytes} bytes`);
  const delayMs = settings.notBeforeMs === undefined ? (settings.delayMs ?? 0) : settings.notBeforeMs - Date.now();
  if (delayMs > limits.delayMs) throw new Refusal(412, `delay is longer than ${limits.delayMs / 1_000} seconds`);
  const origin = { settings, bodyBase64: body.toString("base64"), queueName, scheduleId };
  const group = groups.get(destination);
  if (group === undefined) return publishOne({ context, origin: { ...origin, url: readUrl(destination) }, scope: "" });
  return group.endpoints.map(({ name, url }) => ({
    ...publishOne({
      context,
      origin: { ...origin, url, topicName: group.name, endpointName: name },
      scope: `${group.name} ${url} `,
    }),
    url,
  }));
}

/**
 * Accepts what it can of a batch.
 *
 * @returns one answer per item, in order; `{ error }` for the items that are refused.
 * @throws Refusal 400 when the body is no list.
 */
export function publishBatch({
  context,
  body,
}: {
  context: PublisherContext;
  body: Buffer;
}): (Published | Published[] | { error: string })[] {
  return readBatch(body).map(({ destination, headers = {}, body: text = "", queue }) => {
    try {
      if (context.random() < (context.chaos.batchItemError ?? 0)) throw new Refusal(500, "the item could not be accepted");
      const settings = readSettings(
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
      );
      return publish({ context, request: { destination, settings, body: Buffer.from(text), queueName: queue } });
    } catch (error) {
      if (error instanceof Refusal) return { error: error.message };
      throw error;
    }
  });
}

/** The window counts from the first acceptance, whatever became of that message. */
function publishOne({ context, origin, scope }: { context: PublisherContext; origin: MessageOrigin; scope: string }): Published {
  const { seen, courier, timeScale } = context;
  const nowMs = Date.now();
  const id = deduplicationId(origin);
  const first = id === undefined ? undefined : seen.get(scope + id);
  if (first !== undefined && first.expiresAt > nowMs) return { messageId: first.messageId, deduplicated: true };
  const message = newMessage({ origin, nowMs, timeScale });
  if (id !== undefined)
    remember({ seen, id: scope + id, messageId: message.messageId, nowMs, windowMs: DEDUPLICATION_WINDOW_MS / timeScale });
  courier.accept(message);
  return { messageId: message.messageId };
}

function deduplicationId({ url, settings, bodyBase64 }: MessageOrigin): string | undefined {
  if (settings.deduplicationId !== undefined) return settings.deduplicationId;
  if (settings.deduplicateByContent !== true) return undefined;
  const forwarded = Object.entries(settings.forward).sort(([one], [other]) => (one < other ? -1 : 1));
  return `content ${hash("sha256", JSON.stringify([url, bodyBase64, forwarded]), "base64url")}`;
}

/** The oldest come first, since the window has one length: those that have expired are dropped from the front. */
function remember({
  seen,
  id,
  messageId,
  nowMs,
  windowMs,
}: {
  seen: Map<string, SeenPublish>;
  id: string;
  messageId: string;
  nowMs: number;
  windowMs: number;
}): void {
  for (const [oldest, { expiresAt }] of seen) {
    if (expiresAt > nowMs) break;
    seen.delete(oldest);
  }
  seen.set(id, { messageId, expiresAt: nowMs + windowMs });
}

interface BatchItem {
  destination: string;
  headers?: Record<string, unknown>;
  body?: string;
  queue?: string;
}

function readBatch(body: Buffer): BatchItem[] {
  let items: unknown;
  try {
    items = JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, "the batch is no JSON");
  }
  if (!Array.isArray(items)) throw new Refusal(400, "the batch is no list of messages");
  return items.map((item: Partial<BatchItem> | null) => {
    if (typeof item?.destination !== "string") throw new Refusal(400, "an item of the batch has no destination");
    if (item.body !== undefined && typeof item.body !== "string") throw new Refusal(400, "the body of an item is no text");
    return { ...item, destination: item.destination };
  });
}
