import { durationMs } from "./duration.ts";
import { evaluate } from "./expression.ts";

export const DAY_MS = 86_400_000;

/** Headers by which a destination chooses the delay itself. */
const ASKED_DELAY_HEADERS = ["retry-after", "x-ratelimit-reset", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"];

/**
 * How long to wait after a failed attempt: what the destination asked for, else the message's own expression,
 * else `e^(2.5 n)` seconds after the n-th failure. Capped at a day.
 *
 * @param retried retries made before the attempt that has just failed.
 * @param answered headers of the failed answer.
 */
export function retryDelayMs({
  retried,
  expression,
  answered,
  nowMs,
}: {
  retried: number;
  expression?: string | undefined;
  answered: Record<string, string[]>;
  nowMs: number;
}): number {
  const delayMs =
    askedDelayMs(answered, nowMs) ??
    (expression === undefined ? Math.exp(2.5 * (retried + 1)) * 1_000 : evaluate({ text: expression, retried }));
  return Number.isNaN(delayMs) ? DAY_MS : Math.min(DAY_MS, Math.max(0, delayMs));
}

function askedDelayMs(answered: Record<string, string[]>, nowMs: number): number | undefined {
  const asked = ASKED_DELAY_HEADERS.flatMap((name) => answered[name] ?? [])
    .map((value) => delayOf(value.trim(), nowMs))
    .filter((delayMs) => delayMs !== undefined);
  return asked.length === 0 ? undefined : Math.max(...asked);
}

/** The value is seconds, an RFC 1123 date, or a duration such as `6m5s`. */
function delayOf(value: string, nowMs: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const duration = durationMs(value);
  if (duration !== undefined) return duration;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : date - nowMs;
}
