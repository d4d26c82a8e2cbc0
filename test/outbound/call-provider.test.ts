import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { createBreaker } from "../../shared/cache/circuit-breaker.ts";
import { type Cache, createCache } from "../../shared/cache/redis.ts";
import { describeError } from "../../shared/log/scrub.ts";
import type { Clock } from "../../shared/outbound/ask-provider.ts";
import { callProvider, type ProviderCall } from "../../shared/outbound/call-provider.ts";
import { ProviderError } from "../../shared/outbound/provider-error.ts";
import { type Fault, json, type StandIn, serve, type WireAnswer, type WireRequest } from "../local/http-server.ts";
import { startRedis } from "../local/redis.ts";
import { watchLog } from "./support/watch-log.ts";

const REDIS_TOKEN = "redis-token";
const OPEN_MS = 60_000;
const MIB = 1_048_576;
const SECRET = "canary-key-3141592653";
const PERSON = "Canary da Silva, canary@example.org";

const answer = z.looseObject({ id: z.string() });
type Answer = z.output<typeof answer>;
/** Time that passes when it is waited for, and at a word. */
type TestClock = Clock & { waits: number[]; pass(ms: number): void };

let redis: StandIn;
let cache: Cache;
let provider: StandIn;
let received: WireRequest[];
let respond: () => WireAnswer;
let clock: TestClock;
let watch: ReturnType<typeof watchLog>;

beforeAll(async () => {
  redis = await startRedis({ token: REDIS_TOKEN });
  cache = createCache({ url: redis.url, token: REDIS_TOKEN });
});
afterAll(() => redis.close());

beforeEach(async () => {
  received = [];
  respond = () => json(200, { id: "pay_1", added: "later" });
  provider = await serve({
    handle: async (request) => {
      received.push(request);
      return respond();
    },
  });
  clock = createClock();
  watch = watchLog();
});
afterEach(async () => {
  watch.close();
  await provider.close();
});

describe("a call to a provider", () => {
  test("is sent as it was asked, and its answer is read with what is new in it", async () => {
    const { status, headers, value } = await call({
      method: "POST",
      idempotent: false,
      path: "/v3/payments",
      query: { ref: "a&b" },
      body: { value: 19.9 },
    });
    expect({ status, value }).toEqual({ status: 200, value: { id: "pay_1", added: "later" } });
    expect(headers.get("content-type")).toBe("application/json");
    expect(received).toMatchObject([
      { method: "POST", path: "/v3/payments?ref=a%26b", headers: { "content-type": "application/json", access_token: SECRET } },
    ]);
    expect(received[0]?.body.toString()).toBe('{"value":19.9}');
  });

  test("a read that fails is tried three times, each time a little later", async () => {
    provider.faults.push({ kind: "status", status: 503, times: 2 });
    await expect(call()).resolves.toMatchObject({ value: { id: "pay_1" } });
    expect(clock.waits).toHaveLength(2);
    expectWithinTenPercent(clock.waits[0], 1_000);
    expectWithinTenPercent(clock.waits[1], 2_000);
  });

  test("a read is given up after the third try", async () => {
    provider.faults.push({ kind: "reset-before", times: 3 });
    expect(await failed(call())).toMatchObject({ kind: "unavailable", retryable: true });
    expect(provider.faults).toEqual([]);
    expect(clock.waits).toHaveLength(2);
    await expect(call({ account: "another" })).resolves.toBeDefined();
  });

  test.each<Fault>([
    { kind: "reset-before" },
    { kind: "reset-after" },
    ...[408, 429, 500, 502, 503, 504].map((status): Fault => ({ kind: "status", status })),
  ])("a read survives one $kind $status", async (fault) => {
    provider.faults.push({ ...fault, times: 1 });
    await expect(call()).resolves.toMatchObject({ value: { id: "pay_1" } });
    expect(clock.waits).toHaveLength(1);
  });

  test.each<Fault>([
    { kind: "reset-before" },
    { kind: "reset-after" },
    { kind: "garbage" },
    { kind: "delay", delayMs: 5_000 },
    ...[302, 408, 500, 502, 503, 504].map((status): Fault => ({ kind: "status", status, body: "<html>" })),
  ])("a write that ends with $kind $status is sent once, and its outcome is unknown", async (fault) => {
    provider.faults.push({ ...fault, times: 1 });
    expect(await failed(call({ idempotent: false, method: "POST", budgetMs: 200 }))).toMatchObject({
      kind: "unknown_outcome",
      errorCode: "PROVIDER_OUTCOME_UNKNOWN",
      retryable: true,
    });
    // Struck once: had a second try been made, it would have succeeded.
    expect(provider.faults).toEqual([]);
    expect(clock.waits).toEqual([]);
    expect(watch.lines()).toHaveLength(1);
  });

  test.each([400, 401, 403, 404, 409, 422])("a %i is a definite no, whether it was a read or a write", async (status) => {
    respond = () => json(status, { errors: [{ code: "invalid_value", description: PERSON }] });
    for (const idempotent of [true, false]) {
      expect(await failed(call({ idempotent }))).toMatchObject({
        kind: "refused",
        retryable: false,
        providerStatus: status,
        providerCodes: ["invalid_value"],
      });
    }
    expect(received).toHaveLength(2);
  });

  test("a refusal without a readable body is a refusal", async () => {
    respond = () => ({ status: 403, headers: { "content-type": "text/html" }, body: "<html>" });
    expect(await failed(call())).toMatchObject({ kind: "refused", providerStatus: 403, providerCodes: [] });
  });

  test("a code that is a text in disguise is dropped", async () => {
    respond = () => json(400, { errors: [{ code: PERSON }, { code: "invalid_name" }] });
    expect(await failed(call())).toMatchObject({ providerCodes: ["invalid_name"] });
  });

  test("an answer that cannot be read fails without being asked for again", async () => {
    for (const body of ["<html>", "", "[]", '{"id":1}']) {
      respond = () => ({ status: 200, body });
      expect(await failed(call({ account: `unreadable ${body}` }))).toMatchObject({ kind: "unavailable", providerStatus: 200 });
    }
    expect(received).toHaveLength(4);
  });
});

describe("waiting", () => {
  test("a wait that the provider asks for and the budget allows is kept to the second", async () => {
    provider.faults.push({ kind: "status", status: 429, headers: { "retry-after": "3" }, times: 1 });
    await expect(call()).resolves.toBeDefined();
    expect(clock.waits).toEqual([3_000]);
  });

  test("a longer wait fails the call and says when to come back", async () => {
    provider.faults.push({ kind: "status", status: 429, headers: { "retry-after": "30" } });
    expect(await failed(call())).toMatchObject({
      kind: "rate_limited",
      code: "RATE_LIMITED",
      retryAfterMs: 30_000,
      retryable: true,
    });
    provider.faults.splice(0, 1, { kind: "status", status: 503, headers: { "retry-after": "20" } });
    expect(await failed(call())).toMatchObject({ kind: "unavailable", retryAfterMs: 20_000 });
    expect(clock.waits).toEqual([]);
  });

  test("a wait can be a date, the seconds of the quota, or nonsense", async () => {
    const headersOf429 = async (headers: Record<string, string>) => {
      provider.faults.splice(0, 1, { kind: "status", status: 429, headers });
      return (await failed(call({ idempotent: false }))).retryAfterMs;
    };
    expect(await headersOf429({ "ratelimit-reset": "43200" })).toBe(43_200_000);
    expect(await headersOf429({ "retry-after": "5", "ratelimit-reset": "43200" })).toBe(5_000);
    expect(await headersOf429({ "retry-after": "soon" })).toBeUndefined();
    expect(await headersOf429({ "retry-after": "99999999999" })).toBe(86_400_000);
    const inAMinute = await headersOf429({ "retry-after": new Date(clock.now() + 60_000).toUTCString() });
    expect(inAMinute).toBeGreaterThan(50_000);
    expect(inAMinute).toBeLessThanOrEqual(60_000);
  });

  test("the quota that comes with every answer is no reason to wait when something else is wrong", async () => {
    provider.faults.push({ kind: "status", status: 500, headers: { "ratelimit-reset": "43200" } });
    expect(await failed(call({ idempotent: false }))).toMatchObject({ kind: "unknown_outcome", retryAfterMs: undefined });
  });

  test("a write that came too often was not done, and is not sent again here", async () => {
    provider.faults.push({ kind: "status", status: 429, times: 1 });
    expect(await failed(call({ idempotent: false }))).toMatchObject({ kind: "rate_limited" });
    expect(received).toEqual([]);
  });

  test("a wait that would end after the budget is not begun", async () => {
    provider.faults.push({ kind: "status", status: 503 });
    expect(await failed(call({ budgetMs: 2_000 }))).toMatchObject({ kind: "unavailable" });
    expect(clock.waits).toHaveLength(1);
  });

  test("a silent provider is given up when the budget ends", async () => {
    provider.faults.push({ kind: "delay", delayMs: 5_000 });
    expect(await failed(call({ budgetMs: 100 }))).toMatchObject({ kind: "unavailable", providerStatus: undefined });
    expect(watch.lines()).toMatchObject([{ outcome: "unavailable", errorClass: "TimeoutError" }]);
  });

  test("a call ends with the work that it is part of, and does not begin after it", async () => {
    const work = new AbortController();
    provider.faults.push({ kind: "delay", delayMs: 5_000 });
    const pending = failed(call({ idempotent: false, signal: work.signal }));
    work.abort();
    expect(await pending).toMatchObject({ kind: "unknown_outcome" });
    provider.faults.length = 0;
    await failed(call({ idempotent: false, signal: work.signal }));
    expect(received).toEqual([]);
  });
});

describe("what is not to be trusted", () => {
  test("a redirect is not followed", async () => {
    const elsewhere = await serve({
      handle: async (request) => {
        received.push(request);
        return json(200, { id: "stolen" });
      },
    });
    for (const status of [301, 302, 303, 307, 308]) {
      respond = () => ({ status, headers: { location: `${elsewhere.url}/metadata` } });
      expect(await failed(call({ account: `redirect ${status}` }))).toMatchObject({
        kind: "unavailable",
        providerStatus: status,
      });
    }
    await elsewhere.close();
    expect(received.map(({ path }) => path)).not.toContain("/metadata");
  });

  test("an answer is read up to one mebibyte and no further", async () => {
    const bodyOf = (size: number) => JSON.stringify({ id: "x".repeat(size - '{"id":""}'.length) });
    respond = () => ({ status: 200, body: bodyOf(MIB) });
    await expect(call()).resolves.toBeDefined();
    respond = () => ({ status: 200, body: bodyOf(MIB + 1) });
    expect(await failed(call({ idempotent: false }))).toMatchObject({ kind: "unknown_outcome", providerStatus: 200 });
  });

  test("neither keys nor people get into a log line or an error", async () => {
    respond = () => json(400, { errors: [{ code: "invalid_name", description: PERSON }], echo: PERSON });
    const refused = await failed(call({ method: "POST", idempotent: false, query: { q: PERSON }, body: { name: PERSON } }));
    provider.faults.push({ kind: "reset-before", times: 1 }, { kind: "garbage", times: 1 });
    const lost = await failed(call({ method: "POST", idempotent: false, body: { name: PERSON } }));
    const garbled = await failed(call({ method: "POST", idempotent: false, body: { name: PERSON } }));
    const unsendable = await failed(call({ headers: { access_token: `${SECRET}\n${SECRET}` } }));
    const texts = [refused, lost, garbled, unsendable].map(
      (error) => `${describeError(error)} ${JSON.stringify(error)} ${error.stack}`,
    );
    for (const text of [...texts, watch.text()]) {
      for (const canary of [SECRET, "Canary", "canary", provider.url]) expect(text).not.toContain(canary);
    }
  });

  test("each try leaves one line that says what came of it", async () => {
    provider.faults.push({ kind: "status", status: 502, times: 1 });
    await call();
    respond = () => json(404, { errors: [{ code: "not_found" }] });
    await failed(call());
    const base = {
      event: "provider.called",
      provider: "acme",
      operation: "getThing",
      requestId: "req-1",
      durationMs: expect.any(Number),
    };
    expect(watch.lines()).toMatchObject([
      { ...base, level: "warn", attempt: 1, status: 502, outcome: "unavailable" },
      { ...base, level: "info", attempt: 2, status: 200, outcome: "ok" },
      { ...base, level: "warn", attempt: 1, status: 404, outcome: "refused", errorCode: "not_found" },
    ]);
  });
});

describe("the circuit breaker", () => {
  const write = { idempotent: false, account: "" } as const;

  test("after three failures in a row nothing is sent for a minute, and a try that succeeds closes it", async () => {
    const account = crypto.randomUUID();
    provider.faults.push({ kind: "status", status: 500, times: 3 });
    for (let count = 0; count < 3; count += 1) await failed(call({ ...write, account }));
    const refused = await failed(call({ ...write, account }));
    expect(refused).toMatchObject({ kind: "unavailable", retryable: true });
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(OPEN_MS);
    expect(received).toEqual([]);
    clock.pass(OPEN_MS + 1);
    await call({ ...write, account });
    await call({ ...write, account });
    expect(received).toHaveLength(2);
  });

  test("one account's trouble is not another's", async () => {
    const account = crypto.randomUUID();
    provider.faults.push({ kind: "status", status: 500, times: 3 });
    for (let count = 0; count < 3; count += 1) await failed(call({ ...write, account }));
    await expect(call({ ...write, account: crypto.randomUUID() })).resolves.toBeDefined();
  });

  test("refusals and requests to slow down never open it, and a refusal shows that the provider is well", async () => {
    const account = crypto.randomUUID();
    const statuses = [400, 401, 404, 429, 429, 500, 500, 400, 500, 500];
    for (const status of statuses) {
      respond = () => json(status, {});
      await failed(call({ ...write, account }));
    }
    expect(received).toHaveLength(statuses.length);
  });

  test("a read stops trying when it has opened", async () => {
    const account = crypto.randomUUID();
    provider.faults.push({ kind: "status", status: 500 });
    await failed(call({ ...write, account }));
    await failed(call({ ...write, account }));
    expect(await failed(call({ account }))).toMatchObject({ kind: "unavailable" });
    expect(watch.lines().filter(({ event }) => event === "provider.called")).toHaveLength(3);
  });

  test("without Redis calls are made all the same", async () => {
    redis.faults.push({ kind: "reset-before" });
    await expect(call({ account: crypto.randomUUID() })).resolves.toBeDefined();
    redis.faults.length = 0;
  });
});

function call({ account = crypto.randomUUID(), ...changes }: Partial<ProviderCall<Answer>> & { account?: string } = {}) {
  return callProvider<Answer>({
    provider: "acme",
    operation: "getThing",
    method: changes.idempotent === false ? "POST" : "GET",
    baseUrl: provider.url,
    path: "/things/1",
    headers: { access_token: SECRET },
    idempotent: true,
    budgetMs: 10_000,
    breaker: createBreaker({ cache, provider: "acme", account, now: clock.now }),
    log: watch.log,
    answer,
    readErrorCodes: (body) => errorBody.safeParse(body).data?.errors.map(({ code }) => code) ?? [],
    clock,
    ...changes,
  });
}

const errorBody = z.object({ errors: z.array(z.object({ code: z.string() })) });

async function failed(pending: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

function createClock(): TestClock {
  let ahead = 0;
  const waits: number[] = [];
  const pass = (ms: number) => {
    ahead += ms;
  };
  return {
    waits,
    pass,
    now: () => Date.now() + ahead,
    async wait(ms) {
      waits.push(ms);
      pass(ms);
    },
  };
}

function expectWithinTenPercent(actual: number | undefined, expected: number): void {
  expect(actual).toBeGreaterThanOrEqual(expected * 0.9);
  expect(actual).toBeLessThanOrEqual(expected * 1.1);
}
