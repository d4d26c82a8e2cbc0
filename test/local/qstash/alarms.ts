/** The longest wait that one `setTimeout` can express. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Named timers, of any length. */
export class Alarms {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  get size(): number {
    return this.#timers.size;
  }

  /** Rings once after `delayMs`, instead of what was set under this id before. */
  set({ id, delayMs, ring }: { id: string; delayMs: number; ring: () => void }): void {
    this.cancel(id);
    const rest = delayMs - LONGEST_TIMER_MS;
    const timer =
      rest > 0
        ? setTimeout(() => this.set({ id, delayMs: rest, ring }), LONGEST_TIMER_MS)
        : setTimeout(() => {
            this.#timers.delete(id);
            ring();
          }, delayMs);
    this.#timers.set(id, timer);
  }

  cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  clear(): void {
    for (const id of [...this.#timers.keys()]) this.cancel(id);
  }
}
