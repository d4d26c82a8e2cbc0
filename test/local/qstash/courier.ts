import { Alarms } from "./alarms.ts";
import type { Chaos } from "./chaos.ts";
import type { DeliveryEvent, EventLog } from "./events.ts";
import type { FlowControl } from "./flow-control.ts";
import { CALLER_IP, type DeadLetter, type Message, maxRetries, newMessage } from "./message.ts";
import type { QueueLanes } from "./queue-lanes.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { isSuccess, type Outcome, type Sender, unanswered } from "./send.ts";
import type { CallbackTarget } from "./settings.ts";
import { signDelivery } from "./sign.ts";

const REORDER_WINDOW_MS = 50;
const LONGEST_ATTEMPT_MS = 15 * 60_000;
const NEVER_RETRY_STATUS = 489;
const REGION = "US-EAST-1";

export interface CourierContext {
  messages: Map<string, Message>;
  deadLetters: Map<string, DeadLetter>;
  lanes: QueueLanes;
  flowControl: FlowControl;
  events: EventLog;
  sender: Sender;
  chaos: Chaos;
  keys: { current: string };
  random: () => number;
  timeScale: number;
  concurrency: number;
}

/**
 * Carries each accepted message to its end: delivered, buried in the dead-letter queue, or cancelled.
 * A message leaves `messages` only after its end and its callbacks are written down, so a death in between repeats work and loses none.
 */
export class Courier {
  readonly #context: () => CourierContext;
  readonly #delayed = new Alarms();
  readonly #held = new Alarms();
  readonly #ready: Message[] = [];
  readonly #idleWaiters: { includeDelayed: boolean; resolve: () => void }[] = [];
  #inFlight = 0;
  #burials = 0;
  #closed = false;

  /** @param context asked for at each use, since lanes and flow control call back into the courier. */
  constructor(context: () => CourierContext) {
    this.#context = context;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes the message over for good. */
  accept(message: Message): void {
    const { messages, events, lanes, chaos, random } = this.#context();
    events.record("CREATED", message);
    if (random() < (chaos.drop ?? 0)) return;
    messages.set(message.messageId, message);
    lanes.join(message);
  }

  /** Goes on with what an earlier process had accepted. */
  resume(): void {
    for (const message of [...this.#context().messages.values()]) this.#context().lanes.join(message);
  }

  /** Starts a message that its queue lets go: now, or when it is due. */
  start(message: Message): void {
    const delayMs = message.notBefore - Date.now();
    if (delayMs <= 0) this.#due(message);
    else this.#delayed.set({ id: message.messageId, delayMs, ring: () => this.#due(message) });
  }

  /** Puts a message in line that may start at once. */
  line(message: Message): void {
    this.#ready.push(message);
    this.#pump();
  }

  /** @returns false when the message is not under way. An attempt in flight is not called back, but nothing follows it. */
  cancel(messageId: string): boolean {
    const { messages, events, flowControl } = this.#context();
    const message = messages.get(messageId);
    if (message === undefined) return false;
    events.record("CANCEL_REQUESTED", message);
    this.#delayed.cancel(messageId);
    this.#held.cancel(messageId);
    flowControl.release(message);
    this.#finish(message);
    events.record("CANCELED", message);
    return true;
  }

  /** Resolves when nothing is due or in flight; with `includeDelayed`, when no message is left at all. */
  idle({ includeDelayed = false }: { includeDelayed?: boolean } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push({ includeDelayed, resolve });
      this.#tellIdle();
    });
  }

  /** Stops at once; what was in flight counts as not delivered. */
  close(): void {
    this.#closed = true;
    this.#delayed.clear();
    this.#held.clear();
    this.#ready.length = 0;
    for (const { resolve } of this.#idleWaiters.splice(0)) resolve();
  }

  #due(message: Message): void {
    const { chaos, random } = this.#context();
    const jitterMs = chaos.reorder === true ? random() * REORDER_WINDOW_MS : 0;
    const delayMs = (chaos.delayMs ?? 0) + jitterMs;
    if (delayMs === 0) this.line(message);
    else this.#held.set({ id: message.messageId, delayMs, ring: () => this.line(message) });
  }

  #pump(): void {
    const { messages, flowControl, concurrency } = this.#context();
    while (this.#inFlight < concurrency && !this.#closed) {
      const message = this.#ready.shift();
      if (message === undefined) break;
      if (messages.has(message.messageId) && flowControl.admit(message)) void this.#attempt(message);
    }
    this.#tellIdle();
  }

  async #attempt(message: Message): Promise<void> {
    const { chaos, random, events, flowControl } = this.#context();
    this.#inFlight += 1;
    events.record("ACTIVE", message);
    const first = this.#send(message);
    const twin = random() < (chaos.duplicate ?? 0) ? this.#send(message) : first;
    const outcomes = await Promise.all([first, twin]);
    if (this.#closed) return;
    const outcome = outcomes.find(isSuccess) ?? outcomes[0];
    this.#inFlight -= 1;
    flowControl.release(message);
    this.#settle(
      message,
      isSuccess(outcome) && random() < (chaos.dropResponse ?? 0) ? unanswered("the answer was lost") : outcome,
    );
    this.#pump();
  }

  #send(message: Message): Promise<Outcome> {
    const { sender, keys, chaos } = this.#context();
    const { url, settings, retried, messageId, scheduleId, topicName } = message;
    const body = Buffer.from(message.bodyBase64, "base64");
    const signature = signDelivery({ key: keys.current, url, body, nowMs: Date.now(), skewSeconds: chaos.clockSkewSeconds ?? 0 });
    return sender.send({
      url,
      method: settings.method ?? "POST",
      headers: {
        "user-agent": "Upstash-QStash",
        ...settings.forward,
        "upstash-message-id": messageId,
        "upstash-retried": String(retried),
        ...(scheduleId === undefined ? {} : { "upstash-schedule-id": scheduleId }),
        ...(topicName === undefined ? {} : { "upstash-topic-name": topicName }),
        "upstash-caller-ip": CALLER_IP,
        "upstash-region": REGION,
        "upstash-signature": signature,
      },
      body,
      timeoutMs: settings.timeoutMs ?? LONGEST_ATTEMPT_MS,
    });
  }

  #settle(message: Message, outcome: Outcome): void {
    const { messages, events, timeScale } = this.#context();
    if (!messages.has(message.messageId)) return;
    const detail = { responseStatus: outcome.status, error: outcome.error };
    if (isSuccess(outcome)) {
      events.record("DELIVERED", message, detail);
      this.#report({ message, outcome, target: message.settings.callback });
      this.#finish(message);
      return;
    }
    events.record("ERROR", message, detail);
    if (forbidsRetry(outcome) || message.retried >= maxRetries(message)) {
      this.#bury(message, outcome, detail);
      return;
    }
    this.#report({ message, outcome, target: message.settings.callback });
    const nowMs = Date.now();
    const delayMs = retryDelayMs({
      retried: message.retried,
      expression: message.settings.retryDelay,
      answered: outcome.headers,
      nowMs,
    });
    message.retried += 1;
    message.notBefore = nowMs + delayMs / timeScale;
    messages.set(message.messageId, message);
    events.record("RETRY", message, { nextDeliveryTime: Math.round(message.notBefore) });
    this.start(message);
  }

  #bury(message: Message, outcome: Outcome, detail: Pick<DeliveryEvent, "responseStatus" | "error">): void {
    this.#burials += 1;
    const diedAt = Date.now();
    const dlqId = `${diedAt}-${this.#burials}`;
    this.#context().deadLetters.set(dlqId, {
      dlqId,
      message,
      diedAt,
      responseStatus: outcome.status,
      responseHeader: outcome.headers,
      responseBodyBase64: outcome.body.toString("base64"),
      error: outcome.error,
    });
    this.#context().events.record("FAILED", message, detail);
    this.#report({ message, outcome, target: message.settings.callback });
    this.#report({ message, outcome, target: message.settings.failureCallback, dlqId });
    this.#finish(message);
  }

  #report({
    message,
    outcome,
    target,
    dlqId,
  }: {
    message: Message;
    outcome: Outcome;
    target: CallbackTarget | undefined;
    dlqId?: string;
  }): void {
    if (target === undefined) return;
    const origin = {
      url: target.url,
      settings: target.settings,
      bodyBase64: Buffer.from(JSON.stringify(callbackBody({ message, outcome, dlqId }))).toString("base64"),
      holdsQueue: message.queueName ?? message.holdsQueue,
    };
    this.accept(newMessage({ origin, nowMs: Date.now(), timeScale: this.#context().timeScale }));
  }

  #finish(message: Message): void {
    const { messages, lanes } = this.#context();
    messages.delete(message.messageId);
    lanes.leave(message);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idleWaiters.length === 0 || this.#inFlight + this.#ready.length + this.#held.size > 0) return;
    const nothingLeft = this.#context().messages.size === 0;
    for (const waiter of this.#idleWaiters.splice(0)) {
      if (nothingLeft || !waiter.includeDelayed) waiter.resolve();
      else this.#idleWaiters.push(waiter);
    }
  }
}

function forbidsRetry({ status, headers }: Outcome): boolean {
  return status === NEVER_RETRY_STATUS && headers["upstash-nonretryable-error"]?.[0]?.toLowerCase() === "true";
}

/** What a callback tells: the answer of one attempt and the message it answers. Bodies are base64. */
function callbackBody({
  message,
  outcome,
  dlqId,
}: {
  message: Message;
  outcome: Outcome;
  dlqId: string | undefined;
}): Record<string, unknown> {
  return {
    status: outcome.status,
    header: outcome.headers,
    body: outcome.body.toString("base64"),
    error: outcome.error,
    retried: message.retried,
    maxRetries: maxRetries(message),
    dlqId,
    sourceMessageId: message.messageId,
    topicName: message.topicName,
    endpointName: message.endpointName,
    url: message.url,
    method: message.settings.method ?? "POST",
    sourceHeader: Object.fromEntries(Object.entries(message.settings.forward).map(([name, value]) => [name, [value]])),
    sourceBody: message.bodyBase64,
    notBefore: message.notBefore,
    createdAt: message.createdAt,
    scheduleId: message.scheduleId,
    callerIP: CALLER_IP,
  };
}
