import { Alarms } from "./alarms.ts";
import type { Message } from "./message.ts";

const DEFAULT_PERIOD_SECONDS = 1;

/** What an operator fixed for a key, above what messages ask for. */
export interface FlowPin {
  paused?: boolean | undefined;
  parallelism?: number | undefined;
  rate?: number | undefined;
  periodSeconds?: number | undefined;
}

interface Flow {
  /** The limits that the latest message asked for. 0: no limit. */
  parallelism: number;
  rate: number;
  periodSeconds: number;
  active: number;
  rateCount: number;
  periodStart: number;
  waiting: Message[];
}

/** Holds messages of one flow-control key back so that no more than `parallelism` run at once and `rate` start in a period. */
export class FlowControl {
  readonly #flows = new Map<string, Flow>();
  readonly #periods = new Alarms();
  readonly #admitted = new Set<string>();
  readonly #pins: Map<string, FlowPin>;
  readonly #timeScale: number;
  readonly #wake: (message: Message) => void;

  /** @param wake gets a message that was held back and may now start. */
  constructor({ pins, timeScale, wake }: { pins: Map<string, FlowPin>; timeScale: number; wake: (message: Message) => void }) {
    this.#pins = pins;
    this.#timeScale = timeScale;
    this.#wake = wake;
  }

  /** @returns whether the message may start now; if not, it is woken when it may. */
  admit(message: Message): boolean {
    const limit = message.settings.flowControl;
    if (limit === undefined || this.#admitted.has(message.messageId)) return true;
    const flow = this.#flow(limit.key);
    flow.parallelism = limit.parallelism ?? 0;
    flow.rate = limit.rate ?? 0;
    flow.periodSeconds = limit.periodSeconds ?? DEFAULT_PERIOD_SECONDS;
    if (flow.waiting.length === 0 && this.#hasRoom(limit.key, flow)) {
      this.#take(flow, message);
      return true;
    }
    flow.waiting.push(message);
    return false;
  }

  /** The attempt is over, or the message is cancelled. */
  release({ messageId, settings }: Message): void {
    if (settings.flowControl === undefined) return;
    const flow = this.#flow(settings.flowControl.key);
    if (this.#admitted.delete(messageId)) flow.active -= 1;
    else flow.waiting = flow.waiting.filter((message) => message.messageId !== messageId);
    this.#drain(settings.flowControl.key);
  }

  /** Changes what an operator fixed for the key. */
  pin(key: string, change: FlowPin): void {
    this.#pins.set(key, { ...this.#pins.get(key), ...change });
    this.#drain(key);
  }

  /** Starts a new period at once. */
  resetRate(key: string): void {
    const flow = this.#flow(key);
    flow.rateCount = 0;
    flow.periodStart = Date.now();
    this.#drain(key);
  }

  /** @returns the state of a key in the form of `GET /v2/flowControl/{key}`. */
  view(key: string): Record<string, unknown> {
    const flow = this.#flow(key);
    const pin = this.#pins.get(key) ?? {};
    const { parallelism, rate, periodSeconds } = this.#limits(key, flow);
    return {
      flowControlKey: key,
      waitListSize: flow.waiting.length,
      parallelismMax: parallelism,
      parallelismCount: flow.active,
      rateMax: rate,
      rateCount: flow.rateCount,
      ratePeriod: periodSeconds,
      ratePeriodStart: Math.floor(flow.periodStart / 1_000),
      isPaused: pin.paused ?? false,
      isPinnedParallelism: pin.parallelism !== undefined,
      isPinnedRate: pin.rate !== undefined,
    };
  }

  close(): void {
    this.#periods.clear();
  }

  #drain(key: string): void {
    const flow = this.#flow(key);
    while (this.#hasRoom(key, flow)) {
      const next = flow.waiting.shift();
      if (next === undefined) return;
      this.#take(flow, next);
      this.#wake(next);
    }
  }

  #take(flow: Flow, message: Message): void {
    this.#admitted.add(message.messageId);
    flow.active += 1;
    flow.rateCount += 1;
  }

  #hasRoom(key: string, flow: Flow): boolean {
    const { parallelism, rate, periodSeconds } = this.#limits(key, flow);
    if (this.#pins.get(key)?.paused === true) return false;
    if (parallelism > 0 && flow.active >= parallelism) return false;
    const periodEnd = flow.periodStart + (periodSeconds * 1_000) / this.#timeScale;
    const now = Date.now();
    if (now >= periodEnd) {
      flow.rateCount = 0;
      flow.periodStart = now;
    } else if (rate > 0 && flow.rateCount >= rate) {
      this.#periods.set({ id: key, delayMs: periodEnd - now + 1, ring: () => this.#drain(key) });
      return false;
    }
    return true;
  }

  #limits(key: string, flow: Flow): { parallelism: number; rate: number; periodSeconds: number } {
    const pin = this.#pins.get(key) ?? {};
    return {
      parallelism: pin.parallelism ?? flow.parallelism,
      rate: pin.rate ?? flow.rate,
      periodSeconds: pin.periodSeconds ?? flow.periodSeconds,
    };
  }

  #flow(key: string): Flow {
    const flow = this.#flows.get(key) ?? {
      parallelism: 0,
      rate: 0,
      periodSeconds: DEFAULT_PERIOD_SECONDS,
      active: 0,
      rateCount: 0,
      periodStart: 0,
      waiting: [],
    };
    this.#flows.set(key, flow);
    return flow;
  }
}
