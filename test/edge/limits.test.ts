import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readClientAddress } from "../../functions/edge/client-address.ts";
import { createLocalLimiter } from "../../functions/edge/local-limiter.ts";
import type { Fault } from "../local/http-server.ts";
import { bearer, mintToken, startEdge, type TestEdge } from "./support/start-edge.ts";

/** The start of a minute and of an hour, so that no window ends while a test counts. */
const WINDOW_START = Date.UTC(2026, 10, 20, 12);

let edge: TestEdge;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: WINDOW_START });
  edge = await startEdge();
});
afterEach(async () => {
  vi.useRealTimers();
  await edge.close();
});

const ADA = { "cf-connecting-ip": "198.51.100.7" };
const BOB = { "cf-connecting-ip": "198.51.100.8" };

/** Makes `count` calls in one request. */
function call(count: number, headers: Record<string, string>): Promise<Response> {
  return fetch(`${edge.trpcUrl}/${Array(count).fill("leads.list").join(",")}?batch=1`, { headers });
}

function pay(headers: Record<string, string>): Promise<Response> {
  return fetch(`${edge.trpcUrl}/financial.pay`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: '{"cents":1}',
  });
}

function post(headers: Record<string, string>, formKey = "form_abc"): Promise<Response> {
  return fetch(`${edge.url}/forms/${formKey}`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: '{"name":"Ana"}',
  });
}

async function statuses(count: number, ask: () => Promise<Response>): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let done = 0; done < count; done += 1) seen.add((await ask()).status);
  return seen;
}

test("an address may make 300 anonymous calls a minute, a batch of n counting n, and then waits for the next minute", async () => {
  expect(await statuses(29, () => call(10, ADA))).toEqual(new Set([200]));
  expect(await statuses(10, () => call(1, ADA))).toEqual(new Set([200]));
  vi.setSystemTime(WINDOW_START + 20_000);
  const refused = await call(1, ADA);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("40");
  expect(await refused.json()).toMatchObject({
    error: {
      code: -32029,
      data: { code: "TOO_MANY_REQUESTS", httpStatus: 429, errorCode: "RATE_LIMITED", retryAfterMs: 40_000 },
    },
  });
  expect((await call(1, BOB)).status).toBe(200);
  vi.setSystemTime(WINDOW_START + 120_000);
  expect((await call(1, ADA)).status).toBe(200);
});

test("a person may make 600 calls a minute, from wherever, and does not use up the address", async () => {
  const ana = bearer(mintToken({ user: "user_ana" }));
  expect(await statuses(60, () => call(10, { ...ADA, ...ana }))).toEqual(new Set([200]));
  expect((await call(1, { ...BOB, ...ana })).status).toBe(429);
  expect((await call(1, { ...ADA, ...bearer(mintToken({ user: "user_bia" })) })).status).toBe(200);
  expect((await call(1, ADA)).status).toBe(200);
});

test("a token that does not verify counts for the address", async () => {
  await statuses(30, () => call(10, { ...ADA, authorization: "Bearer a.b.c" }));
  expect((await call(1, ADA)).status).toBe(429);
});

test("an address may post a form 5 times an hour; another address and another form are not held back", async () => {
  expect(await statuses(5, () => post(ADA))).toEqual(new Set([200]));
  const refused = await post(ADA);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("3600");
  expect(await refused.json()).toEqual({
    data: null,
    error: { code: "RATE_LIMITED", message: "Too many requests, please wait a moment" },
  });
  expect((await post(BOB)).status).toBe(200);
  expect((await post(ADA, "form_xyz")).status).toBe(200);
});

test("a form takes 60 posts a minute from all addresses together", async () => {
  const fromSomewhereElse = (index: number) => post({ "cf-connecting-ip": `203.0.113.${index}` });
  let index = 0;
  expect(await statuses(60, () => fromSomewhereElse(index++))).toEqual(new Set([200]));
  expect((await fromSomewhereElse(index)).status).toBe(429);
});

const failures: [string, Fault][] = [
  ["down", { kind: "reset-before" }],
  ["failing", { kind: "status", status: 500 }],
  ["answering garbage", { kind: "garbage" }],
  // Longer than any test may take.
  ["slow", { kind: "delay", delayMs: 60_000 }],
];

test.each(failures)("while Redis is %s, reads of signed-in people stay open", async (_name, fault) => {
  edge.redis.faults.push(fault);
  const ana = bearer(mintToken());
  expect(await statuses(70, () => call(10, ana))).toEqual(new Set([200]));
});

test.each(failures)(
  "while Redis is %s, anonymous calls, forms and writes are counted strictly in memory",
  async (_name, fault) => {
    edge.redis.faults.push(fault);
    expect(await statuses(3, () => call(10, ADA))).toEqual(new Set([200]));
    const refused = await call(1, ADA);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect((await call(1, BOB)).status).toBe(200);

    expect(await statuses(2, () => post(ADA))).toEqual(new Set([200]));
    expect((await post(ADA)).status).toBe(429);

    const ana = bearer(mintToken());
    expect(await statuses(60, () => pay(ana))).toEqual(new Set([200]));
    expect((await pay(ana)).status).toBe(429);
    expect(edge.logs()).toContainEqual(expect.objectContaining({ level: "warn", event: "limits.fell_back" }));
  },
);

test("an outage is noticed once and Redis is asked again two seconds later", async () => {
  edge.redis.faults.push({ kind: "status", status: 500 });
  await statuses(5, () => call(1, ADA));
  const fallbacks = () => edge.logs().filter(({ event }) => event === "limits.fell_back").length;
  expect(fallbacks()).toBe(1);
  vi.setSystemTime(WINDOW_START + 2_000);
  await call(1, ADA);
  expect(fallbacks()).toBe(2);
  edge.redis.faults.length = 0;
  vi.setSystemTime(WINDOW_START + 4_000);
  expect(await statuses(30, () => call(10, ADA))).toEqual(new Set([200]));
  expect((await call(1, ADA)).status).toBe(429);
});

test("a call to Redis whose answer was lost is not repeated, since it may have been counted", async () => {
  edge.redis.faults.push({ kind: "reset-after", times: 1 });
  expect((await call(1, ADA)).status).toBe(200);
  expect(edge.logs().filter(({ event }) => event === "limits.fell_back")).toHaveLength(1);
  expect(edge.redis.faults).toHaveLength(0);
});

test("who is refused is refused before the body is read and before any group is asked", async () => {
  edge.redis.faults.push({ kind: "reset-before" });
  await statuses(3, () => call(10, ADA));
  edge.groups.finance.seen.length = 0;
  const untouched = new ReadableStream({ pull: () => expect.unreachable("the body was read") }, { highWaterMark: 0 });
  const headers = { ...ADA, "content-type": "application/json" };
  const request = new Request(`${edge.trpcUrl}/financial.pay`, {
    method: "POST",
    headers,
    body: untouched,
    duplex: "half",
  } as RequestInit);
  expect((await edge.fetch(request)).status).toBe(429);
  expect(edge.groups.finance.seen).toHaveLength(0);
});

test.each([
  ["198.51.100.7", "198.51.100.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["::ffff:198.51.100.7", "::ffff:198.51.100.7"],
])("the address %s is counted as %s", (address, counted) => {
  expect(readClientAddress(new Headers({ "cf-connecting-ip": address }))).toBe(counted);
});

test("a header that clients can set does not choose the address", () => {
  expect(readClientAddress(new Headers({ "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4" }))).toBe("unknown");
});

test("the memory of the limiter is bounded: the oldest key gives way", () => {
  const limiter = createLocalLimiter({ now: () => 0, maxKeys: 2 });
  const take = (key: string) => limiter.take({ key, allowed: 1, windowMs: 1_000, cost: 1 });
  expect([take("a"), take("b"), take("b"), take("c"), take("b"), take("a")]).toEqual([0, 0, 1_000, 0, 1_000, 0]);
});
