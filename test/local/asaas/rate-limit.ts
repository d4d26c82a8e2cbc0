import type { Account } from "./wire.ts";

export interface RateLimit {
  /** Requests of one account in one window. */
  limit: number;
  windowSeconds: number;
}

/** The quota of the real API, counted from an account's first request. @see https://docs.asaas.com/docs/api-limits-1 */
export const QUOTA: RateLimit = { limit: 25_000, windowSeconds: 12 * 60 * 60 };

/** Counts a request against its account's window. @returns the headers of the answer, with the seconds until the window ends. */
export function countRequest({ account, rateLimit, now }: { account: Account; rateLimit: RateLimit; now: Date }): {
  headers: Record<"RateLimit-Limit" | "RateLimit-Remaining" | "RateLimit-Reset", string>;
  isExceeded: boolean;
} {
  const windowMs = rateLimit.windowSeconds * 1000;
  const window = account.rateWindow;
  if (now.getTime() >= window.startedAtMs + windowMs) Object.assign(window, { startedAtMs: now.getTime(), used: 0 });
  window.used += 1;
  return {
    headers: {
      "RateLimit-Limit": String(rateLimit.limit),
      "RateLimit-Remaining": String(Math.max(0, rateLimit.limit - window.used)),
      "RateLimit-Reset": String(Math.ceil((window.startedAtMs + windowMs - now.getTime()) / 1000)),
    },
    isExceeded: window.used > rateLimit.limit,
  };
}
