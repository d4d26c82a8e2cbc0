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
 * ARGV: openUntil as entered, 'ok' or 'failed', failures to open, openUntil if it opens, TTL in ms. Returns openUntil now.
 * A call that entered in another state than the present one has no say: a late answer neither closes nor prolongs anything.
 */
const REPORT = `
local openUntil = redis.call('HGET', KEYS[1], 'openUntil') or '0'
if openUntil ~= ARGV[1] then return openUntil end
if ARGV[2] == 'ok' then
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
const openUntilSchema = z.string();

interface Entry {
  state: "closed" | "open" | "probe" | "probing";
  /** As Redis has it: `0` when closed. */
  openUntil: string;
  failures: number;
}

interface Circuit {
  cache: Cache;
  key: string;
  now: () => number;
}

/** Circuits that this isolate last saw open, for when Redis is down. One that is closed needs no memory. */
const lastSeenOpen = new WeakMap<Cache, Map<string, { openUntil: number; seenAt: number }>>();

export interface Breaker {
  /**
   * Makes the call, unless its provider is known to be down.
   *
   * @returns what the call returns; what it throws is thrown on.
   * @throws UnavailableError `CIRCUIT_OPEN` with `retryAfterMs`, without making the call.
   */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/**
 * A circuit breaker for one account at one provider, whose state all Workers share in Redis: it opens after 3 consecutive
 * failures, refuses for 60 s, then lets at most 3 calls at a time probe; the first answer closes it, the first failure opens it again.
 * It asks Redis once before a call, and once after only when something changed. Without Redis, calls go through.
 *
 * @param now unix milliseconds.
 * @param isFailure whether an error means that the provider is down (network, timeout, 5xx); any other answer is one.
 */
export function createBreaker({
  cache,
  provider,
  account,
  now,
  isFailure,
}: {
  cache: Cache;
  provider: string;
  account: string;
  now: () => number;
  isFailure: (error: unknown) => boolean;
}): Breaker {
  const circuit: Circuit = { cache, key: `breaker:${provider}:${account}`, now };
  return {
    async run(call) {
      const entry = await enter(circuit);
      try {
        const result = await call();
        await reportAnswer(circuit, entry);
        return result;
      } catch (error) {
        if (isFailure(error)) await report({ circuit, entry, outcome: "failed" });
        else await reportAnswer(circuit, entry);
        throw error;
      }
    },
  };
}

/** @returns undefined when Redis does not say. @throws UnavailableError when the circuit is open. */
async function enter({ cache, key, now }: Circuit): Promise<Entry | undefined> {
  const at = now();
  const args = [String(at), String(MAX_PROBES), String(at + PROBE_LEASE_MS)];
  const reply = entrySchema.safeParse(await unlessUnavailable(() => cache.eval(ENTER, [key], args)));
  if (!reply.success) {
    const known = lastSeenOpen.get(cache)?.get(key);
    if (known !== undefined && at - known.seenAt <= LAST_KNOWN_MS && at < known.openUntil) throw circuitOpen(known.openUntil - at);
    return undefined;
  }
  const [state, openUntil, failures] = reply.data;
  remember({ cache, key, openUntil: Number(openUntil), seenAt: at });
  if (state === "open") throw circuitOpen(Number(openUntil) - at);
  if (state === "probing") throw circuitOpen(PROBING_RETRY_MS);
  return { state, openUntil, failures };
}
