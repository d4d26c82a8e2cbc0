import { type StandIn, serve } from "./http-server.ts";
import { answerApi } from "./qstash/api.ts";
import { openBroker, rotateKeys, type SigningKeys } from "./qstash/broker.ts";
import type { Chaos } from "./qstash/chaos.ts";
import type { DeadLetter, Message } from "./qstash/message.ts";
import type { Limits } from "./qstash/publisher.ts";
import { DAY_MS } from "./qstash/retry-delay.ts";

const DEFAULT_CONCURRENCY = 32;
const DEFAULT_LIMITS: Limits = { messageBytes: 1_048_576, delayMs: 365 * DAY_MS, schedules: 1_000 };

export interface QstashOptions {
  /** 0, the default, picks a free port. */
  port?: number;
  token: string;
  currentSigningKey: string;
  nextSigningKey: string;
  /** Folder that keeps accepted messages, dead letters, schedules, queues and URL groups; without one, memory does. */
  stateDir?: string;
  /** What every delay is divided by: back-off, delays, the deduplication window, flow-control periods, the wait for a tick. */
  timeScale?: number;
  /** Of the random numbers that chaos draws. */
  seed?: number;
  /** How many attempts run at once. */
  concurrency?: number;
  limits?: Partial<Limits>;
}

export interface Qstash extends StandIn {
  /** What goes wrong with deliveries; assign to it at any time. Also settable with `PUT /__chaos` (a JSON object). */
  chaos: Chaos;
  /** The messages that are neither delivered nor given up, oldest first. */
  messages(): Message[];
  /** The messages that were given up, oldest first. */
  dlq(): DeadLetter[];
  /** Resolves when nothing is due or in flight; with `includeDelayed`, when no message is left at all. */
  idle(options?: { includeDelayed?: boolean }): Promise<void>;
  /** @returns the keys after the rotation. */
  rotateKeys(): SigningKeys;
}

/**
 * A QStash on loopback, for development and tests: the REST API as `@upstash/qstash` speaks it, signed deliveries with
 * QStash's retries, deduplication, queues, schedules, callbacks and dead-letter queue.
 *
 * Source: Upstash's documentation and its client. Deliveries are at least once, as the original's are.
 */
export async function startQstash({
  port = 0,
  token,
  currentSigningKey,
  nextSigningKey,
  stateDir,
  timeScale = 1,
  seed = 1,
  concurrency = DEFAULT_CONCURRENCY,
  limits,
}: QstashOptions): Promise<Qstash> {
  const standIn = await serve({ port, handle: async (request) => answerApi({ broker, token, request }) });
  // Only after the port is ours, so that a second process of the same state folder stops before it touches the folder.
  const broker = openBroker({
    keys: { current: currentSigningKey, next: nextSigningKey },
    stateDir,
    timeScale,
    seed,
    concurrency,
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
  return {
    ...standIn,
    chaos: broker.chaos,
    messages: () => [...broker.messages.values()],
    dlq: () => [...broker.deadLetters.values()],
    idle: (options) => broker.courier.idle(options),
    rotateKeys: () => rotateKeys(broker.keys),
    close: async () => {
      await standIn.close();
      broker.close();
    },
  };
}
