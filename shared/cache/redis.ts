import { errors, Redis } from "@upstash/redis/cloudflare";

/** Every key begins with it, so that Guilda can share a database with other programs. */
const KEY_PREFIX = "guilda:";
const TIMEOUT_MS = 150;
const ATTEMPTS_WHEN_REPEATABLE = 2;

/**
 * Keeps the value with the highest version. KEYS[1]: the key; ARGV: version, envelope, TTL in seconds.
 * What is stored but no envelope counts as nothing.
 */
const SET_IF_NEWER = `
local stored = redis.call('GET', KEYS[1])
if stored then
  local ok, envelope = pcall(cjson.decode, stored)
  if ok and type(envelope) == 'table' and type(envelope.version) == 'number' and envelope.version >= tonumber(ARGV[1]) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`;

/** Why the cache did not help: no answer in time, no usable answer at all, or an answer that is an error. */
export type CacheFailure = "timeout" | "unreachable" | "refused";

/**
 * The cache failed or was too slow; go on without it. It carries neither command nor value nor cause, because Upstash's own
 * errors quote the whole command.
 */
export class CacheUnavailable extends Error {
  readonly reason: CacheFailure;

  constructor(reason: CacheFailure) {
    super(`The cache is unavailable: ${reason}`);
    this.name = "CacheUnavailable";
    this.reason = reason;
  }
}

/**
 * A cache that may forget anything at any time. Every operation throws CacheUnavailable instead of answering late or wrong, and
 * none ever decides: whoever calls it must do as well without. Values are strings, given back exactly as stored.
 */
export interface Cache {
  /** @returns null when there is nothing. */
  get(key: string): Promise<string | null>;
  /** @returns one place a key, null where there is nothing. */
  getMany(keys: string[]): Promise<(string | null)[]>;
  set(key: string, value: string, options: { ttlSeconds: number }): Promise<void>;
  delete(keys: string[]): Promise<void>;
  /**
   * Stores the JSON `{ version, value }`, unless an equal or newer version is there.
   *
   * @param version an integer up to 2^53.
   * @returns false when the cache already had this version or a newer one.
   */
  setIfNewer(input: { key: string; version: number; value: string; ttlSeconds: number }): Promise<boolean>;
  /** Runs a Lua script atomically. Not repeated when the answer is lost: it may or may not have run then. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
}

/**
 * The only door to Redis, over Upstash's REST protocol.
 *
 * @param timeoutMs how long each attempt may take; what can be repeated without harm is tried twice.
 */
export function createCache({ url, token, timeoutMs = TIMEOUT_MS }: { url: string; token: string; timeoutMs?: number }): Cache {
  const redis = new Redis({
    url,
    token,
    // A signal made once would, when it fires, make the client answer null instead of failing, and go on doing so.
    signal: () => AbortSignal.timeout(timeoutMs),
    retry: { retries: 0 },
    enableAutoPipelining: false,
    automaticDeserialization: false,
    enableTelemetry: false,
  });

  return {
    get: (key) => repeatable(() => redis.get<string>(withPrefix(key))),
    async getMany(keys) {
      return keys.length === 0 ? [] : repeatable(() => redis.mget<(string | null)[]>(keys.map(withPrefix)));
    },
    async set(key, value, { ttlSeconds }) {
      await repeatable(() => redis.set(withPrefix(key), value, { ex: ttlSeconds }));
    },
    async delete(keys) {
      if (keys.length > 0) await repeatable(() => redis.del(...keys.map(withPrefix)));
    },
    async setIfNewer({ key, version, value, ttlSeconds }) {
      const args = [String(version), JSON.stringify({ version, value }), String(ttlSeconds)];
      return (await repeatable(() => redis.eval<string[], number>(SET_IF_NEWER, [withPrefix(key)], args))) === 1;
    },
    eval: (script, keys, args) => attempt(() => redis.eval(script, keys.map(withPrefix), args)),
  };
}

function withPrefix(key: string): string {
  return KEY_PREFIX + key;
}

async function repeatable<T>(call: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt(call);
    } catch (error) {
      const final = !(error instanceof CacheUnavailable) || error.reason === "refused" || attempts === ATTEMPTS_WHEN_REPEATABLE;
      if (final) throw error;
    }
  }
}

async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new CacheUnavailable(toFailure(error));
  }
}

function toFailure(error: unknown): CacheFailure {
  // A page that is no JSON comes from something in front of Redis.
  if (error instanceof errors.UpstashJSONParseError) return "unreachable";
  if (error instanceof errors.UpstashError) return "refused";
  return error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable";
}
