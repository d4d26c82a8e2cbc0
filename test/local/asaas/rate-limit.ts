import type { WireAnswer } from "../http-server.ts";
import { type Account, refuse } from "./wire.ts";

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
  const limit = account.requestLimit ?? rateLimit.limit;
  if (now.getTime() >= window.startedAtMs + windowMs) Object.assign(window, { startedAtMs: now.getTime(), used: 0 });
  window.used += 1;
  return {
    headers: {
      "RateLimit-Limit": String(limit),
      "RateLimit-Remaining": String(Math.max(0, limit - window.used)),
      "RateLimit-Reset": String(Math.ceil((window.startedAtMs + windowMs - now.getTime()) / 1000)),
    },
    isExceeded: window.used > limit,
  };
}

/** What a request over any limit is answered. */
export function tooManyRequests(): WireAnswer {
  return refuse(429, { code: "too_many_requests", description: "O limite de requisições foi excedido" });
}
