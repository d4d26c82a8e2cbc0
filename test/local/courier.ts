import { json, type WireAnswer, type WireRequest } from "./http-server.ts";

/** What goes wrong between a provider and its receiver. Chances go from 0 to 1 and are drawn from a seeded generator. */
export interface Chaos {
  /** Chance that an attempt is sent twice at the same moment. */
  duplicate: number;
  /** Chance that a message waits until a later one was sent. */
  reorder: number;
  /** Chance that an attempt is lost on its way: the receiver never sees it, the provider counts a failure. */
  drop: number;
  /** Chance that the receiver's answer is lost: it did its work, the provider counts a failure. */
  dropResponse: number;
  /** Milliseconds that every attempt spends on its way. */
  delayMs: number;
}

export interface Letter {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Carries a provider's webhooks: timers, attempts with a time limit, and chaos. Ladders and order belong to the provider. */
export interface Courier {
  /** Mutable; also settable in part with `PUT /__chaos`. */
  chaos: Chaos;
  /** @returns the status that the receiver answered, or null when no answer came (in time). */
  post(letter: Letter): Promise<number | null>;
  /** Does the work after a delay. @returns a function that calls it off, and answers whether it still waited. */
  schedule(task: { delayMs: number; work: () => Promise<void> }): () => boolean;
  /** Does the work at once, unless `reorder` strikes: then it waits until a later one of its lane was done. */
  launch(task: { lane: string; work: () => Promise<void> }): () => boolean;
  /** Resolves when nothing is on its way and nothing waits for a retry. */
  idle(): Promise<void>;
  close(): void;
}

/** How long a message that `reorder` struck waits for a later one before it goes anyway. */
const REORDER_HOLD_MS = 1000;

/**
 * @param timeoutMs how long one attempt may take.
 * @param seed of the generator that decides what chaos strikes.
 */
export function startCourier({ timeoutMs, seed }: { timeoutMs: number; seed: number }): Courier {
  const chaos: Chaos = { duplicate: 0, reorder: 0, drop: 0, dropResponse: 0, delayMs: 0 };
  const draw = seededGenerator(seed);
  const strikes = (chance: number) => chance > 0 && draw() < chance;
  const closing = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** Lane → lets the message go that waits in it. */
  const held = new Map<string, () => void>();
  let busy = 0;
  let waiting: (() => void)[] = [];

  function settle(): void {
    busy -= 1;
    if (busy > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  function schedule({ delayMs, work }: { delayMs: number; work: () => Promise<void> }): () => boolean {
    if (closing.signal.aborted) return () => false;
    busy += 1;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work().finally(settle);
    }, delayMs);
    timers.add(timer);
    return () => callOff(timer);
  }

  function callOff(timer: NodeJS.Timeout): boolean {
    if (!timers.delete(timer)) return false;
    clearTimeout(timer);
    settle();
    return true;
  }

  function launch({ lane, work }: { lane: string; work: () => Promise<void> }): () => boolean {
    if (!held.has(lane) && strikes(chaos.reorder)) return hold({ lane, work });
    return schedule({ delayMs: 0, work: () => work().finally(() => held.get(lane)?.()) });
  }

  function hold({ lane, work }: { lane: string; work: () => Promise<void> }): () => boolean {
    const go = () => {
      held.delete(lane);
      return work();
    };
    const callOffHeld = schedule({ delayMs: REORDER_HOLD_MS, work: go });
    held.set(lane, () => {
      schedule({ delayMs: 0, work: go });
      callOffHeld();
    });
    return callOffHeld;
  }

  async function post(letter: Letter): Promise<number | null> {
    if (chaos.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, chaos.delayMs));
    if (strikes(chaos.drop)) return null;
    const twin = strikes(chaos.duplicate) ? send(letter) : undefined;
    const status = await send(letter);
    await twin;
    return strikes(chaos.dropResponse) ? null : status;
  }

  async function send({ url, headers, body }: Letter): Promise<number | null> {
    try {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  }

  return {
    chaos,
    post,
    schedule,
    launch,
    idle: () => (busy === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close: () => {
      closing.abort();
      for (const timer of [...timers]) callOff(timer);
    },
  };
}

/** `GET` and `PUT /__chaos`. @returns nothing for another path. */
export function answerChaos({ chaos, request }: { chaos: Chaos; request: WireRequest }): WireAnswer | undefined {
  if (request.path !== "/__chaos") return undefined;
  if (request.method === "PUT") Object.assign(chaos, JSON.parse(request.body.toString()));
  return json(200, chaos);
}

/** mulberry32: small, fast, the same sequence for the same seed. */
function seededGenerator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
