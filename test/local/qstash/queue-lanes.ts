import type { Message } from "./message.ts";

export interface Queue {
  name: string;
  parallelism: number;
  paused: boolean;
  createdAt: number;
  updatedAt: number;
}

interface Lane {
  waiting: Message[];
  /** Ids of the messages being delivered, waiting to be retried, or reporting the fate of such a one. */
  active: Set<string>;
}

/** First in, first out: a message starts when fewer than `parallelism` of those before it are unfinished, retries and callbacks included. */
export class QueueLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #queues: Map<string, Queue>;
  readonly #start: (message: Message) => void;

  constructor({ queues, start }: { queues: Map<string, Queue>; start: (message: Message) => void }) {
    this.#queues = queues;
    this.#start = start;
  }

  /** Puts a message at the end of its queue, which is made if there is none; a message without a queue starts at once. */
  join(message: Message): void {
    const { queueName, holdsQueue } = message;
    if (queueName !== undefined) {
      this.upsert({ name: queueName });
      this.#lane(queueName).waiting.push(message);
      this.#advance(queueName);
      return;
    }
    if (holdsQueue !== undefined) this.#lane(holdsQueue).active.add(message.messageId);
    this.#start(message);
  }

  /** The message is finished. */
  leave({ messageId, queueName, holdsQueue }: Message): void {
    const name = queueName ?? holdsQueue;
    if (name === undefined) return;
    const lane = this.#lane(name);
    if (!lane.active.delete(messageId)) lane.waiting = lane.waiting.filter((message) => message.messageId !== messageId);
    this.#advance(name);
  }

  upsert({ name, parallelism, paused }: { name: string; parallelism?: number | undefined; paused?: boolean | undefined }): void {
    const known = this.#queues.get(name);
    if (known !== undefined && parallelism === undefined && paused === undefined) return;
    const now = Date.now();
    this.#queues.set(name, {
      name,
      parallelism: parallelism ?? known?.parallelism ?? 1,
      paused: paused ?? known?.paused ?? false,
      createdAt: known?.createdAt ?? now,
      updatedAt: now,
    });
    this.#advance(name);
  }

  /** How many messages of the queue are unfinished. */
  lag(name: string): number {
    const lane = this.#lane(name);
    return lane.waiting.length + lane.active.size;
  }

  #advance(name: string): void {
    const queue = this.#queues.get(name);
    const lane = this.#lane(name);
    while (queue !== undefined && !queue.paused && lane.active.size < queue.parallelism) {
      const next = lane.waiting.shift();
      if (next === undefined) return;
      lane.active.add(next.messageId);
      this.#start(next);
    }
  }

  #lane(name: string): Lane {
    const lane = this.#lanes.get(name) ?? { waiting: [], active: new Set() };
    this.#lanes.set(name, lane);
    return lane;
  }
}
