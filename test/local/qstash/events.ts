import type { Message } from "./message.ts";

/** How many events are kept; the oldest go first. */
const KEPT_EVENTS = 100_000;

export type DeliveryState = "CREATED" | "ACTIVE" | "RETRY" | "ERROR" | "DELIVERED" | "FAILED" | "CANCEL_REQUESTED" | "CANCELED";

/** Which message it happened to; bodies are not kept. */
export type MessageSummary = Omit<Message, "bodyBase64" | "createdAt" | "notBefore" | "retried">;

export interface DeliveryEvent {
  /** Number of the event, growing. */
  sequence: number;
  time: number;
  state: DeliveryState;
  message: MessageSummary;
  nextDeliveryTime?: number | undefined;
  responseStatus?: number | undefined;
  error?: string | undefined;
}

/** What happened to the messages, in memory only. */
export class EventLog {
  #events: DeliveryEvent[] = [];
  #last = 0;

  record(
    state: DeliveryState,
    message: Message,
    detail: Pick<DeliveryEvent, "nextDeliveryTime" | "responseStatus" | "error"> = {},
  ): void {
    this.#last += 1;
    this.#events.push({ sequence: this.#last, time: Date.now(), state, message: summaryOf(message), ...detail });
    if (this.#events.length > 2 * KEPT_EVENTS) this.#events = this.#events.slice(-KEPT_EVENTS);
  }

  newestFirst(): DeliveryEvent[] {
    return this.#events.slice(-KEPT_EVENTS).reverse();
  }
}

function summaryOf({ messageId, url, settings, queueName, scheduleId, topicName, endpointName }: Message): MessageSummary {
  return { messageId, url, settings, queueName, scheduleId, topicName, endpointName };
}
