import { AsyncLocalStorage } from "node:async_hooks";

/** Where a process dies: at its n-th outgoing request (from 1), before it is sent or after it was applied and before its answer is read. */
export interface CrashPoint {
  step: number;
  when: "before" | "after";
}

/** One invocation of a Worker. Everything it does to the world is an HTTP request, so its requests are all the steps there are. */
interface Process {
  steps: number;
  crash: CrashPoint | undefined;
  /** Refuses a request instead of sending it, without killing the process: an outage. */
  refuse: ((url: string) => boolean) | undefined;
  isDead: boolean;
}

export type Invocation<Value> = { outcome: "answered"; value: Value; steps: number } | { outcome: "died"; steps: number };

const running = new AsyncLocalStorage<Process>();
const realFetch = globalThis.fetch;

/** Makes every request of a process a step. Requests of nobody (stand-ins, the test itself) pass. */
export function installInjector(): () => void {
  globalThis.fetch = async (input, init) => {
    const process = running.getStore();
    if (process === undefined) return realFetch(input, init);
    if (process.isDead) throw new TypeError("this process is dead");
    process.steps += 1;
    const isHere = process.crash?.step === process.steps;
    if (isHere && process.crash?.when === "before") return die(process);
    if (process.refuse?.(input instanceof Request ? input.url : String(input))) throw new TypeError("connection refused");
    const answer = await realFetch(input, init);
    return isHere ? die(process) : answer;
  };
  return () => {
    globalThis.fetch = realFetch;
  };
}

function die(process: Process): never {
  process.isDead = true;
  throw new TypeError("this process is dead");
}

/**
 * Runs one invocation, with the work it leaves for after its answer. Of a process that died nobody hears an answer.
 *
 * @param invoke gets `waitUntil`, as a Worker does.
 */
export async function invoke<Value>(
  invocation: (waitUntil: (work: Promise<unknown>) => void) => Promise<Value>,
  { crash, refuse }: { crash?: CrashPoint | undefined; refuse?: ((url: string) => boolean) | undefined } = {},
): Promise<Invocation<Value>> {
  const process: Process = { steps: 0, crash, refuse, isDead: false };
  return running.run(process, async () => {
    const background: Promise<unknown>[] = [];
    const [settled] = await Promise.allSettled([invocation((work) => background.push(work))]);
    await Promise.allSettled(background);
    if (process.isDead || settled.status === "rejected") return { outcome: "died", steps: process.steps };
    return { outcome: "answered", value: settled.value, steps: process.steps };
  });
}

/**
 * The points that differ in what the world has seen: before the first step and after each. To die before the next step is to die after
 * the one before it, which matters where points are combined.
 */
export function distinctPoints(steps: number): CrashPoint[] {
  return crashPoints(steps).filter(({ step, when }) => when === "after" || step === 1);
}

/** Every point at which a process of so many steps can die. */
export function crashPoints(steps: number): CrashPoint[] {
  return Array.from({ length: steps }, (_, index) => index + 1).flatMap((step): CrashPoint[] => [
    { step, when: "before" },
    { step, when: "after" },
  ]);
}
