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
const NOT_MODIFIED = 304;
/** Of what is read when a provider refuses. */
const MAX_REFUSAL_BYTES = 1_048_576;
/** What a provider may ask us to wait at most; more is a mistake of theirs. */
const MAX_RETRY_AFTER_MS = 86_400_000;

export interface ProviderRequest {
  provider: string;
  /** Verb of the adapter, for the log. */
  operation: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
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
  /** The provider's own codes in the body of a refusal; no text for people, which may quote what was sent. */
  readErrorCodes: (body: unknown) => string[];
  /**
   * For a provider that asks us to slow down by another status than 429.
   *
   * @returns how long to wait, in milliseconds; undefined when the refusal means something else.
   */
  readLimit?: (refusal: Refusal) => number | undefined;
  /** Whether a redirect may be followed, once; to another origin it goes without our headers. None is followed when left out. */
  mayFollow?: (location: URL) => boolean;
  clock?: Clock;
}

/** What a provider answered when it did not do what was asked. */
export interface Refusal {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined for anything else. */
  body: unknown;
  nowMs: number;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  wait(ms: number): Promise<void>;
}

const CLOCK: Clock = { now: () => Date.now(), wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

/** Reads an answer that is no failure by its status. `fail` gives the error of one that cannot be read. */
export type ReadAnswer<Result> = (answer: { response: Response; fail: (reason: string) => ProviderError }) => Promise<Result>;

/**
 * Asks a provider: within the time budget, under the circuit breaker, with one log line per try. A 304 is no failure.
 *
 * @param read of the body; within the budget too, unless `isStreamed`, when the body is left to the caller and ends with `signal` alone.
 * @throws ProviderError; its `kind` says whether the call was done.
 */
export async function askProvider<Result>({
  request,
  read,
  isStreamed = false,
}: {
  request: ProviderRequest;
  read: ReadAnswer<Result>;
  isStreamed?: boolean;
}): Promise<Result> {
  const { breaker, idempotent, budgetMs, clock = CLOCK } = request;
  const deadline = clock.now() + budgetMs;
  const triesAllowed = idempotent ? MAX_TRIES : 1;
  for (let tries = 1; ; tries += 1) {
    try {
      return await breaker.run(
        () => tryOnce({ request, read, isStreamed, timeoutMs: Math.max(1, deadline - clock.now()), attempt: tries, clock }),
        isOutage,
      );
    } catch (error) {
      const waitMs = retryDelayMs(error, tries);
      if (tries >= triesAllowed || waitMs === undefined || clock.now() + waitMs >= deadline)
        throw toProviderError(error, request.provider);
      await clock.wait(waitMs);
    }
  }
}

interface Try<Result> {
  request: ProviderRequest;
  read: ReadAnswer<Result>;
  isStreamed: boolean;
  timeoutMs: number;
  attempt: number;
  clock: Clock;
}

async function tryOnce<Result>({ attempt, ...exchangeOptions }: Try<Result>): Promise<Result> {
  const { request, clock } = exchangeOptions;
  const { provider, operation, log } = request;
  const startedAt = clock.now();
  const base = { provider, operation, attempt };
  try {
    const { status, result } = await exchange(exchangeOptions);
    log.write("info", "provider.called", { ...base, status, outcome: "ok", durationMs: clock.now() - startedAt });
    return result;
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

async function exchange<Result>({
  request,
  read,
  isStreamed,
  timeoutMs,
  clock,
}: Omit<Try<Result>, "attempt">): Promise<{ status: number; result: Result }> {
  const time = limitTime({ timeoutMs, signal: request.signal });
  try {
    const response = await send(request, time.signal);
    if (isStreamed) time.lift();
    const { status } = response;
    if (status >= 300 && status < 400 && status !== NOT_MODIFIED) throw failure({ request, status, reason: "redirect" });
    if (status >= 400) throw await refused({ request, response, clock });
    return { status, result: await read({ response, fail: (reason) => failure({ request, status, reason }) }) };
  } catch (cause) {
    throw cause instanceof ProviderError ? cause : failure({ request, reason: networkReason(cause) });
  } finally {
    time.lift();
  }
}

/** A limit that can be lifted: once an answer streams, only the work that it is part of ends it. */
function limitTime({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined }) {
  // Made for each try: a signal that is kept would fail every later one.
  const expiry = new AbortController();
  const timer = setTimeout(() => expiry.abort(new DOMException("time ran out", "TimeoutError")), timeoutMs);
  return {
    signal: signal === undefined ? expiry.signal : AbortSignal.any([expiry.signal, signal]),
    lift: () => clearTimeout(timer),
  };
}

async function send(request: ProviderRequest, signal: AbortSignal): Promise<Response> {
  const { method, baseUrl, path, query, body, headers, mayFollow } = request;
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  const response = await fetch(`${baseUrl}${path}${search}`, {
    method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: "manual",
    signal,
  });
  const location = mayFollow === undefined ? undefined : readLocation(response, baseUrl);
  if (location === undefined || mayFollow?.(location) !== true) return response;
  await response.body?.cancel();
  const isSameOrigin = location.origin === new URL(baseUrl).origin;
  return await fetch(location.href, { method, headers: isSameOrigin ? headers : {}, redirect: "manual", signal });
}

function readLocation({ status, headers }: Response, baseUrl: string): URL | undefined {
  const location = headers.get("location");
  if (![301, 302, 307, 308].includes(status) || location === null || !URL.canParse(location, baseUrl)) return undefined;
  return new URL(location, baseUrl);
}

async function refused({
  request,
  response,
  clock,
}: {
  request: ProviderRequest;
  response: Response;
  clock: Clock;
}): Promise<ProviderError> {
  const { status, headers } = response;
  const text = await readText(response, MAX_REFUSAL_BYTES);
  if (text === undefined) return failure({ request, status, reason: "too_large" });
  const body = parseJson(text);
  const codes = request.readErrorCodes(body).filter((code) => /^[\w.-]{1,64}$/.test(code));
  const limitMs = request.readLimit?.({ status, headers, body, nowMs: clock.now() });
  const retryAfterMs = limitMs === undefined ? readRetryAfterMs({ status, headers, clock }) : atMost(limitMs);
  return failure({ request, status, reason: "status", codes, retryAfterMs, isLimit: limitMs !== undefined });
}

/** @returns undefined when there is more than `maxBytes`; the rest is not read. */
export async function readText({ body }: Response, maxBytes: number): Promise<string | undefined> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function parseJson(text: string): unknown {
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

function failure({
  request,
  status,
  reason,
  codes = [],
  retryAfterMs,
  isLimit = false,
}: {
  request: ProviderRequest;
  status?: number;
  reason: string;
  codes?: string[];
  retryAfterMs?: number | undefined;
  isLimit?: boolean;
}): ProviderError {
  return new ProviderError({
    provider: request.provider,
    kind: isLimit ? "rate_limited" : kindOf(status, request.idempotent),
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
  return Number.isNaN(ms) ? undefined : atMost(ms);
}

function atMost(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
