import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { createBreaker } from "../../shared/cache/circuit-breaker.ts";
import { createCache } from "../../shared/cache/redis.ts";
import type { ProviderRequest } from "../../shared/outbound/ask-provider.ts";
import { callProvider } from "../../shared/outbound/call-provider.ts";
import { openProviderStream } from "../../shared/outbound/open-provider-stream.ts";
import { json, type StandIn, serve, type WireAnswer, type WireRequest } from "../local/http-server.ts";
import { startRedis } from "../local/redis.ts";
import { watchLog } from "./support/watch-log.ts";

const SECRET = "canary-key-3141592653";
const MIB = 1_048_576;

let redis: StandIn;
let provider: StandIn;
let elsewhere: StandIn;
let answer: () => WireAnswer;
let received: { where: string; request: WireRequest }[];
let watch: ReturnType<typeof watchLog>;

beforeEach(async () => {
  received = [];
  answer = () => ({ status: 200, body: "x".repeat(3 * MIB) });
  const standIn = (where: string) =>
    serve({
      handle: async (request) => {
        received.push({ where, request });
        return where === "provider" && !request.path.startsWith("/moved") ? answer() : { status: 200, body: '{"id":"there"}' };
      },
    });
  [redis, provider, elsewhere] = await Promise.all([startRedis({ token: "redis" }), standIn("provider"), standIn("elsewhere")]);
  watch = watchLog();
});
afterEach(async () => {
  watch.close();
  await Promise.all([redis.close(), provider.close(), elsewhere.close()]);
});

function request(changes: Partial<ProviderRequest> = {}): ProviderRequest {
  const cache = createCache({ url: redis.url, token: "redis" });
  return {
    provider: "acme",
    operation: "open",
    method: "GET",
    baseUrl: provider.url,
    path: "/archive",
    headers: { authorization: `Bearer ${SECRET}`, "user-agent": "Guilda" },
    idempotent: true,
    budgetMs: 2_000,
    breaker: createBreaker({ cache, provider: "acme", account: crypto.randomUUID(), now: Date.now }),
    log: watch.log,
    readErrorCodes: () => [],
    ...changes,
  };
}

async function lengthOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of stream) length += chunk.byteLength;
  return length;
}

test("an answer of any size streams, under one line in the log", async () => {
  expect(await lengthOf(await openProviderStream(request()))).toBe(3 * MIB);
  expect(watch.lines()).toMatchObject([{ operation: "open", outcome: "ok", status: 200 }]);
});

test("the budget ends with the head of the answer, and the work ends the rest", async () => {
  const work = new AbortController();
  const stream = await openProviderStream(request({ signal: work.signal }));
  work.abort(new Error("over"));
  await expect(lengthOf(stream)).rejects.toBeDefined();
});

test("an outage is tried again, a refusal is not", async () => {
  provider.faults.push({ kind: "status", status: 503, times: 1 });
  await expect(openProviderStream(request())).resolves.toBeDefined();
  answer = () => json(404, {});
  await expect(openProviderStream(request())).rejects.toMatchObject({ kind: "refused", providerStatus: 404 });
});

test("a redirect is followed once where it may, with what proves who asks to the same origin alone", async () => {
  const allowed = { mayFollow: () => true };
  answer = () => ({ status: 302, headers: { location: "/moved" } });
  await lengthOf(await openProviderStream(request(allowed)));
  answer = () => ({ status: 302, headers: { location: `${elsewhere.url}/moved` } });
  await lengthOf(await openProviderStream(request(allowed)));
  const followed = received.filter(({ request: { path } }) => path === "/moved");
  expect(followed.map(({ where, request: { headers } }) => [where, headers.authorization])).toEqual([
    ["provider", `Bearer ${SECRET}`],
    ["elsewhere", undefined],
  ]);
  await expect(openProviderStream(request({ mayFollow: () => false }))).rejects.toMatchObject({ providerStatus: 302 });
  answer = () => ({ status: 302, headers: { location: "/again" } });
  await expect(openProviderStream(request(allowed))).rejects.toMatchObject({ providerStatus: 302 });
});

test("a call reads as much as it says, text where it asks for it, and nothing when nothing has changed", async () => {
  answer = () => ({ status: 200, body: JSON.stringify("x".repeat(2 * MIB)) });
  await expect(callProvider({ ...request(), answer: z.string() })).rejects.toMatchObject({ kind: "unavailable" });
  expect((await callProvider({ ...request(), answer: z.string(), maxAnswerBytes: 3 * MIB })).value).toHaveLength(2 * MIB);
  answer = () => ({ status: 200, body: "plain" });
  expect((await callProvider({ ...request(), answer: z.string(), format: "text" })).value).toBe("plain");
  answer = () => ({ status: 304 });
  expect((await callProvider({ ...request(), answer: z.string().optional() })).value).toBeUndefined();
  await expect(callProvider({ ...request(), answer: z.string() })).rejects.toMatchObject({ providerStatus: 304 });
});
