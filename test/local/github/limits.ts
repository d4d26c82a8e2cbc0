import type { WireRequest } from "../http-server.ts";
import { type Refusal, refuse } from "./answers.ts";
import type { Caller } from "./authenticate.ts";

/** Every limit that can be set, with GitHub's own values. */
export const GITHUB_LIMITS = {
  /** Requests in an hour, of one installation, of the App itself, and of everybody who does not say who they are. */
  installationPerHour: 5000,
  appPerHour: 5000,
  anonymousPerHour: 60,
  /** What a caller over the hour's limit is answered with: GitHub uses 403 and 429. */
  statusOverLimit: 403,
  /** Secondary limits. A GET is one point, any other request five. */
  concurrentRequests: 100,
  pointsPerMinute: 900,
  contentPerMinute: 80,
  contentPerHour: 500,
  secondaryRetryAfterSeconds: 60,
  treeEntries: 100_000,
  treeBytes: 7 * 1024 * 1024,
  /** Files of a comparison or a commit, and of a pull request. */
  comparedFiles: 300,
  pullFiles: 3000,
  /** An archive ends after so many bytes, without a sign of it; null is never. */
  archiveBytes: null as number | null,
};

export type Limits = typeof GITHUB_LIMITS;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PAGE = "overview/rate-limits-for-the-rest-api";

interface Window {
  startedAtMs: number;
  used: number;
}

export interface RateLimits {
  /**
   * Counts a request against every limit.
   *
   * @returns headers for its answer, and the refusal when it is over a limit.
   */
  enter(input: { caller: Caller; request: WireRequest }): Entry;
}

interface Entry {
  refusal: Refusal | undefined;
  headers(): Record<string, string>;
  /** An answer that costs nothing. */
  refund(): void;
  /** The request is no longer under way. */
  leave(): void;
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function createRateLimits({ limits, now }: { limits: Limits; now: () => Date }): RateLimits {
  const windows = new Map<string, Window>();
  const underWay = new Map<string, number>();

  function windowOf(key: string, lengthMs: number): Window {
    const nowMs = now().getTime();
    const known = windows.get(key);
    if (known !== undefined && nowMs < known.startedAtMs + lengthMs) return known;
    const fresh = { startedAtMs: nowMs, used: 0 };
    windows.set(key, fresh);
    return fresh;
  }

  function isOverSecondary(key: string, isRead: boolean): boolean {
    const points = windowOf(`points ${key}`, MINUTE_MS);
    points.used += isRead ? 1 : 5;
    const isOver = (underWay.get(key) ?? 0) > limits.concurrentRequests || points.used > limits.pointsPerMinute;
    if (isRead) return isOver;
    const minute = windowOf(`content/min ${key}`, MINUTE_MS);
    const hour = windowOf(`content/h ${key}`, HOUR_MS);
    minute.used += 1;
    hour.used += 1;
    return isOver || minute.used > limits.contentPerMinute || hour.used > limits.contentPerHour;
  }

  function count({
    caller,
    key,
    limit,
    window,
    isRead,
  }: {
    caller: Caller;
    key: string;
    limit: number;
    window: Window;
    isRead: boolean;
  }): Refusal | undefined {
    if (window.used >= limit) return primaryRefusal(caller, limits);
    window.used += 1;
    return isOverSecondary(key, isRead) ? secondaryRefusal(limits) : undefined;
  }

  return {
    enter({ caller, request }) {
      const key = keyOf(caller);
      const limit = limitOf(caller, limits);
      const window = windowOf(key, HOUR_MS);
      const isFree = request.path === "/rate_limit";
      underWay.set(key, (underWay.get(key) ?? 0) + 1);
      const refusal = isFree ? undefined : count({ caller, key, limit, window, isRead: isRead(request) });
      return {
        refusal,
        headers: () => ({
          "x-ratelimit-limit": String(limit),
          "x-ratelimit-remaining": String(Math.max(0, limit - window.used)),
          "x-ratelimit-used": String(window.used),
          "x-ratelimit-reset": String(Math.ceil((window.startedAtMs + HOUR_MS) / 1000)),
          "x-ratelimit-resource": "core",
        }),
        refund: () => {
          if (!isFree && refusal === undefined) window.used -= 1;
        },
        leave: () => underWay.set(key, (underWay.get(key) ?? 1) - 1),
      };
    },
  };
}

/** @returns the body of `GET /rate_limit`, from the headers of that answer. */
export function rateLimitView(headers: Record<string, string>): object {
  const number = (name: string) => Number(headers[`x-ratelimit-${name}`]);
  const core = { limit: number("limit"), used: number("used"), remaining: number("remaining"), reset: number("reset") };
  return { resources: { core }, rate: core };
}

/** Asking for a token makes no content. */
function isRead({ method, path }: WireRequest): boolean {
  return method === "GET" || path.endsWith("/access_tokens");
}

function keyOf(caller: Caller): string {
  return caller.kind === "installation" ? `installation ${caller.installation.id}` : caller.kind;
}

function limitOf(caller: Caller, limits: Limits): number {
  switch (caller.kind) {
    case "installation":
      return limits.installationPerHour;
    case "app":
      return limits.appPerHour;
    case "anonymous":
      return limits.anonymousPerHour;
  }
}

function primaryRefusal(caller: Caller, { statusOverLimit }: Limits): Refusal {
  const message = {
    installation: (id: number) => `API rate limit exceeded for installation ID ${id}.`,
    app: () => "API rate limit exceeded.",
    anonymous: () =>
      "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. " +
      "Check out the documentation for more details.)",
  }[caller.kind](caller.kind === "installation" ? caller.installation.id : 0);
  return refuse({ status: statusOverLimit, message, page: PAGE });
}

function secondaryRefusal({ secondaryRetryAfterSeconds }: Limits): Refusal {
  return refuse({
    status: 403,
    message:
      "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. " +
      "If you reach out to GitHub Support for help, please include the request ID.",
    page: `${PAGE}#about-secondary-rate-limits`,
    headers: { "retry-after": String(secondaryRetryAfterSeconds) },
  });
}
