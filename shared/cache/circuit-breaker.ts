import * as z from "zod";
import { UnavailableError } from "../errors/app-error.ts";
import { type Cache, CacheUnavailable } from "./redis.ts";

const FAILURES_TO_OPEN = 3;
const OPEN_MS = 60_000;
const MAX_PROBES = 3;
/** After this long a probe that never reported, because its isolate ended, gives its place to another. */
const PROBE_LEASE_MS = 30_000;
/** When to come again while others are probing. */
const PROBING_RETRY_MS = 1_000;
/** A breaker that nobody touched for this long starts anew. */
const STATE_TTL_MS = 600_000;
/** How long, without Redis, an isolate still believes that a circuit it saw open is open. */
const LAST_KNOWN_MS = 10_000;

/** `openUntil` of a closed circuit. */
const CLOSED = "0";

/**
 * KEYS[1]: a hash of `failures` while closed; of `openUntil` (unix ms) and the leases `probe1`… while open or half-open.
 * ARGV: now, number of probes, end of a probe's lease. Returns the state, openUntil ('0' when closed), consecutive failures.
 */
const ENTER = `
local openUntil, failures = unpack(redis.call('HMGET', KEYS[1], 'openUntil', 'failures'))
local now = tonumber(ARGV[1])
if not openUntil then return {'closed', '0', tonumber(failures or 0)} end
if now < tonumber(openUntil) then return {'open', openUntil, 0} end
for slot = 1, tonumber(ARGV[2]) do
  local lease = redis.call('HGET', KEYS[1], 'probe' .. slot)
  if not lease or tonumber(lease) <= now then
    redis.call('HSET', KEYS[1], 'probe' .. slot, ARGV[3])
    return {'probe', openUntil, 0}
  end
end
return {'probing', openUntil, 0}`;

/**
 * ARGV: openUntil as entered, 'answered' or 'failed', failures to open, openUntil if it opens, TTL in ms. Returns openUntil now.
 * A call that entered in another state than the present one has no say: a late answer neither closes nor prolongs anything.
 */
const REPORT = `
local openUntil = redis.call('HGET', KEYS[1], 'openUntil') or '0'
if openUntil ~= ARGV[1] then return openUntil end
if ARGV[2] == 'answered' then
  redis.call('DEL', KEYS[1])
  return '0'
end
if openUntil ~= '0' or redis.call('HINCRBY', KEYS[1], 'failures', 1) >= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'openUntil', ARGV[4])
  openUntil = ARGV[4]
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return openUntil`;

const entrySchema = z.tuple([z.enum(["closed", "open", "probe", "probing"]), z.string(), z.number()]);

interface Circuit {
  cache: Cache;
  key: string;
  now: () => number;
}

/** What a call found when it began: `openUntil` as Redis has it, `0` when closed. */
interface Entry {
  openUntil: string;
  failures: number;
}

/** Circuits that this isolate last saw open, for when Redis is down. One that is closed needs no memory. */
const lastSeenOpen = new WeakMap<Cache, Map<string, { openUntil: number; seenAt: number }>>();

export interface Breaker {
  /**
   * Makes the call, unless its provider is known to be down.
   *
   * @param isFailure whether an error means that the provider is down (network, timeout, 5xx); any other answer shows it is up.
   * @returns what the call returns; what it throws is thrown on.
   * @throws UnavailableError `CIRCUIT_OPEN` with `retryAfterMs`, without making the call.
   */
  run<T>(call: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T>;
}

/**
 * A circuit breaker for one account at one provider. All Workers share its state in Redis: it opens after 3 consecutive failures,
 * refuses for 60 s, then lets at most 3 calls at a time probe; one answer closes it, one failure opens it again. It asks Redis once
 * before a call, and once after it only when something changes. Without Redis calls go through, but for 10 s an isolate still
 * refuses what it last saw open.
 *
 * @param now unix milliseconds.
 */
export function createBreaker({
  cache,
  provider,
  account,
  now,
}: {
  cache: Cache;
  provider: string;
  account: string;
  now: () => number;
}): Breaker {
  const circuit: Circuit = { cache, key: `breaker:${provider}:${account}`, now };
  return {
    async run(call, isFailure) {
      const entry = await enter(circuit);
      let result: Awaited<ReturnType<typeof call>>;
      try {
        result = await call();
      } catch (error) {
        await report({ circuit, entry, outcome: isFailure(error) ? "failed" : "answered" });
        throw error;
      }
      await report({ circuit, entry, outcome: "answered" });
      return result;
    },
  };
}

/** @returns undefined when Redis does not say. @throws UnavailableError when the circuit is open. */
async function enter({ cache, key, now }: Circuit): Promise<Entry | undefined> {
  const at = now();
  const args = [String(at), String(MAX_PROBES), String(at + PROBE_LEASE_MS)];
  const reply = entrySchema.safeParse(await unlessUnavailable(cache.eval(ENTER, [key], args)));
  if (!reply.success) {
    const known = lastSeenOpen.get(cache)?.get(key);
    if (known !== undefined && at - known.seenAt <= LAST_KNOWN_MS && at < known.openUntil)
      throw circuitOpen(known.openUntil - at);
    return undefined;
  }
  const [state, openUntil, failures] = reply.data;
  remember({ cache, key, openUntil, seenAt: at });
  if (state === "open") throw circuitOpen(Number(openUntil) - at);
  if (state === "probing") throw circuitOpen(PROBING_RETRY_MS);
  return { openUntil, failures };
}

async function report({
  circuit: { cache, key, now },
  entry,
  outcome,
}: {
  circuit: Circuit;
  entry: Entry | undefined;
  outcome: "answered" | "failed";
}): Promise<void> {
  const changesNothing = outcome === "answered" && entry?.openUntil === CLOSED && entry.failures === 0;
  if (entry === undefined || changesNothing) return;
  const at = now();
  const args = [entry.openUntil, outcome, String(FAILURES_TO_OPEN), String(at + OPEN_MS), String(STATE_TTL_MS)];
  const openUntil = await unlessUnavailable(cache.eval(REPORT, [key], args));
  if (typeof openUntil === "string") remember({ cache, key, openUntil, seenAt: at });
}

function remember({ cache, key, openUntil, seenAt }: { cache: Cache; key: string; openUntil: string; seenAt: number }): void {
  const circuits = lastSeenOpen.get(cache) ?? new Map<string, { openUntil: number; seenAt: number }>();
  if (openUntil === CLOSED) circuits.delete(key);
  else circuits.set(key, { openUntil: Number(openUntil), seenAt });
  lastSeenOpen.set(cache, circuits);
}

async function unlessUnavailable<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CacheUnavailable) return undefined;
    throw error;
  }
}

function circuitOpen(retryAfterMs: number): UnavailableError {
  return new UnavailableError(undefined, { errorCode: "CIRCUIT_OPEN", retryAfterMs });
}
