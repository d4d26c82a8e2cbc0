import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RealServer, startRealServer } from "../local/redis/real-server.ts";
import { startRedis } from "../local/redis.ts";

const TOKEN = "differential-token";
const RUNS = 150;
const COMMANDS_PER_RUN = 40;

type Command = string[];
type Item = { result?: unknown; error?: string };

let realServer: RealServer;
let inMemory: Awaited<ReturnType<typeof startRedis>>;
let overRealServer: Awaited<ReturnType<typeof startRedis>>;

beforeAll(async () => {
  realServer = await startRealServer();
  inMemory = await startRedis({ token: TOKEN });
  overRealServer = await startRedis({ token: TOKEN, engine: realServer });
});

afterAll(async () => {
  await inMemory?.close();
  await overRealServer?.close();
  await realServer?.close();
});

// Few keys and values, so that commands meet each other's data, of the right type and of a wrong one.
const key = fc.constantFrom("k1", "k2", "k3", "k4");
const field = fc.constantFrom("a", "b", "c", "", "é", "1");
const value = fc.constantFrom("", "x", "yz", "é😀", "\u0000", "7", "-3", "007", "1.5", "9223372036854775807", "OK", "null");
const integer = fc.constantFrom(
  "0",
  "1",
  "-1",
  "2",
  "-2",
  "3",
  "-100",
  "100",
  "9223372036854775807",
  "-9223372036854775808",
  "x",
  "",
);
const count = fc.constantFrom("0", "1", "2", "5", "-1", "x");
// Binary fractions only: how many digits Redis writes of others changed between its versions.
const score = fc.constantFrom("0", "1", "-1", "2.5", "-0.25", "1000", "+inf", "-inf", "x");
const bound = fc.constantFrom("-inf", "+inf", "0", "1", "(1", "(2.5", "-1", "1000", "x");
/** Seconds or milliseconds so far off that no run sees them pass; or past, or no number. */
const duration = fc.constantFrom("100000", "200000", "0", "-1", "x", "9223372036854775807");
const instant = fc.constantFrom("99999999999", "88888888888", "1", "-5");
const pattern = fc.constantFrom("*", "k*", "k[1-2]", "k?", "[^a]2", "\\k1", "none");

type Words = fc.Arbitrary<string | string[]>;

function command(name: string, ...words: Words[]): fc.Arbitrary<Command> {
  return fc.tuple(fc.constantFrom(name, name.toLowerCase()), ...words).map((parts) => parts.flat());
}

function some(words: fc.Arbitrary<string | string[]>, maxLength = 3): Words {
  return fc.array(words, { minLength: 1, maxLength }).map((parts) => parts.flat());
}

function maybe(words: fc.Arbitrary<string | string[]>, maxLength = 2): Words {
  return fc.array(words, { maxLength }).map((parts) => parts.flat());
}

function pair(left: fc.Arbitrary<string>, right: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return fc.tuple(left, right);
}

// Never in the past: Redis counts a key that was stored expired until somebody asks for it.
const expiryOption = fc.oneof(
  pair(fc.constantFrom("EX", "px"), duration),
  pair(fc.constant("exat"), fc.constantFrom("99999999999", "88888888888", "-1")),
  pair(fc.constant("PXAT"), fc.constantFrom("9999999999999", "8888888888888", "x")),
);
const setOption = fc.oneof(expiryOption, fc.constantFrom("NX", "xx", "GET", "KEEPTTL", "EX", "SOON"));
const addOption = fc.constantFrom("NX", "XX", "gt", "LT", "CH", "INCR");
const rangeOption = fc.oneof(
  fc.constant("WITHSCORES"),
  fc.tuple(fc.constant("LIMIT"), count, count),
  fc.constantFrom("REV", "BYSCORE", "x"),
);

const script = fc.constantFrom(
  "return redis.call('GET', KEYS[1])",
  "return redis.pcall('LRANGE', KEYS[1], 0, -1)",
  "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('APPEND', KEYS[1], #ARGV[1])",
  "local v = tonumber(ARGV[1]) if v then return {v, v * 2, tostring(v / 2), math.abs(v) < 2 ^ 53 and v % 3} end return 'none'",
  "return {redis.call('TYPE', KEYS[1]), redis.call('EXISTS', KEYS[1]), redis.call('TTL', KEYS[1]) > 0, ARGV[1]}",
  "redis.call('HSET', KEYS[1], 'a', ARGV[1]) return redis.call('HGETALL', KEYS[1])",
  "return redis.call('INCRBY', KEYS[1], ARGV[1])",
  "return {pcall(redis.call, 'INCR', KEYS[1])}",
);

const anyCommand = fc.oneof(
  command("GET", key),
  command("SET", key, value, maybe(setOption)),
  command("SETNX", key, value),
  command("SETEX", key, duration, value),
  command("PSETEX", key, duration, value),
  command("GETSET", key, value),
  command("GETDEL", key),
  command("GETEX", key, maybe(fc.oneof(expiryOption, fc.constantFrom("PERSIST", "x")))),
  command("MGET", some(key)),
  command("MSET", some(pair(key, value)), maybe(key, 1)),
  command("MSETNX", some(pair(key, value))),
  command("INCR", key),
  command("DECR", key),
  command("INCRBY", key, integer),
  command("DECRBY", key, integer),
  command("APPEND", key, value),
  command("STRLEN", key),
  command("GETRANGE", key, integer, integer),
  command("SETRANGE", key, fc.constantFrom("0", "1", "5", "-1", "x"), value),
  command("DEL", some(key)),
  command("UNLINK", some(key)),
  command("EXISTS", some(key)),
  command("TYPE", key),
  command("EXPIRE", key, duration, maybe(fc.constantFrom("nx", "XX", "x"))),
  command("PEXPIRE", key, duration, maybe(fc.constantFrom("NX", "XX"), 1)),
  command("EXPIREAT", key, instant, maybe(fc.constantFrom("NX", "XX", "GT", "lt", "x"))),
  command("PEXPIREAT", key, instant),
  command("TTL", key),
  command("PERSIST", key),
  command("KEYS", pattern),
  command(
    "SCAN",
    fc.constantFrom("0", "x"),
    maybe(pair(fc.constantFrom("MATCH", "count", "TYPE", "x"), fc.constantFrom("*", "k1", "0", "string", "1000"))),
  ),
  command("DBSIZE"),
  command("PING", maybe(value)),
  command("ECHO", value),
  command("HSET", key, some(pair(field, value)), maybe(field, 1)),
  command("HMSET", key, some(pair(field, value))),
  command("HSETNX", key, field, value),
  command("HGET", key, field),
  command("HMGET", key, some(field)),
  command("HGETALL", key),
  command("HKEYS", key),
  command("HVALS", key),
  command("HLEN", key),
  command("HEXISTS", key, field),
  command("HDEL", key, some(field)),
  command("HINCRBY", key, field, integer),
  command("LPUSH", key, some(value)),
  command("RPUSH", key, some(value)),
  command("LPUSHX", key, some(value)),
  command("RPUSHX", key, some(value)),
  command("LPOP", key, maybe(count)),
  command("RPOP", key, maybe(count, 1)),
  command("LLEN", key),
  command("LINDEX", key, integer),
  command("LRANGE", key, integer, integer),
  command("LTRIM", key, integer, integer),
  command("LSET", key, integer, value),
  command("LREM", key, integer, value),
  command("LMOVE", key, key, fc.constantFrom("LEFT", "right", "x"), fc.constantFrom("LEFT", "RIGHT")),
  command("RPOPLPUSH", key, key),
  command("SADD", key, some(field)),
  command("SREM", key, some(field)),
  command("SMEMBERS", key),
  command("SCARD", key),
  command("SISMEMBER", key, field),
  command("SMISMEMBER", key, some(field)),
  command("SPOP", key, fc.constantFrom("100", "-1", "x", "0")),
  command("SINTER", some(key)),
  command("SUNION", some(key)),
  command("SDIFF", some(key)),
  command("SINTERSTORE", key, some(key)),
  command("SUNIONSTORE", key, some(key)),
  command("SDIFFSTORE", key, some(key)),
  command("ZADD", key, maybe(addOption), some(pair(score, field)), maybe(field, 1)),
  command("ZINCRBY", key, score, field),
  command("ZREM", key, some(field)),
  command("ZSCORE", key, field),
  command("ZMSCORE", key, some(field)),
  command("ZCARD", key),
  command("ZCOUNT", key, bound, bound),
  command("ZRANK", key, field),
  command("ZREVRANK", key, field),
  command("ZRANGE", key, integer, integer, maybe(rangeOption)),
  command("ZRANGE", key, bound, bound, fc.constant("BYSCORE"), maybe(rangeOption)),
  command("ZREVRANGE", key, integer, integer, maybe(fc.constantFrom("WITHSCORES", "x"), 1)),
  command(
    "ZRANGEBYSCORE",
    key,
    bound,
    bound,
    maybe(fc.oneof(fc.constant("WITHSCORES"), fc.tuple(fc.constant("LIMIT"), count, count))),
  ),
  command("ZREVRANGEBYSCORE", key, bound, bound, maybe(fc.constant("WITHSCORES"), 1)),
  command("ZREMRANGEBYSCORE", key, bound, bound),
  command("ZREMRANGEBYRANK", key, integer, integer),
  command("ZPOPMIN", key, maybe(count)),
  command("ZPOPMAX", key, maybe(count, 1)),
  command("EVAL", script, fc.constantFrom("1", "1", "1", "2", "0", "-1", "9", "x"), key, value),
  command("EVALSHA", fc.constant("0000000000000000000000000000000000000000"), fc.constant("0")),
  command("FLUSHDB", maybe(fc.constantFrom("SYNC", "x"), 1)),
  command("NOPE", maybe(field)),
  command("GET", maybe(key, 3)),
);

/** Redis promises no order for these. */
const UNORDERED = /^(keys|smembers|spop|sinter|sunion|sdiff)$/i;

function comparable(item: Item | undefined, [name = ""]: Command): Item {
  const result = item?.result;
  if (UNORDERED.test(name) && Array.isArray(result)) return { result: result.toSorted() };
  if (/^scan$/i.test(name) && Array.isArray(result)) return { result: [result[0], (result[1] as string[]).toSorted()] };
  // The two are asked at different instants; the durations used are far apart.
  if (/^ttl$/i.test(name) && typeof result === "number" && result > 0) return { result: Math.round(result / 100) };
  return item ?? {};
}

async function runAll(url: string, commands: Command[], path: "/pipeline" | "/multi-exec"): Promise<unknown> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(commands),
  });
  const answer = (await response.json()) as Item[] | Item;
  return Array.isArray(answer) ? commands.map((each, index) => [each, comparable(answer[index], each)]) : answer;
}

it.each(["/pipeline", "/multi-exec"] as const)(
  "any sequence of commands through %s answers alike in memory and on a real redis-server",
  async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: COMMANDS_PER_RUN, size: "max" }), async (commands) => {
        await inMemory.flush();
        await overRealServer.flush();
        expect(await runAll(inMemory.url, commands, path)).toEqual(await runAll(overRealServer.url, commands, path));
      }),
      { numRuns: RUNS },
    );
  },
);
