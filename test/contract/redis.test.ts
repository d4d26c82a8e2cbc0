import { createHash } from "node:crypto";
import { Ratelimit } from "@upstash/ratelimit";
import { errors, Redis, type RedisConfigCloudflare } from "@upstash/redis/cloudflare";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Fault } from "../local/http-server.ts";
import { type RealServer, startRealServer } from "../local/redis/real-server.ts";
import { startRedis } from "../local/redis.ts";

const TOKEN = "contract-token";

/** The timeout of clients whose answers must arrive: far above what a busy machine needs. */
const PATIENT_TIMEOUT_MS = 10_000;
/** The kernel's own timeout, for the cases in which Redis is meant to be too slow. */
const KERNEL_TIMEOUT_MS = 150;
/** How long a slow Redis takes: so long that only the client's own timeout can end the call. */
const SLOW_MS = 5_000;

type RedisStandIn = Awaited<ReturnType<typeof startRedis>>;

let realServer: RealServer;
let inMemory: RedisStandIn;
let overRealServer: RedisStandIn;

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

let keyCount = 0;
function newKey(): string {
  keyCount += 1;
  return `key-${keyCount}`;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

describe.each([
  { name: "the in-memory engine", standIn: () => inMemory },
  { name: "a real redis-server", standIn: () => overRealServer },
])("Upstash's client on $name", ({ standIn }) => {
  afterEach(() => {
    standIn().faults.length = 0;
    vi.useRealTimers();
  });

  /** As Upstash's own examples make it: automatic pipelining, base64, deserialisation, retries. */
  function defaultClient(options: Partial<RedisConfigCloudflare> = {}): Redis {
    return new Redis({ url: standIn().url, token: TOKEN, ...options });
  }

  /** As the kernel makes it. */
  function client({
    timeoutMs = PATIENT_TIMEOUT_MS,
    ...options
  }: Partial<RedisConfigCloudflare> & { timeoutMs?: number } = {}): Redis {
    return defaultClient({
      enableAutoPipelining: false,
      retry: { retries: 0 },
      signal: () => AbortSignal.timeout(timeoutMs),
      automaticDeserialization: false,
      enableTelemetry: false,
      ...options,
    });
  }

  function strike(fault: Fault): void {
    standIn().faults.push(fault);
  }

  /** A request by hand, for what the client never shows. */
  async function send({
    path = "/",
    body,
    method = "POST",
    headers = {},
  }: {
    path?: string;
    body?: unknown;
    method?: string;
    headers?: Record<string, string>;
  }) {
    const response = await fetch(standIn().url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text === "" ? undefined : JSON.parse(text) };
  }

  describe("strings and expiry", () => {
    it("a missing key is null and a stored one comes back as it was", async () => {
      const key = newKey();
      expect(await client().get(key)).toBeNull();
      expect(await client().set(key, "value")).toBe("OK");
      expect(await client().get(key)).toBe("value");
    });

    it.each([
      ["Portuguese and emoji", "ação 😀 e\u0301"],
      ["control characters and NUL", "a\u0000b\r\nc\u001b\u007f"],
      ["what looks like a status", "OK"],
      ["what looks like base64", "T0s="],
      ["a number with leading zeros", "007"],
      ["a number beyond 2^53", "9007199254740993"],
      ["the word null", "null"],
      ["nothing", ""],
    ])("%s survives the way there and back", async (_what, value) => {
      const key = newKey();
      await client().set(key, value);
      expect(await client().get(key)).toBe(value);
      expect(await client({ responseEncoding: false }).get(key)).toBe(value);
      expect(await client().mget(key, key)).toEqual([value, value]);
    });

    it("a value of one megabyte survives", async () => {
      const key = newKey();
      const value = "0123456789abcdef€".repeat(60_000);
      await client().set(key, value);
      expect(await client().get(key)).toBe(value);
      expect(await client().strlen(key)).toBe(Buffer.byteLength(value));
    });

    it("with automatic deserialisation a stored null reads as a miss and digits as a number, so the kernel turns it off", async () => {
      const [nullKey, digitsKey, zerosKey] = [newKey(), newKey(), newKey()];
      await client().mset({ [nullKey]: "null", [digitsKey]: "123", [zerosKey]: "007" });
      expect(await defaultClient().mget(nullKey, digitsKey, zerosKey)).toEqual([null, 123, "007"]);
      expect(await client().mget(nullKey, digitsKey, zerosKey)).toEqual(["null", "123", "007"]);
    });

    it("NX stores only the first value, XX only over a value, GET answers the old one", async () => {
      const key = newKey();
      expect(await client().set(key, "a", { xx: true })).toBeNull();
      expect(await client().set(key, "a", { nx: true, px: 60_000 })).toBe("OK");
      expect(await client().set(key, "b", { nx: true })).toBeNull();
      expect(await client().set(key, "c", { xx: true, keepTtl: true, get: true })).toBe("a");
      expect(await client().pttl(key)).toBeGreaterThan(50_000);
      await client().set(key, "d");
      expect(await client().ttl(key)).toBe(-1);
    });

    it("option names may be in either case", async () => {
      const key = newKey();
      expect((await send({ body: ["set", key, "a", "Nx", "eX", "60"] })).json).toEqual({ result: "OK" });
      expect((await send({ body: ["SET", key, "b", "nX"] })).json).toEqual({ result: null });
      expect((await send({ body: ["TtL", key] })).json).toEqual({ result: 60 });
    });

    it("a key is gone once its time is up, for reads and for NX", async () => {
      const key = newKey();
      await client().set(key, "short", { px: 20 });
      await vi.waitFor(async () => expect(await client().get(key)).toBeNull(), { timeout: 5_000 });
      expect(await client().exists(key)).toBe(0);
      expect(await client().ttl(key)).toBe(-2);
      expect(await client().set(key, "again", { nx: true })).toBe("OK");
    });

    it("an expiry can be set, conditioned, read, lifted, and end a key at once", async () => {
      const key = newKey();
      expect(await client().expire(key, 100)).toBe(0);
      await client().set(key, "v");
      expect(await client().expire(key, 100, "XX")).toBe(0);
      expect(await client().expire(key, 100, "NX")).toBe(1);
      expect(await client().expire(key, 50, "GT")).toBe(0);
      expect(await client().ttl(key)).toBe(100);
      expect(await client().persist(key)).toBe(1);
      expect(await client().ttl(key)).toBe(-1);
      expect(await client().expireat(key, 1_000_000_000)).toBe(1);
      expect(await client().exists(key)).toBe(0);
    });

    it("counters keep their expiry, go below zero and refuse what is no integer", async () => {
      const key = newKey();
      expect(await client().incr(key)).toBe(1);
      await client().expire(key, 60);
      expect(await client().incrby(key, 41)).toBe(42);
      expect(await client().decrby(key, 50)).toBe(-8);
      expect(await client().ttl(key)).toBe(60);
      await client().set(key, "1.5");
      await expect(client().incr(key)).rejects.toThrow("ERR value is not an integer or out of range");
      await client().set(key, "9223372036854775807");
      await expect(client().incr(key)).rejects.toThrow("ERR increment or decrement would overflow");
      expect(await client().get(key)).toBe("9223372036854775807");
    });

    it("GETDEL and GETEX read and change at once, DEL and UNLINK count what was there", async () => {
      const [a, b] = [newKey(), newKey()];
      await client().mset({ [a]: "1", [b]: "2" });
      expect(await client().getex(a, { ex: 60 })).toBe("1");
      expect(await client().ttl(a)).toBe(60);
      expect(await client().getdel(b)).toBe("2");
      expect(await client().del(a, b, a)).toBe(1);
      expect(await client().unlink(a)).toBe(0);
    });

    it("of 200 clients that claim a key at once exactly one wins", async () => {
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => client().set(key, `${index}`, { nx: true, ex: 60 })),
      );
      expect(answers.filter((answer) => answer === "OK")).toHaveLength(1);
      expect(await client().get(key)).toBe(String(answers.indexOf("OK")));
    });
  });

  describe("collections", () => {
    it("a hash keeps its fields, counts in them and vanishes with the last", async () => {
      const key = newKey();
      expect(await client().hset(key, { name: "Ana", visits: "1" })).toBe(2);
      expect(await client().hincrby(key, "visits", 4)).toBe(5);
      expect(await client().hmget(key, "name", "none")).toEqual(["Ana", null]);
      expect(await client().hgetall(key)).toEqual(["name", "Ana", "visits", "5"]);
      expect(await defaultClient().hgetall(key)).toEqual({ name: "Ana", visits: 5 });
      expect(await client().hdel(key, "name", "visits", "none")).toBe(2);
      expect(await client().exists(key)).toBe(0);
    });

    it("a set holds each member once and combines with others", async () => {
      const [a, b, target] = [newKey(), newKey(), newKey()];
      expect(await client().sadd(a, "x", "y", "x")).toBe(2);
      await client().sadd(b, "y", "z");
      expect(await client().smismember(a, ["x", "z"])).toEqual([1, 0]);
      expect(await client().sinter(a, b)).toEqual(["y"]);
      expect(await client().sunionstore(target, a, b)).toBe(3);
      expect((await client().smembers(target)).sort()).toEqual(["x", "y", "z"]);
      expect(await client().srem(a, "x", "y")).toBe(2);
      expect(await client().type(a)).toBe("none");
    });

    it("a list is a queue from both ends", async () => {
      const key = newKey();
      expect(await client().rpush(key, "b", "c")).toBe(2);
      expect(await client().lpush(key, "a")).toBe(3);
      expect(await client().lrange(key, 0, -1)).toEqual(["a", "b", "c"]);
      expect(await client().lpop(key)).toBe("a");
      expect(await client().rpop(key, 5)).toEqual(["c", "b"]);
      expect(await client().lpop(key)).toBeNull();
      await client().rpush(key, "x", "y", "x", "x");
      expect(await client().lrem(key, -2, "x")).toBe(2);
      expect(await client().lrange(key, 0, -1)).toEqual(["x", "y"]);
    });

    it("a sorted set orders by score, then by bytes, and answers ranges with scores", async () => {
      const key = newKey();
      await client().zadd(key, { score: 2, member: "b" }, { score: 2, member: "a" }, { score: -1.5, member: "z" });
      expect(await client().zrange(key, 0, -1, { withScores: true })).toEqual(["z", "-1.5", "a", "2", "b", "2"]);
      expect(await client().zrange(key, "(-1.5", "+inf", { byScore: true })).toEqual(["a", "b"]);
      expect(await client().zincrby(key, 10, "z")).toBe("8.5");
      expect(await client().zrank(key, "z")).toBe(2);
      expect(await client().zremrangebyscore(key, "-inf", 2)).toBe(2);
      expect(await client().zscore(key, "z")).toBe("8.5");
    });

    it("a command of another type is refused and changes nothing", async () => {
      const key = newKey();
      await client().set(key, "text");
      await expect(client().lpush(key, "x")).rejects.toThrow("WRONGTYPE Operation against a key holding the wrong kind of value");
      await expect(client().hget(key, "f")).rejects.toThrow("WRONGTYPE");
      expect(await client().get(key)).toBe("text");
    });

    it("a scan in steps finds every key that stays, while others come and go", async () => {
      await standIn().flush();
      const staying = Array.from({ length: 60 }, (_, index) => `scan:${index}`);
      await Promise.all(staying.map((key) => client().set(key, "1")));
      await client().set("other", "1");
      const found = new Set<string>();
      let cursor = "0";
      let rounds = 0;
      do {
        const [next, keys] = await client().scan(cursor, { match: "scan:*", count: 7 });
        for (const key of keys) found.add(key);
        await client().set(`late-${rounds}`, "1");
        await client().del("other");
        cursor = next;
        rounds += 1;
      } while (cursor !== "0");
      expect(rounds).toBeGreaterThan(1);
      expect([...found].sort()).toEqual([...staying].sort());
    });

    it("flushing empties the database", async () => {
      await client().set(newKey(), "v");
      expect(await client().flushdb()).toBe("OK");
      expect(await client().dbsize()).toBe(0);
      expect(await client().keys("*")).toEqual([]);
    });
  });

  describe("several commands in one request", () => {
    it("automatic pipelining answers each of many concurrent calls", async () => {
      const redis = defaultClient();
      const keys = Array.from({ length: 20 }, newKey);
      await Promise.all(keys.map((key, index) => redis.set(key, `v${index}`)));
      expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys.map((_, index) => `v${index}`));
    });

    it("in a pipeline an error takes only its own place", async () => {
      const key = newKey();
      const results = await client().pipeline().set(key, "1").lpush(key, "x").incr(key).exec({ keepErrors: true });
      expect(results).toEqual([
        { result: "OK", error: undefined },
        { result: undefined, error: expect.stringContaining("WRONGTYPE") },
        { result: 2, error: undefined },
      ]);
    });

    it("a transaction runs all its commands with none between them, even past a failing one", async () => {
      const key = newKey();
      const transactions = Array.from({ length: 20 }, () => client().multi().incr(key).incr(key).exec<[number, number]>());
      for (const [first, second] of await Promise.all(transactions)) expect(second).toBe(first + 1);
      await expect(client().multi().set(key, "x").lpush(key, "x").append(key, "y").exec()).rejects.toThrow("WRONGTYPE");
      expect(await client().get(key)).toBe("xy");
    });

    it("a transaction with a command that does not exist is discarded as a whole", async () => {
      const key = newKey();
      const answer = await send({ path: "/multi-exec", body: [["SET", key, "v"], ["NOPE"]] });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ error: "EXECABORT Transaction discarded because of previous errors." });
      expect(await client().get(key)).toBeNull();
    });
  });

  describe("scripts", () => {
    const COMPARE_AND_SET = `
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      redis.call('SET', KEYS[1], ARGV[2], 'PX', 60000)
      return 1`;

    it("compare-and-set lets exactly one of many writers through", async () => {
      const key = newKey();
      await client().set(key, "old");
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => client().eval(COMPARE_AND_SET, [key], ["old", `new-${index}`])),
      );
      expect(answers.filter((answer) => answer === 1)).toHaveLength(1);
      expect(await client().get(key)).toBe(`new-${answers.indexOf(1)}`);
    });

    it("a script unknown by its hash is NOSCRIPT, and the client then sends its text", async () => {
      const marker = newKey();
      const text = `return '${marker}' .. ARGV[1]`;
      await expect(client().evalsha(sha1(text), [], ["x"])).rejects.toThrow("NOSCRIPT No matching script");
      expect(await client().createScript<string>(text).exec([], ["x"])).toBe(`${marker}x`);
      expect(await client().evalsha(sha1(text), [], ["y"])).toBe(`${marker}y`);
    });

    it("a loaded script answers to the hash of its text as sent, with Upstash's flags line on top", async () => {
      const text = `#!lua flags=allow-key-locking\nreturn '${newKey()}'`;
      const sha = await client().scriptLoad(text);
      expect(sha).toBe(sha1(text));
      expect(await client().scriptExists(sha)).toEqual([1]);
      expect(await client().evalsha(sha, [], [])).toMatch(/^key-/);
      expect(await client().scriptFlush()).toBe("OK");
      expect(await client().scriptExists(sha)).toEqual([0]);
      await expect(client().evalsha(sha, [], [])).rejects.toThrow("NOSCRIPT");
    });

    it.each([
      ["numbers lose their fraction", "return 3.99", 3],
      ["negative ones towards zero", "return -3.99", -3],
      ["true is one", "return true", 1],
      ["false is null", "return false", null],
      ["nil is null", "return nil", null],
      ["a table ends at its first nil", "return {1, 'b', nil, 4}", [1, "b"]],
      ["false inside a table is null", "return {1, false, {2}}", [1, null, [2]]],
      ["a status is its text", "return redis.status_reply('FINE')", "FINE"],
      ["a missing key is false", "return redis.call('GET', KEYS[1]) == false", 1],
      ["a status has the field ok", "return redis.call('SET', KEYS[1], 'v').ok", "OK"],
      ["milliseconds do not overflow", "return tonumber(ARGV[1]) * 1000 + #KEYS", 1_763_700_000_000_001],
      ["nor do 32 bits", "return tonumber('2147483647') * 1000", 2_147_483_647_000],
      ["a number is written without a fraction of zero", "return 10 / 2 .. '|' .. 1763700000000", "5|1763700000000"],
      ["a number argument keeps all its digits", "return redis.call('ECHO', 1763700000123)", "1763700000123"],
      ["bytes stay bytes", "return #ARGV[2] .. ARGV[2]", "6ação"],
      ["JSON is read", "local v = cjson.decode(ARGV[3]) return {v.n, v.list[2], v.none == cjson.null, v.s}", [7, 2, 1, "é"]],
      ["JSON is written", "return cjson.encode({1, 'a/b', {x = false}, cjson.null})", '[1,"a\\/b",{"x":false},null]'],
      ["an error caught by pcall is text", "local ok, e = pcall(redis.call, 'NOPE') return {ok, type(e)}", [null, "string"]],
      [
        "an error caught by redis.pcall is a table",
        "return redis.pcall('NOPE').err",
        "ERR Unknown Redis command called from script",
      ],
    ])("%s", async (_what, script, expected) => {
      const answer = await client().eval(
        script,
        [newKey()],
        ["1763700000000", "ação", '{"n":7,"list":[1,2],"none":null,"s":"é"}'],
      );
      expect(answer).toEqual(expected);
    });

    it.each([
      ["an error of a command", "return redis.call('LPUSH', KEYS[1], 'x')", "WRONGTYPE Operation against a key"],
      ["an error that the script words", "return redis.error_reply('LOCKED try later')", "LOCKED try later"],
      ["an undefined variable", "return missing", "nonexistent global variable 'missing'"],
      ["a new global", "counter = 1", "Attempt to modify a readonly table"],
      ["a syntax error", "return }", "ERR Error compiling script"],
      ["a script inside a script", "return redis.call('EVAL', 'return 1', '0')", "This Redis command is not allowed from script"],
    ])("%s fails the script, and what it did before stays", async (_what, statement, message) => {
      const [text, counter] = [newKey(), newKey()];
      await client().set(text, "v");
      await expect(client().eval(`redis.call('INCR', KEYS[2])\n${statement}`, [text, counter], [])).rejects.toThrow(message);
      expect(await client().get(counter)).toBe(statement === "return }" ? null : "1");
      expect(await client().eval("return 1", [], [])).toBe(1);
    });
  });

  describe("the wire", () => {
    it("a wrong or missing token is 401 and does nothing", async () => {
      const key = newKey();
      for (const authorization of ["Bearer wrong", "", TOKEN]) {
        const answer = await send({ body: ["SET", key, "v"], headers: { authorization } });
        expect(answer.status).toBe(401);
        expect(answer.json).toEqual({ error: expect.stringMatching(/^WRONGPASS /) });
      }
      await expect(client({ token: "wrong" }).set(key, "v")).rejects.toThrow(errors.UpstashError);
      expect(await client().get(key)).toBeNull();
    });

    it("another method is 405", async () => {
      expect((await send({ method: "GET" })).status).toBe(405);
      expect((await send({ method: "DELETE", path: "/pipeline" })).status).toBe(405);
    });

    it.each([
      ["an unknown command", ["NOPE", "a"], "ERR unknown command 'NOPE', with args beginning with: 'a' "],
      ["too few words", ["GET"], "ERR wrong number of arguments for 'get' command"],
      ["an unknown option", ["SET", "k", "v", "SOON"], "ERR syntax error"],
      ["no command", [], "ERR failed to parse command"],
      ["no JSON", "GET k", "ERR failed to parse command"],
      ["a blocking command", ["BLPOP", "k", "0"], "ERR Command is not available: 'BLPOP'"],
      ["a bare MULTI", ["multi"], "ERR Command is not available: 'multi'"],
    ])("%s is 400 with the reason", async (_what, body, error) => {
      const answer = await send({ body });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ error });
    });

    it("numbers, booleans and null in a command become text", async () => {
      const key = newKey();
      await send({ body: ["RPUSH", key, 12, 1.5, true, null, ""] });
      expect((await send({ body: ["LRANGE", key, 0, -1] })).json).toEqual({ result: ["12", "1.5", "true", "", ""] });
    });

    it("with base64 every string is encoded at any depth, but not numbers, null and the status OK", async () => {
      const headers = { "upstash-encoding": "base64" };
      const key = newKey();
      const encoded = (text: string) => Buffer.from(text).toString("base64");
      expect((await send({ body: ["SET", key, "OK"], headers })).json).toEqual({ result: "OK" });
      expect((await send({ body: ["GET", key], headers })).json).toEqual({ result: encoded("OK") });
      expect((await send({ body: ["TYPE", key], headers })).json).toEqual({ result: encoded("string") });
      expect((await send({ body: ["EVAL", "return {'é', {'b', 7}, false}", "0"], headers })).json).toEqual({
        result: [encoded("é"), [encoded("b"), 7], null],
      });
      expect((await send({ path: "/pipeline", body: [["PING"], ["GET"]], headers })).json).toEqual([
        { result: encoded("PONG") },
        { error: "ERR wrong number of arguments for 'get' command" },
      ]);
    });

    it("a sync token comes back", async () => {
      const answer = await send({ body: ["PING"], headers: { "upstash-sync-token": "token-7" } });
      expect(answer.headers.get("upstash-sync-token")).toBe("token-7");
      expect((await send({ body: ["PING"] })).headers.get("upstash-sync-token")).not.toBe("");
    });
  });

  describe("faults", () => {
    it("an HTML page of a proxy is an UpstashJSONParseError", async () => {
      strike({
        kind: "status",
        status: 502,
        body: "<html>bad gateway</html>",
        headers: { "content-type": "text/html" },
        times: 1,
      });
      await expect(client().get(newKey())).rejects.toThrow(errors.UpstashJSONParseError);
      strike({ kind: "garbage", times: 1 });
      await expect(client().get(newKey())).rejects.toThrow(errors.UpstashJSONParseError);
    });

    it("an increment whose request was lost is not applied, one whose answer was lost is", async () => {
      const key = newKey();
      strike({ kind: "reset-before", times: 1 });
      await expect(client().incr(key)).rejects.toThrow(TypeError);
      expect(await client().get(key)).toBeNull();
      strike({ kind: "reset-after", times: 1 });
      await expect(client().incr(key)).rejects.toThrow(TypeError);
      expect(await client().get(key)).toBe("1");
    });

    it("the client's own retry applies an increment twice, so the kernel turns it off", async () => {
      const key = newKey();
      strike({ kind: "reset-after", times: 1 });
      expect(await client({ retry: { retries: 1, backoff: () => 0 } }).incr(key)).toBe(2);
    });

    it("a server error is not retried by the client", async () => {
      strike({ kind: "status", status: 500, body: '{"error":"ERR internal"}', times: 1 });
      await expect(client({ retry: { retries: 3, backoff: () => 0 } }).get(newKey())).rejects.toThrow("ERR internal");
      expect(standIn().faults).toHaveLength(0);
    });

    it("a slow Redis is an error, never a null, when each call has a fresh signal", async () => {
      const key = newKey();
      await client().set(key, "there");
      strike({ kind: "delay", delayMs: SLOW_MS, times: 2 });
      const redis = client({ timeoutMs: KERNEL_TIMEOUT_MS });
      await expect(redis.get(key)).rejects.toThrow("aborted due to timeout");
      await expect(redis.set(key, "mine", { nx: true })).rejects.toThrow("aborted due to timeout");
      expect(await client().get(key)).toBe("there");
    });

    it("a signal made once turns a slow Redis into a null, and a healthy one too from then on", async () => {
      const key = newKey();
      await client().set(key, "there");
      strike({ kind: "delay", delayMs: SLOW_MS, times: 1 });
      const redis = client({ signal: AbortSignal.timeout(KERNEL_TIMEOUT_MS) });
      expect(await redis.get(key)).toBeNull();
      expect(await redis.get(key)).toBeNull();
      expect(await client().get(key)).toBe("there");
    });
  });

  describe("Upstash's rate limiter", () => {
    const WINDOW_MS = 60_000;

    /** The limiter counts by the caller's clock: it is held at a point of a window, so that limits are exact. */
    function standAt(offsetMs: number): void {
      const start = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
      vi.useFakeTimers({ toFake: ["Date"], now: start + offsetMs });
    }

    function limiter(
      algorithm: ConstructorParameters<typeof Ratelimit>[0]["limiter"],
      options: { timeout?: number } = {},
    ): Ratelimit {
      return new Ratelimit({
        redis: client(),
        limiter: algorithm,
        ephemeralCache: false,
        prefix: newKey(),
        timeout: 0,
        ...options,
      });
    }

    async function tryTimes(limit: Ratelimit, count: number): Promise<boolean[]> {
      const answers: boolean[] = [];
      for (let index = 0; index < count; index += 1) answers.push((await limit.limit("visitor")).success);
      return answers;
    }

    it("a fixed window lets exactly its limit through, and again in the next window", async () => {
      standAt(1_000);
      const limit = limiter(Ratelimit.fixedWindow(3, "60 s"));
      expect(await tryTimes(limit, 5)).toEqual([true, true, true, false, false]);
      expect((await limit.limit("another visitor")).remaining).toBe(2);
      vi.setSystemTime(Date.now() + WINDOW_MS);
      expect(await tryTimes(limit, 4)).toEqual([true, true, true, false]);
    });

    it("a fixed window is exact for concurrent requests", async () => {
      standAt(1_000);
      const limit = limiter(Ratelimit.fixedWindow(10, "60 s"));
      const answers = await Promise.all(Array.from({ length: 40 }, () => limit.limit("visitor")));
      expect(answers.filter((answer) => answer.success)).toHaveLength(10);
    });

    it("a sliding window weighs the window before", async () => {
      standAt(0);
      const limit = limiter(Ratelimit.slidingWindow(10, "60 s"));
      expect((await tryTimes(limit, 12)).filter(Boolean)).toHaveLength(10);
      vi.setSystemTime(Date.now() + WINDOW_MS * 1.5);
      expect((await tryTimes(limit, 12)).filter(Boolean)).toHaveLength(5);
      expect((await limit.getRemaining("visitor")).remaining).toBe(0);
    });

    it("a token bucket spends its tokens, refills with time and charges nothing for a refusal", async () => {
      standAt(0);
      const limit = limiter(Ratelimit.tokenBucket(2, "10 s", 5));
      expect(await tryTimes(limit, 4)).toEqual([true, true, true, true]);
      expect((await limit.limit("visitor", { rate: 3 })).success).toBe(false);
      expect(await tryTimes(limit, 2)).toEqual([true, false]);
      vi.setSystemTime(Date.now() + 10_000);
      expect(await tryTimes(limit, 3)).toEqual([true, true, false]);
    });

    it("a reset gives everything back", async () => {
      standAt(0);
      for (const algorithm of [
        Ratelimit.fixedWindow(2, "60 s"),
        Ratelimit.slidingWindow(2, "60 s"),
        Ratelimit.tokenBucket(1, "60 s", 2),
      ]) {
        const limit = limiter(algorithm);
        expect(await tryTimes(limit, 3)).toEqual([true, true, false]);
        await limit.resetUsedTokens("visitor");
        expect((await limit.getRemaining("visitor")).remaining).toBe(2);
        expect(await tryTimes(limit, 3)).toEqual([true, true, false]);
      }
    });

    it("lets everyone through when Redis is slow and throws when it is down, so the caller decides for both", async () => {
      strike({ kind: "delay", delayMs: SLOW_MS, times: 1 });
      const answer = await limiter(Ratelimit.fixedWindow(0, "60 s"), { timeout: 50 }).limit("visitor");
      expect(answer).toMatchObject({ success: true, reason: "timeout" });
      strike({ kind: "reset-before" });
      await expect(limiter(Ratelimit.fixedWindow(1, "60 s")).limit("visitor")).rejects.toThrow(TypeError);
    });
  });
});
