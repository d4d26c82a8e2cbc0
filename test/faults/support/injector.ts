import { AsyncLocalStorage } from "node:async_hooks";
import { vi } from "vitest";

/** Whom a request goes to. */
export type Target = "database" | "cache" | "broker" | "provider";

/**
 * What happens at a step, which is one outgoing request:
 * the process dies before it is sent (`dies-before`), after it was done (`dies-after`), or while it is under way, so that it is done
 * only when everything else is over (`dies-late`). Or the process `stalls` before it is sent, until everything else is over, and then goes
 * on as if nothing had been, though its sender has given it up. Or it lives on and is told 503 without anything being done (`refused`), 500
 * though it was done (`failed`), that the connection broke after it was done (`lost`), or that time ran out though it was done (`timed-out`).
 */
export type MishapKind = "dies-before" | "dies-after" | "dies-late" | "stalls" | "refused" | "failed" | "lost" | "timed-out";

export interface Mishap {
  kind: MishapKind;
  /** Counted over all processes of a timeline, from 1. */
  step: number;
}

export interface Step {
  target: Target;
  method: string;
}

/** The steps of all processes of one scenario, and what strikes them. */
export interface Timeline {
  mishaps: readonly Mishap[];
  steps: Step[];
  struck: Mishap[];
  /** Who refuses everything, for now. */
  down: Set<Target>;
  /** Lets arrive what the dead had under way, and wakes those that stall. */
  late: (() => Promise<unknown>)[];
}

export function newTimeline(mishaps: readonly Mishap[] = []): Timeline {
  return { mishaps, steps: [], struck: [], down: new Set(), late: [] };
}

export type WaitUntil = (work: Promise<unknown>) => void;

interface Process {
  timeline: Timeline;
  isDead: boolean;
  /** Whoever asked gets no answer any more. */
  giveUp(): void;
  /** Settles when all of it has ended. */
  ended: Promise<unknown>;
}

export interface Injector {
  /**
   * Runs one process: one invocation of a Worker with what it hands to `waitUntil`. Resolves when all of it has ended or is dead.
   *
   * @returns what the sender gets: undefined when the process died before it answered. One that dies later has answered.
   */
  run<Answer>(timeline: Timeline, work: (waitUntil: WaitUntil) => Promise<Answer>): Promise<Answer | undefined>;
  close(): void;
}

type Send = typeof globalThis.fetch;

/**
 * Takes the place of `globalThis.fetch`, through which the clients of all services go. Requests outside of any process are let through.
 * A dead process makes no more requests and gets no more answers, as when the machine is gone: nothing of it is tidied up.
 */
export function installInjector(targets: ReadonlyMap<string, Target>): Injector {
  const processes = new AsyncLocalStorage<Process>();
  const send = globalThis.fetch;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((...request) => {
    const process = processes.getStore();
    if (process === undefined) return send(...request);
    const target = targets.get(new URL(String(request[0])).origin);
    if (target === undefined) throw new Error(`a process calls ${String(request[0])}, which is nobody's`);
    return step({ process, target, request, send });
  });
  return {
    async run(timeline, work) {
      const silence = Promise.withResolvers<undefined>();
      const ended = Promise.withResolvers<unknown>();
      const process: Process = { timeline, isDead: false, giveUp: () => silence.resolve(undefined), ended: ended.promise };
      const background: Promise<unknown>[] = [];
      const running = processes.run(process, () => work((each) => void background.push(each)));
      ended.resolve(running.then(() => Promise.allSettled(background)).catch(() => undefined));
      const answer = await Promise.race([running, silence.promise]);
      await Promise.race([process.ended, silence.promise]);
      return answer;
    },
    close: () => spy.mockRestore(),
  };
}

async function step({
  process,
  target,
  request,
  send,
}: {
  process: Process;
  target: Target;
  request: Parameters<Send>;
  send: Send;
}): Promise<Response> {
  if (process.isDead) return forever();
  const { timeline } = process;
  const number = timeline.steps.push({ target, method: request[1]?.method ?? "GET" });
  const mishap = timeline.mishaps.find((each) => each.step === number);
  if (mishap !== undefined) timeline.struck.push(mishap);
  const kind = mishap?.kind ?? (timeline.down.has(target) ? "refused" : undefined);
  if (kind === "refused") return Response.json({ error: "down" }, { status: 503 });
  if (kind === "dies-late") timeline.late.push(() => send(request[0], withoutSignal(request[1])).then(readAll, () => undefined));
  if (kind === "stalls") await stall(process);
  if (kind === "dies-before" || kind === "dies-late") return end(process);
  const response = await send(...request);
  if (kind === undefined || kind === "stalls") return process.isDead ? forever() : response;
  await readAll(response);
  if (kind === "dies-after") return end(process);
  if (kind === "failed") return Response.json({ error: "failed" }, { status: 500 });
  throw kind === "timed-out" ? new DOMException("time ran out", "TimeoutError") : new TypeError("connection lost");
}

/** A process that has nothing left to wait for but this request has answered before it dies. */
async function end(process: Process): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve));
  process.isDead = true;
  process.giveUp();
  return forever();
}

async function stall(process: Process): Promise<void> {
  const awake = Promise.withResolvers<void>();
  process.timeline.late.push(() => {
    awake.resolve();
    return process.ended;
  });
  await new Promise((resolve) => setImmediate(resolve));
  process.giveUp();
  await awake.promise;
}

/** What is under way arrives, whatever became of its sender. */
function withoutSignal({ signal: _gone, ...init }: RequestInit = {}): RequestInit {
  return init;
}

function readAll(response: Response): Promise<ArrayBuffer> {
  return response.arrayBuffer();
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
