import type * as z from "zod";
import type { Breaker } from "../cache/circuit-breaker.ts";
import { UnavailableError } from "../errors/app-error.ts";
import type { Logger } from "../log/logger.ts";
import { ProviderError, type ProviderFailure } from "./provider-error.ts";

const MAX_TRIES = 3;
const BACKOFF_MS = 1_000;
const BACKOFF_FACTOR = 2;
const MAX_BACKOFF_MS = 10_000;
const JITTER = 0.1;
const RETRIED_STATUSES: readonly (number | undefined)[] = [undefined, 408, 429, 500, 502, 503, 504];
const MAX_ANSWER_BYTES = 1_048_576;
/** What a provider may ask us to wait at most; more is a mistake of theirs. */
const MAX_RETRY_AFTER_MS = 86_400_000;

export interface ProviderCall<Value> {
  provider: string;
  /** Verb of the adapter, for the log. */
  operation: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** From configuration, without a trailing slash; never from a tenant's input. */
  baseUrl: string;
  /** Begins with a slash; its parts are encoded by the adapter. */
  path: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: Record<string, unknown>;
  /** Whether asking twice is asking once: only then is a failed call tried again here. */
  idempotent: boolean;
  /** Milliseconds for all tries and the waits between them. */
  budgetMs: number;
  breaker: Breaker;
  log: Logger;
  /** Ends the call with the work that it is part of. */
  signal?: AbortSignal | undefined;
  /** Reads what the provider answered: leniently, unknown fields and words pass. */
  answer: z.ZodType<Value>;
  /** The provider's own codes in the body of a refusal; no text for people, which may quote what was sent. */
  readErrorCodes: (body: unknown) => string[];
  clock?: Clock;
}

export interface ProviderAnswer<Value> {
  status: number;
  headers: Headers;
  value: Value;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  wait(ms: number): Promise<void>;
}

const CLOCK: Clock = { now: () => Date.now(), wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

/**
 * Calls an outside API: within a time budget, under its circuit breaker, with one log line per try, following no redirect.
 *
 * It never waits longer than the budget has left: a provider that asks for more fails the call with `retryAfterMs`, and the work is
 * scheduled again instead.
 *
 * @throws ProviderError; its `kind` says whether the call was done.
 */
export async function callProvider<Value>(call: ProviderCall<Value>): Promise<ProviderAnswer<Value>> {
  const { breaker, idempotent, budgetMs, clock = CLOCK } = call;
  const deadline = clock.now() + budgetMs;
  const triesAllowed = idempotent ? MAX_TRIES : 1;
  for (let tries = 1; ; tries += 1) {
    try {
      return await breaker.run(
        () => tryOnce({ call, timeoutMs: Math.max(1, deadline - clock.now()), attempt: tries, clock }),
        isOutage,
      );
    } catch (error) {
      const waitMs = retryDelayMs(error, tries);
      if (tries >= triesAllowed || waitMs === undefined || clock.now() + waitMs >= deadline)
        throw toProviderError(error, call.provider);
      await clock.wait(waitMs);
    }
  }
}

interface Try<Value> {
  call: ProviderCall<Value>;
  timeoutMs: number;
  attempt: number;
  clock: Clock;
}

async function tryOnce<Value>({ call, timeoutMs, attempt, clock }: Try<Value>): Promise<ProviderAnswer<Value>> {
  const { provider, operation, log } = call;
  const startedAt = clock.now();
  const base = { provider, operation, attempt };
  try {
    const answer = await exchange({ call, timeoutMs, clock });
    log.write("info", "provider.called", { ...base, status: answer.status, outcome: "ok", durationMs: clock.now() - startedAt });
    return answer;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { kind, providerStatus, providerCodes, cause } = error;
    log.write("warn", "provider.called", {
      ...base,
      outcome: kind,
      durationMs: clock.now() - startedAt,
      ...(providerStatus === undefined ? {} : { status: providerStatus }),
      ...(providerCodes.length === 0 ? {} : { errorCode: providerCodes.join(",") }),
      ...(cause instanceof Error ? { errorClass: cause.message } : {}),
    });
    throw error;
  }
}

async function exchange<Value>({ call, timeoutMs, clock }: Omit<Try<Value>, "attempt">): Promise<ProviderAnswer<Value>> {
  const { response, text } = await send(call, timeoutMs);
  const { status, headers } = response;
  if (status >= 300 && status < 400) throw failure({ call, status, reason: "redirect" });
  if (text === undefined) throw failure({ call, status, reason: "too_large" });
  const body = parseJson(text);
  if (!response.ok) {
    const codes = call.readErrorCodes(body).filter((code) => /^[\w.-]{1,64}$/.test(code));
    throw failure({ call, status, reason: "status", codes, retryAfterMs: readRetryAfterMs({ status, headers, clock }) });
  }
  const parsed = call.answer.safeParse(body);
  if (parsed.success) return { status, headers, value: parsed.data };
  const places = parsed.error.issues.map(({ path }) => path.join(".") || "answer");
  throw failure({ call, status, reason: `unreadable: ${places.join(", ")}` });
}

/** @returns the answer with its body; no body when it is larger than we read. */
async function send<Value>(
  call: ProviderCall<Value>,
  timeoutMs: number,
): Promise<{ response: Response; text: string | undefined }> {
  const { method, baseUrl, path, query, body, signal } = call;
  // Made for each try: a signal that is kept would fail every later one.
  const timeout = AbortSignal.timeout(timeoutMs);
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  try {
    const response = await fetch(`${baseUrl}${path}${search}`, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...call.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    return { response, text: await readText(response) };
  } catch (cause) {
    throw failure({ call, reason: networkReason(cause) });
  }
}

async function readText({ body }: Response): Promise<string | undefined> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only the code or name of what went wrong: messages of the network quote addresses and headers. */
function networkReason(error: unknown): string {
  let reason = "network";
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    const { code, name } = current as Error & { code?: unknown };
    reason = typeof code === "string" ? code : depth === 0 ? name : reason;
  }
  return reason;
}

function failure<Value>({
  call,
  status,
  reason,
  codes = [],
  retryAfterMs,
}: {
  call: ProviderCall<Value>;
  status?: number;
  reason: string;
  codes?: string[];
  retryAfterMs?: number | undefined;
}): ProviderError {
  return new ProviderError({
    provider: call.provider,
    kind: kindOf(status, call.idempotent),
    providerStatus: status,
    providerCodes: codes,
    retryAfterMs,
    cause: new Error(reason),
  });
}

function kindOf(status: number | undefined, idempotent: boolean): ProviderFailure {
  if (status === 429) return "rate_limited";
  if (status !== undefined && status >= 400 && status < 500 && status !== 408) return "refused";
  return idempotent ? "unavailable" : "unknown_outcome";
}

/** A refusal and a request to slow down come from a provider that is well. */
function isOutage(error: unknown): boolean {
  return error instanceof ProviderError && (error.kind === "unavailable" || error.kind === "unknown_outcome");
}

/** What the breaker throws by itself: the circuit is open, and nothing was sent. */
function toProviderError(error: unknown, provider: string): unknown {
  if (error instanceof ProviderError || !(error instanceof UnavailableError)) return error;
  return new ProviderError({ provider, kind: "unavailable", retryAfterMs: error.retryAfterMs, cause: error });
}

/** @returns how long to wait before the next try; undefined when there is none to be made. */
function retryDelayMs(error: unknown, tries: number): number | undefined {
  if (!(error instanceof ProviderError) || !RETRIED_STATUSES.includes(error.providerStatus)) return undefined;
  const backoffMs = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * BACKOFF_FACTOR ** (tries - 1));
  return error.retryAfterMs ?? Math.round(backoffMs * (1 + JITTER * (2 * Math.random() - 1)));
}

/** `Retry-After` in seconds or as a date; for a 429 also the seconds of `RateLimit-Reset`, which Asaas sends with every answer. */
function readRetryAfterMs({ status, headers, clock }: { status: number; headers: Headers; clock: Clock }): number | undefined {
  const asked = headers.get("retry-after") ?? (status === 429 ? headers.get("ratelimit-reset") : null);
  if (asked === null) return undefined;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - clock.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
