import { randomUUID } from "node:crypto";
import type { Settings } from "./settings.ts";

export const DEFAULT_RETRIES = 3;

/** Every publisher is on loopback. */
export const CALLER_IP = "127.0.0.1";

/** One message for one URL: plain data, as it is kept on disk. Instants are epoch milliseconds. */
export interface Message {
  messageId: string;
  /** The exact destination, which is also the subject of the signature. */
  url: string;
  bodyBase64: string;
  settings: Settings;
  createdAt: number;
  /** When the next attempt is due. */
  notBefore: number;
  /** Retries made so far. */
  retried: number;
  queueName?: string | undefined;
  /** A callback holds the queue of the message that it reports on until it is delivered or given up. */
  holdsQueue?: string | undefined;
  scheduleId?: string | undefined;
  topicName?: string | undefined;
  endpointName?: string | undefined;
}

/** A message that was given up, with the last answer. */
export interface DeadLetter {
  dlqId: string;
  message: Message;
  diedAt: number;
  responseStatus: number;
  responseHeader: Record<string, string[]>;
  responseBodyBase64: string;
  error?: string | undefined;
}

export type MessageOrigin = Pick<Message, "url" | "bodyBase64" | "settings"> &
  Partial<Pick<Message, "queueName" | "holdsQueue" | "scheduleId" | "topicName" | "endpointName">>;

/** @param timeScale what delays are divided by. */
export function newMessage({ origin, nowMs, timeScale }: { origin: MessageOrigin; nowMs: number; timeScale: number }): Message {
  const { delayMs = 0, notBeforeMs = nowMs + delayMs } = origin.settings;
  return {
    ...origin,
    messageId: `msg_${randomUUID().replaceAll("-", "")}`,
    createdAt: nowMs,
    notBefore: nowMs + Math.max(0, notBeforeMs - nowMs) / timeScale,
    retried: 0,
  };
}

export function maxRetries(message: Message): number {
  return message.settings.retries ?? DEFAULT_RETRIES;
}
