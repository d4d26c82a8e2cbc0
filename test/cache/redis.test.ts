import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cache, CacheUnavailable, createCache } from "../../shared/cache/redis.ts";
import { type StandIn, serve } from "../local/http-server.ts";
import { type RealServer, startRealServer } from "../local/redis/real-server.ts";
import { startRedis } from "../local/redis.ts";

const TOKEN = "cache-token";
/** Far above what a busy machine needs, for operations whose answers must arrive. */
const PATIENT_TIMEOUT_MS = 10_000;
/** So long that only the cache's own timeout can end the call. */
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

async function failureOf(operation: Promise<unknown>): Promise<CacheUnavailable> {
  const error = await operation.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CacheUnavailable)) throw new Error(`Expected CacheUnavailable, got ${String(error)}`);
  return error;
}

describe.each([
  { name: "the in-memory engine", standIn: () => inMemory },
  { name: "a real redis-server", standIn: () => overRealServer },
])("the cache on $name", ({ standIn }) => {
  afterEach(() => {
    standIn().faults.length = 0;
  });

  function open({ timeoutMs = PATIENT_TIMEOUT_MS, token = TOKEN }: { timeoutMs?: number; token?: string } = {}): Cache {
    return createCache({ url: standIn().url, token, timeoutMs });
  }

  async function command(...words: string[]): Promise<unknown> {
    const response = await fetch(standIn().url, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(words),
    });
    return ((await response.json()) as { result: unknown }).result;
  }

  it.each(["plain", "null", "123", "007", '{"a":1}', "OK", "", "ação 😀"])(
    "the value %j comes back as the same string",
    async (value) => {
      const [key, none] = [newKey(), newKey()];
      await open().set(key, value, { ttlSeconds: 60 });
      expect(await open().get(key)).toBe(value);
      expect(await open().getMany([none, key])).toEqual([null, value]);
      expect(await open().get(none)).toBeNull();
    },
  );

  it("every key is under guilda: and expires", async () => {
    const key = newKey();
    await open().set(key, "v", { ttlSeconds: 60 });
    await open().setIfNewer({ key: `${key}-versioned`, version: 1, value: "v", ttlSeconds: 60 });
    await open().eval("return redis.call('SET', KEYS[1], ARGV[1])", [`${key}-script`], ["v"]);
    expect(await command("EXISTS", `guilda:${key}`, `guilda:${key}-versioned`, `guilda:${key}-script`)).toBe(3);
    expect(await command("TTL", `guilda:${key}`)).toBe(60);
    expect(await command("TTL", `guilda:${key}-versioned`)).toBe(60);
  });

  it("deletes many at once, and asks nothing of Redis for no keys at all", async () => {
    const [a, b] = [newKey(), newKey()];
    await open().set(a, "1", { ttlSeconds: 60 });
    await open().set(b, "2", { ttlSeconds: 60 });
    await open().delete([a, b, newKey()]);
    expect(await open().getMany([a, b])).toEqual([null, null]);
    standIn().faults.push({ kind: "reset-before" });
    await open().delete([]);
    expect(await open().getMany([])).toEqual([]);
  });

  it("an older or equal version never replaces a newer one, in whatever order they come", async () => {
    const key = newKey();
    const put = (version: number) => open().setIfNewer({ key, version, value: `v${version}`, ttlSeconds: 60 });
    expect(await put(2)).toBe(true);
    expect(await put(1)).toBe(false);
    expect(await put(2)).toBe(false);
    expect(JSON.parse((await open().get(key)) ?? "")).toEqual({ version: 2, value: "v2" });
    const versions = Array.from({ length: 40 }, (_, index) => 1_763_700_000_000 + ((index * 17) % 40));
    await Promise.all(versions.map(put));
    expect(JSON.parse((await open().get(key)) ?? "")).toEqual({ version: 1_763_700_000_039, value: "v1763700000039" });
  });

  it.each(["no json", "[]", "7", '{"version":"9"}', '{"value":"v"}'])(
    "what is stored but no envelope (%s) gives way",
    async (garbage) => {
      const key = newKey();
      await open().set(key, garbage, { ttlSeconds: 60 });
      expect(await open().setIfNewer({ key, version: 1, value: "v", ttlSeconds: 60 })).toBe(true);
      expect(await open().get(key)).toBe('{"version":1,"value":"v"}');
    },
  );

  it("what may be repeated is tried twice, and no more", async () => {
    const key = newKey();
    const operations: (() => Promise<unknown>)[] = [
      () => open().get(key),
      () => open().getMany([key]),
      () => open().set(key, "v", { ttlSeconds: 60 }),
      () => open().delete([key]),
      () => open().setIfNewer({ key, version: 1, value: "v", ttlSeconds: 60 }),
    ];
    for (const operation of operations) {
      standIn().faults.push({ kind: "reset-before", times: 1 });
      await operation();
      standIn().faults.push({ kind: "reset-after", times: 2 });
      expect((await failureOf(operation())).reason).toBe("unreachable");
      expect(standIn().faults).toEqual([]);
    }
  });

  it("a script is never run twice", async () => {
    const key = newKey();
    standIn().faults.push({ kind: "reset-after", times: 1 });
    expect((await failureOf(open().eval("return redis.call('INCR', KEYS[1])", [key], []))).reason).toBe("unreachable");
    expect(await open().get(key)).toBe("1");
  });

  it("a Redis slower than 150 ms is a failure, never a miss", async () => {
    const key = newKey();
    await open().set(key, "there", { ttlSeconds: 60 });
    standIn().faults.push({ kind: "delay", delayMs: SLOW_MS, times: 2 });
    expect((await failureOf(createCache({ url: standIn().url, token: TOKEN }).get(key))).reason).toBe("timeout");
    expect(standIn().faults).toEqual([]);
  });

  it("each attempt has its own time: a Redis that was slow once is asked again", async () => {
    const key = newKey();
    await open().set(key, "there", { ttlSeconds: 60 });
    standIn().faults.push({ kind: "delay", delayMs: SLOW_MS, times: 1 });
    expect(await open({ timeoutMs: 700 }).get(key)).toBe("there");
    expect(standIn().faults).toEqual([]);
  });

  it("a page of a proxy counts as unreachable, an error of Redis as refused and is not tried again", async () => {
    standIn().faults.push({ kind: "status", status: 502, body: "<html>", times: 2 });
    expect((await failureOf(open().get(newKey()))).reason).toBe("unreachable");
    expect((await failureOf(open({ token: "wrong" }).get(newKey()))).reason).toBe("refused");
    expect((await failureOf(open().eval("return missing", [], []))).reason).toBe("refused");
    standIn().faults.push({ kind: "status", status: 400, body: '{"error":"ERR x"}', times: 2 });
    await failureOf(open().get(newKey()));
    expect(standIn().faults).toHaveLength(1);
  });

  it("a failure carries nothing of the command, the value or the token", async () => {
    const secret = "canary-4711";
    const list = newKey();
    await command("RPUSH", `guilda:${list}`, "x");
    const failures = [
      await failureOf(open({ token: secret }).set(secret, secret, { ttlSeconds: 60 })),
      await failureOf(open().set(secret, secret, { ttlSeconds: -1 })),
      await failureOf(open().setIfNewer({ key: list, version: 1, value: secret, ttlSeconds: 60 })),
      await failureOf(open().eval(`return ${secret}`, [secret], [secret])),
    ];
    for (const failure of failures) {
      const everything = [String(failure), failure.stack, failure.cause, ...Object.values(failure)].join(" ");
      expect(everything).not.toContain(secret);
      expect(failure.cause).toBeUndefined();
    }
  });
});

it("the client tells Upstash nothing about where it runs", async () => {
  const seen: Record<string, string>[] = [];
  const listener: StandIn = await serve({
    handle: async ({ headers }) => {
      seen.push(headers);
      return { status: 200, body: '{"result":null}' };
    },
  });
  await createCache({ url: listener.url, token: TOKEN, timeoutMs: PATIENT_TIMEOUT_MS }).get("key");
  await listener.close();
  expect(Object.keys(seen[0] ?? {}).filter((name) => name.includes("telemetry"))).toEqual([]);
  expect(seen[0]?.authorization).toBe(`Bearer ${TOKEN}`);
});
