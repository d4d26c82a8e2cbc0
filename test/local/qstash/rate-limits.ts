import type { Fault } from "../http-server.ts";

/** The three ways in which QStash answers 429, as faults: the client tells them apart by their headers. */
export const RATE_LIMIT_FAULTS: Record<"burst" | "daily" | "chat", Fault> = {
  burst: {
    kind: "status",
    status: 429,
    body: '{"error":"burst rate limit exceeded"}',
    headers: { "Burst-RateLimit-Limit": "100", "Burst-RateLimit-Remaining": "0", "Burst-RateLimit-Reset": "1" },
  },
  daily: {
    kind: "status",
    status: 429,
    body: '{"error":"daily rate limit exceeded"}',
    headers: { "RateLimit-Limit": "1000", "RateLimit-Remaining": "0", "RateLimit-Reset": "3600" },
  },
  chat: {
    kind: "status",
    status: 429,
    body: '{"error":"chat rate limit exceeded"}',
    headers: {
      "x-ratelimit-limit-requests": "10",
      "x-ratelimit-limit-tokens": "1000",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-reset-tokens": "1s",
    },
  },
};
