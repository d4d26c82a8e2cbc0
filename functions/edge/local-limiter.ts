/** Counts in fixed windows in the memory of one isolate. Other isolates count for themselves, so it bounds, it does not measure. */
export interface LocalLimiter {
  /** @returns milliseconds to wait, 0 when the request may pass. */
  take(input: { key: string; allowed: number; windowMs: number; cost: number }): number;
}

interface Window {
  endsAtMs: number;
  used: number;
}

/**
 * @param now current time in milliseconds.
 * @param maxKeys how many keys are kept; the oldest gives way, so that many addresses cannot fill the isolate's memory.
 */
export function createLocalLimiter({ now, maxKeys }: { now: () => number; maxKeys: number }): LocalLimiter {
  const windows = new Map<string, Window>();

  return {
    take({ key, allowed, windowMs, cost }) {
      const known = windows.get(key);
      const window = known !== undefined && known.endsAtMs > now() ? known : { endsAtMs: now() + windowMs, used: 0 };
      if (window !== known) {
        windows.delete(key);
        if (windows.size >= maxKeys) windows.delete(windows.keys().next().value ?? key);
        windows.set(key, window);
      }
      if (window.used + cost > allowed) return window.endsAtMs - now();
      window.used += cost;
      return 0;
    },
  };
}
