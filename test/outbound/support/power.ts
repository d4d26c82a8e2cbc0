import { AsyncLocalStorage } from "node:async_hooks";
import { vi } from "vitest";

/**
 * What happens to one process at its n-th request to anything (database, cache, provider):
 * `die-before` it is sent, `die-after` it was done, `lose` the answer and live on, `cut` the connection before it and live on.
 */
export interface Mishap {
  kind: "die-before" | "die-after" | "lose" | "cut";
  /** From 1. */
  step: number;
}

interface Process {
  mishap: Mishap | undefined;
  steps: number;
  die(): void;
  isDead: boolean;
}

/**
 * Runs work in processes that can be struck at any request they make. A dead process makes no more requests and gets no more answers,
 * as when the machine is gone: nothing of it is tidied up.
 */
export function installPower(): {
  /** @returns what the work answered, or "died"; with the number of requests that were begun. */
  run<Value>(work: () => Promise<Value>, mishap?: Mishap): Promise<{ outcome: Value | "died"; steps: number }>;
  close(): void;
} {
  const processes = new AsyncLocalStorage<Process>();
  const send = globalThis.fetch;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (...request) => {
    const process = processes.getStore();
    if (process === undefined || process.isDead) return await forever();
    process.steps += 1;
    const kind = process.mishap?.step === process.steps ? process.mishap.kind : undefined;
    if (kind === "cut") throw new TypeError("connection cut");
    if (kind === "die-before") return await endProcess(process);
    const response = await send(...request);
    if (kind === undefined) return process.isDead ? await forever() : response;
    await response.arrayBuffer();
    if (kind === "die-after") return await endProcess(process);
    throw new TypeError("answer lost");
  });
  return {
    async run(work, mishap) {
      const death = Promise.withResolvers<"died">();
      const process: Process = { mishap, steps: 0, isDead: false, die: () => death.resolve("died") };
      const outcome = await Promise.race([processes.run(process, work), death.promise]);
      return { outcome, steps: process.steps };
    },
    close: () => spy.mockRestore(),
  };
}

function endProcess(process: Process): Promise<never> {
  process.isDead = true;
  process.die();
  return forever();
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
