import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import { RateLimitedError } from "../../shared/errors/app-error.ts";
import type { Logger } from "../../shared/log/logger.ts";
import { describeError } from "../../shared/log/scrub.ts";
import { createLocalLimiter } from "./local-limiter.ts";
import { createPermitLeases } from "./permit-leases.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * `allowed` calls per `windowMs`, over all isolates. `allowedWithoutRedis` is what one isolate lets pass while Redis does not
 * answer: strict, since each isolate then counts alone.
 */
export const LIMITS = {
  /** Anonymous tRPC calls from one address. */
  address: { allowed: 300, windowMs: MINUTE_MS, allowedWithoutRedis: 30 },
  /** tRPC calls of one signed-in person. */
  user: { allowed: 600, windowMs: MINUTE_MS, allowedWithoutRedis: 60 },
  /** Posts to one public form. */
  form: { allowed: 60, windowMs: MINUTE_MS, allowedWithoutRedis: 10 },
  /** Posts to one public form from one address. */
  formAddress: { allowed: 5, windowMs: HOUR_MS, allowedWithoutRedis: 2 },
} as const;

/** A call to Redis that takes longer has failed. */
const REDIS_BUDGET_MS = 150;
/** How long Redis is left alone after it failed, so that an outage does not add its budget to every request. */
const REDIS_REST_MS = 2_000;
const MAX_KEYS_IN_MEMORY = 10_000;

export interface Limits {
  /**
   * Counts `cost` calls (a tRPC batch of n counts n) against a limit.
   *
   * @param withoutRedis what to do while Redis is slow or down: `open` lets the call pass (reads of signed-in people, who are known
   * by a verified token), `strict` counts it in this isolate's memory against `allowedWithoutRedis` (everything else).
   * @throws RateLimitedError with the milliseconds to wait.
   */
  take(input: { limit: keyof typeof LIMITS; key: string; cost: number; withoutRedis: "open" | "strict" }): Promise<void>;
  /** @returns whether Redis answered within its budget. */
  ping(): Promise<boolean>;
}

/** @param now current time in milliseconds, for the counts in memory; Upstash's limiter reads the clock itself. */
export function createLimits({
  redis: { url, token },
  log,
  now,
}: {
  redis: { url: string; token: string };
  log: Logger;
  now: () => number;
}): Limits {
  const redis = new Redis({
    url,
    token,
    enableTelemetry: false,
    enableAutoPipelining: false,
    // A call that failed may have been counted; and a second try would cost a second budget.
    retry: { retries: 0 },
    // A function: the client answers `null` instead of failing once a fixed signal has fired.
    signal: () => AbortSignal.timeout(REDIS_BUDGET_MS),
  });
  const blocked = new Map<string, number>();
  const shared = {
    address: sharedLimiter("address"),
    user: sharedLimiter("user"),
    form: sharedLimiter("form"),
    formAddress: sharedLimiter("formAddress"),
  };
  const local = createLocalLimiter({ now, maxKeys: MAX_KEYS_IN_MEMORY });
  const leases = createPermitLeases({ now, maxKeys: MAX_KEYS_IN_MEMORY });
  let redisRestsUntilMs = 0;

  return {
    async take({ limit, key, cost, withoutRedis }) {
      const waitMs = (await takeFromRedis(limit, key, cost)) ?? (withoutRedis === "open" ? 0 : takeFromMemory(limit, key, cost));
      if (waitMs > 0) throw new RateLimitedError("Too many requests, please wait a moment", { retryAfterMs: waitMs });
    },

    async ping() {
      try {
        return (await redis.ping()) === "PONG";
      } catch {
        return false;
      }
    },
  };

  function sharedLimiter(limit: keyof typeof LIMITS): Ratelimit {
    const { allowed, windowMs } = LIMITS[limit];
    return new Ratelimit({
      redis,
      limiter: Ratelimit.slidingWindow(allowed, `${windowMs} ms`),
      prefix: `guilda:limit:${limit}`,
      // Its own timeout lets calls pass; the client's signal makes them fail instead.
      timeout: 0,
      ephemeralCache: blocked,
      analytics: false,
      enableTelemetry: false,
    });
  }

  /** @returns milliseconds to wait, 0 to pass, or `undefined` when Redis did not answer in time. */
  async function takeFromRedis(limit: keyof typeof LIMITS, key: string, cost: number): Promise<number | undefined> {
    const { allowed } = LIMITS[limit];
    const leaseKey = `${limit}:${key}`;
    const { missing, ahead } = leases.take({ key: leaseKey, cost, allowed });
    if (missing === 0) return 0;
    if (now() < redisRestsUntilMs) return undefined;
    if (blocked.size > MAX_KEYS_IN_MEMORY) blocked.clear();
    try {
      const { success, remaining, reset } = await shared[limit].limit(key, { rate: missing + ahead });
      if (!success) return Math.max(1, reset - now());
      leases.grant({ key: leaseKey, missing, ahead, remaining, allowed });
      return 0;
    } catch (error) {
      redisRestsUntilMs = now() + REDIS_REST_MS;
      log.write("warn", "limits.fell_back", { operation: limit, error: describeError(error) });
      return undefined;
    }
  }

  function takeFromMemory(limit: keyof typeof LIMITS, key: string, cost: number): number {
    const { allowedWithoutRedis, windowMs } = LIMITS[limit];
    return local.take({ key: `${limit}:${key}`, allowed: allowedWithoutRedis, windowMs, cost });
  }
}
