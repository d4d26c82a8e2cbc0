import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Client,
  QstashChatRatelimitError,
  QstashDailyRatelimitError,
  QstashError,
  QstashRatelimitError,
  Receiver,
  SignatureError,
} from "@upstash/qstash";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { serve, type WireAnswer, type WireRequest } from "../local/http-server.ts";
import { nextFire, parseCron } from "../local/qstash/cron.ts";
import { Journal } from "../local/qstash/journal.ts";
import { RATE_LIMIT_FAULTS } from "../local/qstash/rate-limits.ts";
import { retryDelayMs } from "../local/qstash/retry-delay.ts";
import { type Qstash, type QstashOptions, startQstash } from "../local/qstash.ts";

const TOKEN = "token-of-the-tests";
const CURRENT_KEY = "sig_current_key_of_the_tests";
const NEXT_KEY = "sig_next_key_of_the_tests";
/** At this scale a day of waiting takes under a millisecond. */
const NO_WAITING = 100_000_000;
const POLL = { timeout: 8_000, interval: 5 };

const cleanups: (() => unknown)[] = [];

beforeAll(() => {
  // The client reports every refused request on the console, besides throwing.
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe("publishing", () => {
  test("a message reaches its destination byte for byte, with its method, headers and a signature that verifies", async () => {
    const { qstash, client, destination } = await setUp();
    const url = `${destination.url}//jobs//crm/a%20b?x=1&y=%2F&empty=`;
    const { messageId } = await client.publish({
      url,
      method: "PUT",
      body: '{"name":"João 😀"}',
      headers: { "content-type": "application/vnd.guilda+json", "X-Tenant": "t-1", "X-City": "São Paulo" },
    });
    await qstash.idle();
    const [request] = destination.requests;
    expect(destination.requests).toHaveLength(1);
    expect(request).toMatchObject({
      method: "PUT",
      path: "//jobs//crm/a%20b?x=1&y=%2F&empty=",
      headers: {
        "content-type": "application/vnd.guilda+json",
        "x-tenant": "t-1",
        "x-city": "São Paulo",
        "user-agent": "Upstash-QStash",
        "upstash-message-id": messageId,
        "upstash-retried": "0",
        "upstash-region": "US-EAST-1",
        "upstash-caller-ip": "127.0.0.1",
      },
    });
    expect(request?.body.toString()).toBe('{"name":"João 😀"}');
    expect(request?.headers).not.toHaveProperty("authorization");
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith("upstash-forward"))).toEqual([]);
    await expect(verify(request, { url })).resolves.toBe(true);
  });

  test("publishJSON sends JSON, by POST", async () => {
    const { qstash, client, destination } = await setUp();
    await client.publishJSON({ url: destination.url, body: { id: 7 } });
    await qstash.idle();
    expect(destination.requests[0]).toMatchObject({ method: "POST", path: "/", headers: { "content-type": "application/json" } });
    expect(destination.bodies()).toEqual(['{"id":7}']);
  });

  test("an empty body is delivered and verifies", async () => {
    const { qstash, client, destination } = await setUp();
    await client.publish({ url: `${destination.url}/empty`, method: "GET" });
    await qstash.idle();
    expect(destination.requests[0]).toMatchObject({ method: "GET", headers: { "content-length": "0" } });
    await expect(verify(destination.requests[0], { url: `${destination.url}/empty` })).resolves.toBe(true);
  });

  test("bytes that are no text arrive unchanged", async () => {
    const { qstash, client, destination } = await setUp();
    const bytes = Uint8Array.from([0, 255, 254, 128, 10, 13, 0]);
    await client.publish({ url: destination.url, body: new Blob([bytes]) });
    await qstash.idle();
    expect(destination.requests[0]?.body).toEqual(Buffer.from(bytes));
  });

  test("configuration is also read from the query, which the destination does not see", async () => {
    const { qstash, destination } = await setUp();
    const answer = await fetch(
      `${qstash.url}/v2/publish/${destination.url}/h?a=1&qstash_token=${TOKEN}&upstash-method=PATCH&b=%2F&upstash-forward-x-from=query`,
      { method: "POST", body: "x" },
    );
    expect(answer.status).toBe(200);
    await qstash.idle();
    expect(destination.requests[0]).toMatchObject({ method: "PATCH", path: "/h?a=1&b=%2F", headers: { "x-from": "query" } });
  });

  test("Upstash-Header-Forward forwards every header but the token", async () => {
    const { qstash, destination } = await setUp();
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      "upstash-header-forward": "true",
      "x-plain": "kept",
      "upstash-retries": "0",
    };
    await fetch(`${qstash.url}/v2/publish/${destination.url}`, { method: "POST", body: "x", headers });
    await qstash.idle();
    expect(destination.requests[0]?.headers).toMatchObject({ "x-plain": "kept" });
    expect(destination.requests[0]?.headers).not.toHaveProperty("authorization");
    expect(destination.requests[0]?.headers).not.toHaveProperty("upstash-retries");
  });

  test("a batch answers in order, delivers each item as configured, and carries refusals inside a 200", async () => {
    const { qstash, client, destination } = await setUp();
    const answers = await client.batchJSON([
      { url: `${destination.url}/one`, body: { n: 1 }, headers: { "x-n": "1" }, method: "PUT" },
      { url: "ftp://nowhere", body: { n: 2 } },
      { url: `${destination.url}/three`, body: { n: 3 }, queueName: "q3" },
      { url: `${destination.url}/four`, body: { n: 4 }, headers: { "Upstash-Delay": "soon" } },
    ]);
    expect(answers).toEqual([
      { messageId: expect.stringMatching(/^msg_/) },
      { error: expect.stringContaining("invalid scheme") },
      { messageId: expect.stringMatching(/^msg_/) },
      { error: expect.stringContaining("Upstash-Delay") },
    ]);
    await qstash.idle();
    expect(destination.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(["POST /three", "PUT /one"]);
    expect(await client.queue({ queueName: "q3" }).get()).toMatchObject({ name: "q3", parallelism: 1, lag: 0, paused: false });
  });

  test("a batch can be told to refuse items, which are then not delivered", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.chaos.batchItemError = 0.5;
    const items = Array.from({ length: 40 }, (_, n) => ({ url: destination.url, body: { n } }));
    const answers = await client.batchJSON(items);
    const refused = answers.filter((answer) => "error" in answer);
    await qstash.idle();
    expect(refused.length).toBeGreaterThan(5);
    expect(refused.length).toBeLessThan(35);
    expect(destination.ids().sort()).toEqual(
      answers.flatMap((answer) => ("messageId" in answer ? [answer.messageId] : [])).sort(),
    );
  });

  test("a publish whose connection is reset before it is read is sent again by the client and delivered once", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.faults.push({ kind: "reset-before", times: 1 });
    await client.publishJSON({ url: destination.url, body: {} });
    await qstash.idle();
    expect(destination.requests).toHaveLength(1);
  });

  test("a publish whose answer is lost is applied twice, unless it has a deduplication id", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.faults.push({ kind: "reset-after", times: 1 });
    await client.publishJSON({ url: `${destination.url}/twice`, body: {} });
    qstash.faults.push({ kind: "reset-after", times: 1 });
    const again = await client.publishJSON({ url: `${destination.url}/once`, body: {}, deduplicationId: "job-1" });
    expect(again).toMatchObject({ deduplicated: true });
    await qstash.idle();
    expect(destination.paths()).toEqual(["/twice", "/twice", "/once"]);
  });
});

describe("errors", () => {
  test("a wrong token is refused with 401", async () => {
    const { qstash, destination } = await setUp();
    const stranger = new Client({ baseUrl: qstash.url, token: "wrong", devMode: false });
    await expect(stranger.publish({ url: destination.url })).rejects.toMatchObject({ name: "QstashError", status: 401 });
    expect((await fetch(`${qstash.url}/v2/keys`)).status).toBe(401);
  });

  test.each([
    ["a destination that is no URL", "not-a-url", {}],
    ["a scheme other than http", "ftp://host/x", {}],
    ["a delay without unit", "http://host", { "upstash-delay": "5" }],
    ["a not-before that is no number", "http://host", { "upstash-not-before": "tomorrow" }],
    ["negative retries", "http://host", { "upstash-retries": "-1" }],
    ["a retry delay that is no expression", "http://host", { "upstash-retry-delay": "pow(2, retried" }],
    ["a retry delay that calls what is no function", "http://host", { "upstash-retry-delay": "constructor(1)" }],
    ["a callback that is no URL", "http://host", { "upstash-callback": "nowhere" }],
    ["a flow-control key without limits", "http://host", { "upstash-flow-control-key": "k" }],
    ["a timeout without unit", "http://host", { "upstash-timeout": "abc" }],
  ])("%s is refused with 400 and a reason", async (_name, url, headers) => {
    const { client, qstash } = await setUp();
    const error = await failure(client.publish({ url, headers }));
    expect(error).toMatchObject({ name: "QstashError", status: 400 });
    expect(JSON.parse(error.message)).toEqual({ error: expect.any(String) });
    expect(qstash.messages()).toEqual([]);
  });

  test("a method that is none is refused with 400", async () => {
    const { qstash } = await setUp();
    expect((await call(qstash, "POST", "/v2/publish/http://host", "", { "upstash-method": "TRACE" })).status).toBe(400);
  });

  test("a batch that is no list is refused with 400", async () => {
    const { qstash } = await setUp();
    for (const body of ["{", "{}", '[{"body":"x"}]', '[{"destination":"http://h","body":{}}]', "[null]"]) {
      expect((await call(qstash, "POST", "/v2/batch", body)).status).toBe(400);
    }
  });

  test("limits are kept: size 413, delay 412, schedules 412", async () => {
    const { client, destination } = await setUp({ limits: { messageBytes: 10, delayMs: 60_000, schedules: 1 } });
    const { url } = destination;
    await expect(client.publish({ url, body: "12345678901" })).rejects.toMatchObject({ status: 413 });
    await expect(client.publish({ url, delay: "61s" })).rejects.toMatchObject({ status: 412 });
    await expect(client.publish({ url, notBefore: Math.floor(Date.now() / 1_000) + 120 })).rejects.toMatchObject({ status: 412 });
    await client.schedules.create({ destination: url, cron: "0 0 1 1 *", scheduleId: "one" });
    await client.schedules.create({ destination: url, cron: "0 0 2 1 *", scheduleId: "one" });
    await expect(client.schedules.create({ destination: url, cron: "0 0 1 1 *" })).rejects.toMatchObject({ status: 412 });
  });

  test("the client recognises each kind of 429, and does not send again", async () => {
    const { qstash, client, destination } = await setUp();
    const kinds = { burst: QstashRatelimitError, daily: QstashDailyRatelimitError, chat: QstashChatRatelimitError };
    for (const [kind, error] of Object.entries(kinds)) {
      qstash.faults.push({ ...RATE_LIMIT_FAULTS[kind as keyof typeof kinds], times: 1 });
      expect((await failure(client.publish({ url: destination.url }))).constructor).toBe(error);
    }
    await qstash.idle();
    expect(destination.requests).toEqual([]);
  });

  test("a 500 reaches the caller at once", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.faults.push({ kind: "status", status: 500, body: '{"error":"broken"}', times: 1 });
    await expect(client.publish({ url: destination.url })).rejects.toMatchObject({ status: 500, message: '{"error":"broken"}' });
  });

  test("what is not there answers 404", async () => {
    const { client, qstash } = await setUp();
    const lookUps = [
      client.messages.get("msg_0"),
      client.messages.cancel("msg_0"),
      client.schedules.get("scd_0"),
      client.schedules.delete("scd_0"),
      client.queue({ queueName: "q0" }).get(),
      client.urlGroups.get("g0"),
      client.dlq.delete("1-1"),
    ];
    for (const lookUp of lookUps) await expect(lookUp).rejects.toMatchObject({ status: 404 });
    expect((await call(qstash, "GET", "/v2/dlq/1-1")).status).toBe(404);
    expect((await call(qstash, "GET", "/v3/anything")).status).toBe(404);
  });
});

describe("signatures", () => {
  test("another URL, another body and another key are refused", async () => {
    const { qstash, client, destination } = await setUp();
    await client.publishJSON({ url: `${destination.url}/a`, body: { n: 1 } });
    await qstash.idle();
    const [request] = destination.requests;
    await expect(verify(request, { url: `${destination.url}/a/` })).rejects.toThrow("invalid subject");
    await expect(verify(request, { url: `${destination.url}/a`, body: '{"n":2}' })).rejects.toThrow("body hash");
    await expect(verify(request, { url: `${destination.url}/a`, current: "sig_x", next: "sig_y" })).rejects.toThrow(
      SignatureError,
    );
  });

  test("a receiver that knows both keys outlives one rotation and refuses after two", async () => {
    const { qstash, client, destination } = await setUp();
    await publishAndWait();
    const rotated = qstash.rotateKeys();
    expect(rotated.current).toBe(NEXT_KEY);
    await publishAndWait();
    const rotatedAgain = await call(qstash, "POST", "/v2/keys/rotate").then((answer) => answer.json());
    expect(rotatedAgain).toEqual({ current: rotated.next, next: expect.stringMatching(/^sig_/) });
    expect(await call(qstash, "GET", "/v2/keys").then((answer) => answer.json())).toEqual(rotatedAgain);
    await publishAndWait();
    const [before, after, afterTwo] = destination.requests;
    await expect(verify(before)).resolves.toBe(true);
    await expect(verify(after)).resolves.toBe(true);
    await expect(verify(afterTwo)).rejects.toThrow(SignatureError);
    await expect(verify(afterTwo, { current: rotated.current, next: rotated.next })).resolves.toBe(true);

    async function publishAndWait() {
      await client.publish({ url: destination.url });
      await qstash.idle();
    }
  });

  test("a retry after a rotation is signed with the new key, by a fresh token", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = () => {
      if (destination.requests.length > 1) return { status: 200 };
      qstash.rotateKeys();
      return { status: 500 };
    };
    await client.publish({ url: destination.url });
    await qstash.idle({ includeDelayed: true });
    const [first, second] = destination.requests;
    await expect(verify(first, { current: CURRENT_KEY, next: CURRENT_KEY })).resolves.toBe(true);
    await expect(verify(second, { current: CURRENT_KEY, next: CURRENT_KEY })).rejects.toThrow(SignatureError);
    await expect(verify(second, { current: NEXT_KEY, next: NEXT_KEY })).resolves.toBe(true);
    expect(claims(first).jti).not.toBe(claims(second).jti);
  });

  test("a token of a fast clock needs tolerance, one that expired is refused", async () => {
    const { qstash, client, destination } = await setUp();
    for (const clockSkewSeconds of [30, -30, -600]) {
      qstash.chaos.clockSkewSeconds = clockSkewSeconds;
      await client.publish({ url: destination.url });
      await qstash.idle();
    }
    const [ahead, behind, expired] = destination.requests;
    await expect(verify(ahead)).rejects.toThrow(SignatureError);
    await expect(verify(ahead, { clockTolerance: 60 })).resolves.toBe(true);
    await expect(verify(behind)).resolves.toBe(true);
    await expect(verify(expired, { clockTolerance: 60 })).rejects.toThrow(SignatureError);
  });
});

describe("retries", () => {
  test("the clock is e^(2.5 n) seconds, capped at a day", () => {
    const seconds = [0, 1, 2, 3, 4, 50].map((retried) => Math.round(retryDelayMs({ retried, answered: {}, nowMs: 0 }) / 1_000));
    expect(seconds).toEqual([12, 148, 1_808, 22_026, 86_400, 86_400]);
  });

  test.each([
    ["1000 * (1 + retried)", [1_000, 2_000, 3_000]],
    ["pow(2, retried) * 1000", [1_000, 2_000, 4_000]],
    ["max(1000, pow(2, retried) * 100) - 10 % 3", [999, 999, 999]],
    ["min(round(exp(retried)), floor(7.9), ceil(2.1))", [1, 3, 3]],
    ["sqrt(abs(-4)) / 2", [1, 1, 1]],
    ["-5", [0, 0, 0]],
    ["1 / 0", [86_400_000, 86_400_000, 86_400_000]],
  ])("the expression %s is computed in milliseconds", (expression, expected) => {
    expect([0, 1, 2].map((retried) => retryDelayMs({ retried, expression, answered: {}, nowMs: 0 }))).toEqual(expected);
  });

  test.each([
    [{ "retry-after": ["7"] }, 7_000],
    [{ "retry-after": ["Thu, 01 Jan 1970 00:00:30 GMT"] }, 30_000],
    [{ "x-ratelimit-reset": ["2"] }, 2_000],
    [{ "x-ratelimit-reset-requests": ["6m5s"], "x-ratelimit-reset-tokens": ["20ms"] }, 365_000],
    [{ "retry-after": ["999999"] }, 86_400_000],
    [{ "retry-after": ["whenever"] }, 1],
  ])("the destination's %o replaces the message's own delay", (answered, expected) => {
    expect(retryDelayMs({ retried: 0, expression: "1", answered, nowMs: 0 })).toBe(expected);
  });

  test("three retries by default, with one message id and a growing count; then the dead-letter queue", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = () => ({ status: 503, headers: { "x-why": "down" }, body: "down" });
    const { messageId } = await client.publish({ url: destination.url, body: "b" });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests.map(({ headers }) => headers["upstash-retried"])).toEqual(["0", "1", "2", "3"]);
    expect(new Set(destination.ids())).toEqual(new Set([messageId]));
    const { messages } = await client.dlq.listMessages();
    expect(messages).toMatchObject([
      {
        messageId,
        url: destination.url,
        body: "b",
        maxRetries: 3,
        responseStatus: 503,
        responseBody: "down",
        responseHeader: { "x-why": ["down"] },
      },
    ]);
    expect(messages[0]?.dlqId).toMatch(/^\d+-\d+$/);
    expect(qstash.dlq().map(({ dlqId }) => dlqId)).toEqual([messages[0]?.dlqId]);
  });

  test("Upstash-Retries 0 gives up at once, and a redirect is a failure", async () => {
    const { qstash, client, destination } = await setUp();
    destination.answer = () => ({ status: 302, headers: { location: "/elsewhere" } });
    await client.publish({ url: destination.url, retries: 0 });
    await qstash.idle();
    expect(destination.paths()).toEqual(["/"]);
    expect(qstash.dlq()).toMatchObject([{ responseStatus: 302 }]);
  });

  test("a destination that answers Retry-After 0 is tried again at once", async () => {
    const { qstash, client, destination } = await setUp();
    destination.answer = () =>
      destination.requests.length < 3 ? { status: 503, headers: { "retry-after": "0" } } : { status: 200 };
    await client.publish({ url: destination.url, retryDelay: "86400000" });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests).toHaveLength(3);
  });

  test("a message waits as long as Retry-After says, and the queue of the rest goes on", async () => {
    const { qstash, client, destination } = await setUp();
    destination.answer = ({ path }) => (path === "/busy" ? { status: 503, headers: { "retry-after": "3600" } } : { status: 200 });
    const { messageId } = await client.publish({ url: `${destination.url}/busy`, retryDelay: "0" });
    await client.publish({ url: `${destination.url}/free` });
    await qstash.idle();
    expect(destination.paths().sort()).toEqual(["/busy", "/free"]);
    const [waiting] = qstash.messages();
    expect(waiting).toMatchObject({ messageId, retried: 1 });
    expect((waiting?.notBefore ?? 0) - (waiting?.createdAt ?? 0)).toBeGreaterThanOrEqual(3_600_000);
  });

  test("489 with Upstash-NonRetryable-Error goes straight to the dead-letter queue; 489 alone is retried", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    const final = { status: 489, headers: { "Upstash-NonRetryable-Error": "true" } };
    destination.answer = ({ path }) => (path === "/final" ? final : { status: 489 });
    await client.publish({ url: `${destination.url}/final` });
    await client.publish({ url: `${destination.url}/plain` });
    await qstash.idle({ includeDelayed: true });
    expect(destination.paths().sort()).toEqual(["/final", "/plain", "/plain", "/plain", "/plain"]);
    expect(qstash.dlq()).toHaveLength(2);
  });

  test("an attempt that outlasts Upstash-Timeout is given up and made again", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    const release = Promise.withResolvers<WireAnswer>();
    cleanups.push(() => release.resolve({ status: 200 }));
    destination.answer = () => (destination.requests.length === 1 ? release.promise : { status: 200 });
    const { messageId } = await client.publish({ url: destination.url, headers: { "Upstash-Timeout": "200ms" } });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests.length).toBeGreaterThanOrEqual(2);
    expect(qstash.dlq()).toEqual([]);
    const { logs } = await client.logs({ messageIds: [messageId] });
    expect(logs.find(({ state }) => state === "ERROR")?.error).toContain("200 ms");
  });

  test("a destination that cannot be reached is a failed attempt", async () => {
    const { qstash, client } = await setUp({ timeScale: NO_WAITING });
    const gone = await startDestination();
    await gone.close();
    await client.publish({ url: gone.url, retries: 1 });
    await qstash.idle({ includeDelayed: true });
    expect(qstash.dlq()).toMatchObject([
      { responseStatus: 0, error: expect.stringContaining("ECONNREFUSED"), message: { retried: 1 } },
    ]);
  });

  test("no more attempts run at once than allowed", async () => {
    const { qstash, client, destination } = await setUp({ concurrency: 3 });
    const most = watchConcurrency(destination, 3);
    await client.batchJSON(Array.from({ length: 12 }, (_, n) => ({ url: destination.url, body: n })));
    await qstash.idle();
    expect(destination.requests).toHaveLength(12);
    expect(most()).toBe(3);
  });
});

describe("callbacks", () => {
  test("a callback tells the answer of every attempt, with its own method and headers, and verifies", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = ({ path }) =>
      path === "/job" && destination.paths().filter((each) => each === "/job").length === 1
        ? { status: 500, body: "not yet" }
        : { status: 200, body: "done", headers: { "x-answer": "42" } };
    const { messageId } = await client.publish({
      url: `${destination.url}/job`,
      body: "work",
      headers: { "x-source": "s", "Upstash-Callback-Method": "PUT", "Upstash-Callback-Forward-X-Token": "secret" },
      callback: `${destination.url}/callback`,
      failureCallback: `${destination.url}/failure`,
    });
    await qstash.idle({ includeDelayed: true });
    expect(destination.paths().filter((path) => path === "/failure")).toEqual([]);
    const callbacks = destination.requests.filter(({ path }) => path === "/callback");
    expect(callbacks).toHaveLength(2);
    expect(callbacks[0]).toMatchObject({ method: "PUT", headers: { "x-token": "secret", "content-type": "application/json" } });
    const told = callbacks.map(({ body }) => JSON.parse(body.toString())).sort((one, other) => one.retried - other.retried);
    expect(told).toMatchObject([
      { status: 500, body: base64("not yet"), retried: 0, maxRetries: 3, sourceMessageId: messageId, sourceBody: base64("work") },
      { status: 200, body: base64("done"), retried: 1, header: { "x-answer": ["42"] }, sourceHeader: { "x-source": ["s"] } },
    ]);
    await expect(verify(callbacks[0], { url: `${destination.url}/callback` })).resolves.toBe(true);
  });

  test("a failure callback tells, once, what was given up and where it lies", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = ({ path }) => (path === "/job" ? { status: 500, body: "broken" } : { status: 200 });
    const url = `${destination.url}/job`;
    const { messageId } = await client.publish({ url, body: "work", retries: 2, failureCallback: `${destination.url}/failure` });
    await qstash.idle({ includeDelayed: true });
    const failures = destination.requests.filter(({ path }) => path === "/failure");
    expect(failures.map(({ body }) => JSON.parse(body.toString()))).toMatchObject([
      {
        status: 500,
        body: base64("broken"),
        retried: 2,
        maxRetries: 2,
        dlqId: qstash.dlq()[0]?.dlqId,
        sourceMessageId: messageId,
        sourceBody: base64("work"),
        url,
        method: "POST",
      },
    ]);
    expect(failures[0]?.headers["upstash-message-id"]).not.toBe(messageId);
  });
});

describe("the dead-letter queue", () => {
  test("is listed, filtered, paged, read and deleted", async () => {
    const { client, destination, qstash } = await deadLetters(5);
    const all = await client.dlq.listMessages();
    expect(all.messages).toHaveLength(5);
    expect(all.cursor).toBeUndefined();
    const first = await client.dlq.listMessages({ count: 3 });
    const rest = await client.dlq.listMessages({ count: 3, cursor: first.cursor });
    expect([...first.messages, ...rest.messages].map(({ dlqId }) => dlqId)).toEqual(all.messages.map(({ dlqId }) => dlqId));
    expect(rest.cursor).toBeUndefined();
    const chosen = await client.dlq.listMessages({ filter: { label: ["n1", "n2"], responseStatus: 500, url: destination.url } });
    expect(chosen.messages.map(({ body }) => body).sort()).toEqual(["1", "2"]);
    expect((await client.dlq.listMessages({ filter: { responseStatus: 404 } })).messages).toEqual([]);

    const [one, two] = all.messages.map(({ dlqId }) => dlqId);
    const answer = await call(qstash, "GET", `/v2/dlq/${one}`);
    expect(await answer.json()).toMatchObject({ dlqId: one, messageId: all.messages[0]?.messageId });
    expect(await client.dlq.delete(`${one}`)).toEqual({ deleted: 1 });
    expect(await client.dlq.delete([`${two}`])).toMatchObject({ deleted: 1 });
    expect(await client.dlq.delete({ filter: { label: "none" } })).toMatchObject({ deleted: 0 });
    expect(await client.dlq.delete({ all: true })).toMatchObject({ deleted: 3 });
    expect(qstash.dlq()).toEqual([]);
  });

  test("a retried letter leaves it as a new message with the same body and headers", async () => {
    const { client, destination, qstash } = await deadLetters(3);
    destination.requests.length = 0;
    destination.answer = () => ({ status: 200 });
    const [letter] = (await client.dlq.listMessages({ filter: { label: "n1" } })).messages;
    const { responses } = await client.dlq.retry(`${letter?.dlqId}`);
    await qstash.idle();
    expect(responses).toEqual([{ messageId: destination.ids()[0] }]);
    expect(destination.ids()[0]).not.toBe(letter?.messageId);
    expect(destination.requests[0]).toMatchObject({ headers: { "upstash-retried": "0", "x-kept": "yes" } });
    expect(destination.bodies()).toEqual(["1"]);
    expect(qstash.dlq()).toHaveLength(2);
    expect((await client.dlq.retry({ all: true, count: 1 })).cursor).toEqual(expect.any(String));
    expect((await client.dlq.retry({ all: true })).responses).toHaveLength(1);
    await qstash.idle();
    expect(destination.bodies().sort()).toEqual(["0", "1", "2"]);
    expect(qstash.dlq()).toEqual([]);
  });

  test("headers of a retry override the settings that the message had", async () => {
    const { qstash, destination } = await deadLetters(1);
    destination.requests.length = 0;
    await call(qstash, "POST", `/v2/dlq/retry/${qstash.dlq()[0]?.dlqId}`, undefined, {
      "upstash-retries": "2",
      "upstash-method": "PUT",
    });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests.map(({ method }) => method)).toEqual(["PUT", "PUT", "PUT"]);
    expect(qstash.dlq()).toHaveLength(1);
  });

  async function deadLetters(count: number) {
    const context = await setUp({ timeScale: NO_WAITING });
    context.destination.answer = () => ({ status: 500 });
    for (let n = 0; n < count; n += 1) {
      const { url } = context.destination;
      await context.client.publish({ url, body: `${n}`, retries: 0, label: [`n${n}`, "all"], headers: { "x-kept": "yes" } });
    }
    await context.qstash.idle({ includeDelayed: true });
    return context;
  }
});

describe("deduplication", () => {
  test("a second publish of an id is answered 202 with the first message's id and not delivered, also after the first died", async () => {
    const { qstash, client, destination } = await setUp();
    destination.answer = () => ({ status: 500 });
    const first = await client.publish({ url: destination.url, deduplicationId: "d1", retries: 0 });
    await qstash.idle();
    expect(qstash.dlq()).toHaveLength(1);
    const headers = { authorization: `Bearer ${TOKEN}`, "upstash-deduplication-id": "d1" };
    const second = await fetch(`${qstash.url}/v2/publish/${destination.url}`, { method: "POST", headers });
    expect(second.status).toBe(202);
    expect(await second.json()).toEqual({ messageId: first.messageId, deduplicated: true });
    const [third] = await client.batch([{ url: destination.url, deduplicationId: "d1" }]);
    expect(third).toEqual({ messageId: first.messageId, deduplicated: true });
    await client.publish({ url: destination.url, deduplicationId: "d1:2", retries: 0 });
    await qstash.idle();
    expect(destination.requests).toHaveLength(2);
  });

  test("content-based deduplication looks at destination, body and headers", async () => {
    const { qstash, client, destination } = await setUp();
    const publish = (path: string, body: string, header: string) =>
      client.publish({ url: `${destination.url}${path}`, body, headers: { "x-h": header }, contentBasedDeduplication: true });
    await publish("/a", "1", "h");
    for (const [path, body, header] of [
      ["/b", "1", "h"],
      ["/a", "2", "h"],
      ["/a", "1", "i"],
    ] as const) {
      expect(await publish(path, body, header)).not.toHaveProperty("deduplicated");
    }
    expect(await publish("/a", "1", "h")).toMatchObject({ deduplicated: true });
    await qstash.idle();
    expect(destination.requests).toHaveLength(4);
  });

  test("an id may be used again when its window has passed", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: 60_000 });
    const first = await client.publish({ url: destination.url, deduplicationId: "d" });
    await vi.waitFor(async () => {
      const again = await client.publish({ url: destination.url, deduplicationId: "d" });
      expect(again.messageId).not.toBe(first.messageId);
    }, POLL);
    await qstash.idle();
    expect(destination.requests).toHaveLength(2);
  });
});

describe("delays", () => {
  test("a delayed message waits; it can be read and cancelled meanwhile", async () => {
    const { qstash, client, destination } = await setUp();
    const before = Date.now();
    const { messageId } = await client.publish({ url: destination.url, headers: { "Upstash-Delay": "1d2h" }, body: "later" });
    await qstash.idle();
    expect(destination.requests).toEqual([]);
    const message = await client.messages.get(messageId);
    expect(message).toMatchObject({ messageId, url: destination.url, body: "later", method: "POST", maxRetries: 3 });
    expect((message.notBefore ?? 0) - before).toBeGreaterThanOrEqual(26 * 3_600_000);
    expect(await client.messages.cancel(messageId)).toEqual({ cancelled: 1 });
    await qstash.idle({ includeDelayed: true });
    await expect(client.messages.get(messageId)).rejects.toMatchObject({ status: 404 });
    expect(destination.requests).toEqual([]);
  });

  test("a delay is divided by the time scale", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: 1_000_000 });
    await client.publish({ url: destination.url, delay: "1d" });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests).toHaveLength(1);
  });

  test("not-before wins over a delay", async () => {
    const { qstash, client, destination } = await setUp();
    await client.publish({ url: `${destination.url}/past`, delay: "300d", notBefore: 1_000_000_000 });
    await client.publish({ url: `${destination.url}/future`, notBefore: Math.floor(Date.now() / 1_000) + 3_600 });
    await qstash.idle();
    expect(destination.paths()).toEqual(["/past"]);
    expect(qstash.messages()).toHaveLength(1);
  });

  test("a wait longer than any timer can express does not fire at once", async () => {
    const { qstash, client, destination } = await setUp();
    await client.publish({ url: destination.url, delay: "60d" });
    await client.publish({ url: `${destination.url}/probe` });
    await qstash.idle();
    expect(destination.paths()).toEqual(["/probe"]);
    expect(qstash.messages()).toHaveLength(1);
  });
});

describe("messages and logs", () => {
  test("messages are cancelled by id list, by label and all at once", async () => {
    const { qstash, client, destination } = await setUp();
    const url = `${destination.url}/x`;
    const ids: string[] = [];
    for (const label of [["a"], ["a", "b"], ["c"], ["d"], ["e"]])
      ids.push((await client.publish({ url, delay: "1d", label })).messageId);
    expect(await client.messages.cancel([`${ids[3]}`, "msg_unknown"])).toEqual({ cancelled: 1 });
    expect(await client.messages.cancel({ filter: { label: "a", host: new URL(url).host } })).toEqual({ cancelled: 2 });
    expect(await client.messages.cancel({ filter: { label: "a" } })).toEqual({ cancelled: 0 });
    expect(await client.messages.cancel({ all: true })).toEqual({ cancelled: 2 });
    expect(qstash.messages()).toEqual([]);
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests).toEqual([]);
  });

  test("cancelling a message in flight stops its retries", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<WireAnswer>();
    destination.answer = () => {
      arrived.resolve();
      return release.promise;
    };
    const { messageId } = await client.publish({ url: destination.url });
    await arrived.promise;
    await client.messages.delete(messageId);
    release.resolve({ status: 500 });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests).toHaveLength(1);
    expect(qstash.dlq()).toEqual([]);
  });

  test("logs tell each step of a message, newest first, by either path", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = () => (destination.requests.length === 1 ? { status: 500 } : { status: 200 });
    const { messageId } = await client.publish({ url: destination.url, label: "l" });
    await qstash.idle({ includeDelayed: true });
    await client.publish({ url: destination.url });
    await qstash.idle({ includeDelayed: true });
    const { logs, cursor } = await client.logs({ messageIds: [messageId] });
    expect(logs.map(({ state }) => state)).toEqual(["DELIVERED", "ACTIVE", "RETRY", "ERROR", "ACTIVE", "CREATED"]);
    expect(logs[3]).toMatchObject({ messageId, url: destination.url, responseStatus: 500, labels: ["l"], label: "l" });
    expect(cursor).toBeUndefined();
    const page = await client.logs({ filter: { messageId }, count: 4 });
    const rest = await client.logs({ filter: { messageId }, count: 4, cursor: `${page.cursor}` });
    expect([...page.logs, ...rest.logs]).toEqual(logs);
    expect((await client.logs({ filter: { state: "DELIVERED", label: "l" } })).logs).toHaveLength(1);
    const answer = await call(qstash, "GET", `/v2/logs?messageId=${messageId}`);
    expect(((await answer.json()) as { events: unknown[] }).events).toHaveLength(6);
  });

  test("redacted fields are shown as hashes and delivered in full", async () => {
    const { qstash, client, destination } = await setUp();
    destination.answer = () => ({ status: 500 });
    const headers = { Authorization: "Bearer s", "x-open": "o" };
    await client.publish({
      url: destination.url,
      body: "cpf 529",
      headers,
      redact: { body: true, header: ["Authorization"] },
      retries: 0,
    });
    await qstash.idle();
    expect(destination.bodies()).toEqual(["cpf 529"]);
    expect(destination.requests[0]?.headers).toMatchObject({ authorization: "Bearer s" });
    const [letter] = (await client.dlq.listMessages()).messages;
    expect(letter?.body).toMatch(/^REDACTED:[0-9a-f]{64}$/);
    expect(letter?.header).toMatchObject({ authorization: [expect.stringMatching(/^REDACTED:/)], "x-open": ["o"] });
  });
});

describe("queues", () => {
  test("a queue delivers in order, and the next message waits for all retries and callbacks of the one before", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    const steps: string[] = [];
    destination.answer = async ({ path }) => {
      steps.push(`${path} begins`);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      steps.push(`${path} ends`);
      return { status: path === "/first" ? 500 : 200 };
    };
    const queue = client.queue({ queueName: "orders" });
    await queue.enqueueJSON({
      url: `${destination.url}/first`,
      body: {},
      retries: 2,
      failureCallback: `${destination.url}/failure`,
    });
    await queue.enqueue({ url: `${destination.url}/second`, callback: `${destination.url}/told` });
    await queue.enqueue({ url: `${destination.url}/third` });
    await qstash.idle({ includeDelayed: true });
    const order = ["/first", "/first", "/first", "/failure", "/second", "/told", "/third"];
    expect(steps).toEqual(order.flatMap((path) => [`${path} begins`, `${path} ends`]));
  });

  test("a queue runs as many at once as its parallelism says", async () => {
    const { qstash, client, destination } = await setUp();
    const most = watchConcurrency(destination, 2);
    await client.queue({ queueName: "pair" }).upsert({ parallelism: 2 });
    await client.batch(Array.from({ length: 8 }, () => ({ url: destination.url, queueName: "pair" })));
    await qstash.idle();
    expect(destination.requests).toHaveLength(8);
    expect(most()).toBe(2);
  });

  test("a paused queue holds its messages until it is resumed", async () => {
    const { qstash, client, destination } = await setUp();
    const queue = client.queue({ queueName: "held" });
    await queue.upsert({ parallelism: 1, paused: true });
    for (const n of [1, 2, 3]) await queue.enqueueJSON({ url: destination.url, body: n });
    await qstash.idle();
    expect(destination.requests).toEqual([]);
    expect(await queue.get()).toMatchObject({ name: "held", lag: 3, paused: true });
    await queue.resume();
    await qstash.idle({ includeDelayed: true });
    expect(destination.bodies()).toEqual(["1", "2", "3"]);
    await queue.pause();
    expect(await queue.list()).toMatchObject([{ name: "held", lag: 0, paused: true, parallelism: 1 }]);
  });

  test("a deleted queue takes its waiting messages along; a cancelled head lets the next one go", async () => {
    const { qstash, client, destination } = await setUp();
    const queue = client.queue({ queueName: "gone" });
    const head = await queue.enqueue({ url: `${destination.url}/head`, delay: "1d" });
    await queue.enqueue({ url: `${destination.url}/next` });
    await qstash.idle();
    expect(destination.requests).toEqual([]);
    await client.messages.cancel(head.messageId);
    await qstash.idle({ includeDelayed: true });
    expect(destination.paths()).toEqual(["/next"]);
    await queue.pause();
    await queue.enqueue({ url: destination.url });
    await queue.delete();
    expect(await queue.list()).toEqual([]);
    expect(qstash.messages()).toEqual([]);
  });
});

describe("flow control", () => {
  test("no more attempts of a key run at once than its parallelism", async () => {
    const { qstash, client, destination } = await setUp();
    const most = watchConcurrency(destination, 2);
    const flowControl = { key: "tenant-1", parallelism: 2 };
    await client.batch(Array.from({ length: 9 }, () => ({ url: destination.url, flowControl })));
    await vi.waitFor(async () => {
      const state = await client.flowControl.get("tenant-1");
      expect(state).toMatchObject({ parallelismMax: 2, isPaused: false });
      expect(destination.requests.length).toBeGreaterThan(0);
    }, POLL);
    await vi.waitFor(() => expect(qstash.messages()).toEqual([]), POLL);
    expect(destination.requests).toHaveLength(9);
    expect(most()).toBe(2);
    expect(await client.flowControl.getGlobalParallelism()).toEqual({ parallelismMax: 32, parallelismCount: 0 });
  });

  test("no more attempts of a key start in a period than its rate", async () => {
    const { qstash, client, destination } = await setUp();
    const flowControl = { key: "slow", rate: 2, period: "1h" } as const;
    await client.batch(Array.from({ length: 5 }, () => ({ url: destination.url, flowControl })));
    await qstash.idle();
    expect(destination.requests).toHaveLength(2);
    expect(await client.flowControl.get("slow")).toMatchObject({ rateMax: 2, rateCount: 2, ratePeriod: 3_600, waitListSize: 3 });
    await client.flowControl.resetRate("slow");
    await vi.waitFor(() => expect(destination.requests).toHaveLength(4), POLL);
    expect(await client.flowControl.get("slow")).toMatchObject({ rateCount: 2, waitListSize: 1 });
  });

  test("a new period lets the rest go", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: 100_000 });
    await client.batch(
      Array.from({ length: 5 }, () => ({ url: destination.url, flowControl: { key: "k", rate: 2, period: "1h" } })),
    );
    await vi.waitFor(() => expect(qstash.messages()).toEqual([]), POLL);
    expect(destination.requests).toHaveLength(5);
  });

  test("a key can be paused, pinned and let go", async () => {
    const { qstash, client, destination } = await setUp();
    const { flowControl } = client;
    await flowControl.pause("k");
    await client.publish({ url: destination.url, flowControl: { key: "k", parallelism: 5 } });
    await qstash.idle();
    expect(destination.requests).toEqual([]);
    await flowControl.pin("k", { parallelism: 1, rate: 7, period: 60 });
    expect(await flowControl.get("k")).toMatchObject({
      isPaused: true,
      waitListSize: 1,
      parallelismMax: 1,
      rateMax: 7,
      ratePeriod: 60,
      isPinnedParallelism: true,
      isPinnedRate: true,
    });
    await flowControl.unpin("k", { parallelism: true, rate: true });
    expect(await flowControl.get("k")).toMatchObject({
      parallelismMax: 5,
      rateMax: 0,
      isPinnedParallelism: false,
      isPinnedRate: false,
    });
    await flowControl.resume("k");
    await vi.waitFor(() => expect(destination.requests).toHaveLength(1), POLL);
  });
});

describe("schedules", () => {
  test("a schedule is created, read, listed, replaced under its id, paused, resumed and deleted", async () => {
    const { client, destination } = await setUp();
    const { url } = destination;
    const created = await client.schedules.create({
      destination: url,
      cron: "CRON_TZ=America/Sao_Paulo 0 8 * * *",
      body: "x",
      retries: 1,
      queueName: "q",
    });
    expect(created.scheduleId).toMatch(/^scd_/);
    const schedule = await client.schedules.get(created.scheduleId);
    expect(schedule).toMatchObject({
      scheduleId: created.scheduleId,
      destination: url,
      method: "POST",
      body: "x",
      retries: 1,
      queueName: "q",
      isPaused: false,
    });
    expect(new Date(schedule.nextScheduleTime ?? 0).toISOString()).toMatch(/T11:00:00\.000Z$/);
    await client.schedules.create({ destination: url, cron: "0 9 * * *", scheduleId: "daily.v-1_x" });
    await client.schedules.create({ destination: url, cron: "0 10 * * *", scheduleId: "daily.v-1_x", method: "PUT" });
    expect((await client.schedules.list()).map(({ cron }) => cron)).toEqual([
      "CRON_TZ=America/Sao_Paulo 0 8 * * *",
      "0 10 * * *",
    ]);
    await client.schedules.pause({ schedule: "daily.v-1_x" });
    expect(await client.schedules.get("daily.v-1_x")).toMatchObject({ isPaused: true, method: "PUT" });
    await client.schedules.resume({ schedule: "daily.v-1_x" });
    expect((await client.schedules.get("daily.v-1_x")).isPaused).toBe(false);
    await client.schedules.delete("daily.v-1_x");
    await expect(client.schedules.get("daily.v-1_x")).rejects.toMatchObject({ status: 404 });
  });

  test("a bad expression, zone or id is refused with 400", async () => {
    const { client, destination } = await setUp();
    const bad = ["* * * *", "60 * * * *", "a * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "CRON_TZ=Mars/Base * * * * *"];
    for (const cron of bad) {
      await expect(client.schedules.create({ destination: destination.url, cron })).rejects.toMatchObject({ status: 400 });
    }
    const request = { destination: destination.url, cron: "* * * * *" };
    await expect(client.schedules.create({ ...request, scheduleId: "a b" })).rejects.toMatchObject({ status: 400 });
    await expect(client.schedules.create({ ...request, destination: "nowhere" })).rejects.toMatchObject({ status: 400 });
  });

  test("it fires at each tick with its id, not while paused, and not once deleted", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: 2_000 });
    const { scheduleId } = await client.schedules.create({
      destination: `${destination.url}/tick`,
      cron: "* * * * *",
      body: "t",
      headers: { "x-s": "1" },
    });
    await vi.waitFor(() => expect(destination.requests.length).toBeGreaterThanOrEqual(3), POLL);
    expect(destination.requests[0]).toMatchObject({ path: "/tick", headers: { "upstash-schedule-id": scheduleId, "x-s": "1" } });
    expect(new Set(destination.ids()).size).toBe(destination.requests.length);
    expect((await client.schedules.get(scheduleId)).lastScheduleTime).toEqual(expect.any(Number));

    await client.schedules.pause({ schedule: scheduleId });
    await qstash.idle();
    const paused = destination.requests.length;
    await client.schedules.create({ destination: `${destination.url}/probe`, cron: "* * * * *" });
    await vi.waitFor(
      () => expect(destination.paths().filter((path) => path === "/probe").length).toBeGreaterThanOrEqual(2),
      POLL,
    );
    expect(destination.paths().filter((path) => path === "/tick")).toHaveLength(paused);
    await client.schedules.resume({ schedule: scheduleId });
    await vi.waitFor(() => expect(destination.paths().filter((path) => path === "/tick").length).toBeGreaterThan(paused), POLL);
  });

  test.each([
    ["* * * * *", "2026-03-10T10:00:30Z", "2026-03-10T10:01:00Z"],
    ["*/15 9-17 * * mon-fri", "2026-03-13T17:45:00Z", "2026-03-16T09:00:00Z"],
    ["0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"],
    ["30 4 1,15 * 5", "2026-03-10T00:00:00Z", "2026-03-13T04:30:00Z"],
    ["5/20 * * jan,DEC 7", "2026-03-10T00:00:00Z", "2026-12-06T00:05:00Z"],
    ["CRON_TZ=America/Sao_Paulo 0 8 * * *", "2026-03-10T11:00:00Z", "2026-03-11T11:00:00Z"],
    ["CRON_TZ=Asia/Kolkata 15 0 * * *", "2026-03-10T00:00:00Z", "2026-03-10T18:45:00Z"],
    // New York leaves 02:30 out on 8 March 2026 and has 01:30 twice on 1 November.
    ["CRON_TZ=America/New_York 30 2 * * *", "2026-03-08T00:00:00Z", "2026-03-09T06:30:00Z"],
    ["CRON_TZ=America/New_York 30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
  ])("%s after %s fires at %s", (cron, after, expected) => {
    expect(new Date(nextFire({ cron: parseCron(cron), afterMs: Date.parse(after) }) ?? 0)).toEqual(new Date(expected));
  });

  test("a day that never comes has no next tick", () => {
    expect(nextFire({ cron: parseCron("0 0 31 2 *"), afterMs: Date.parse("2026-01-01T00:00:00Z") })).toBeUndefined();
  });
});

describe("URL groups", () => {
  test("a message for a group reaches each endpoint under its own id", async () => {
    const { qstash, client, destination } = await setUp();
    await client.urlGroups.addEndpoints({
      name: "all",
      endpoints: [{ name: "one", url: `${destination.url}/1` }, { url: `${destination.url}/2` }],
    });
    await client.urlGroups.addEndpoints({ name: "all", endpoints: [{ name: "one", url: `${destination.url}/one` }] });
    const answers = await client.publishJSON({ urlGroup: "all", body: {}, deduplicationId: "g" });
    expect(answers.map(({ url }) => url)).toEqual([`${destination.url}/2`, `${destination.url}/one`]);
    expect(await client.publishJSON({ urlGroup: "all", body: {}, deduplicationId: "g" })).toMatchObject([
      { deduplicated: true },
      { deduplicated: true },
    ]);
    await qstash.idle();
    expect(destination.requests.map(({ path, headers }) => `${path} ${headers["upstash-topic-name"]}`).sort()).toEqual([
      "/2 all",
      "/one all",
    ]);
    expect(destination.ids().sort()).toEqual(answers.map(({ messageId }) => messageId).sort());
    expect(await client.urlGroups.list()).toMatchObject([
      { name: "all", endpoints: [{ url: `${destination.url}/2` }, { name: "one" }] },
    ]);
    await client.urlGroups.removeEndpoints({ name: "all", endpoints: [{ name: "one" }] });
    expect((await client.urlGroups.get("all")).endpoints).toEqual([{ url: `${destination.url}/2` }]);
    await client.urlGroups.delete("all");
    await expect(client.publish({ urlGroup: "all" })).rejects.toMatchObject({ status: 400 });
  });
});

describe("chaos", () => {
  test("a duplicate is sent at the same time, with the same message id and count and its own token", async () => {
    const { qstash, client, destination } = await setUp();
    const both = Promise.withResolvers<void>();
    destination.answer = async () => {
      if (destination.requests.length === 2) both.resolve();
      await both.promise;
      return { status: 200 };
    };
    qstash.chaos.duplicate = 1;
    const { messageId } = await client.publish({ url: destination.url });
    await qstash.idle();
    const [first, second] = destination.requests;
    expect(destination.ids()).toEqual([messageId, messageId]);
    expect([first, second].map((request) => request?.headers["upstash-retried"])).toEqual(["0", "0"]);
    expect(claims(first).jti).not.toBe(claims(second).jti);
    expect(qstash.messages()).toEqual([]);
  });

  test("a message whose answer is lost after the work was done is delivered again", async () => {
    const { qstash, client, destination } = await setUp({ timeScale: NO_WAITING });
    destination.answer = () => {
      qstash.chaos.dropResponse = destination.requests.length === 1 ? 1 : 0;
      return { status: 200 };
    };
    const { messageId } = await client.publish({ url: destination.url });
    await qstash.idle({ includeDelayed: true });
    expect(destination.ids()).toEqual([messageId, messageId]);
    expect(destination.requests.map(({ headers }) => headers["upstash-retried"])).toEqual(["0", "1"]);
    expect(qstash.dlq()).toEqual([]);
  });

  test("reordering changes the order and loses nothing; queues keep theirs", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.chaos.reorder = true;
    const sent = Array.from({ length: 30 }, (_, n) => `${n}`);
    await client.batchJSON(sent.map((n) => ({ url: `${destination.url}/free`, body: Number(n) })));
    await client.batchJSON(sent.map((n) => ({ url: `${destination.url}/queue`, body: Number(n), queueName: "q" })));
    await qstash.idle({ includeDelayed: true });
    const bodiesOf = (path: string) =>
      destination.requests.filter((request) => request.path === path).map(({ body }) => body.toString());
    expect(bodiesOf("/free")).not.toEqual(sent);
    expect(bodiesOf("/free").sort()).toEqual([...sent].sort());
    expect(bodiesOf("/queue")).toEqual(sent);
  });

  test("a dropped message is accepted and never delivered, and its id stays taken", async () => {
    const { qstash, client, destination } = await setUp();
    await fetch(`${qstash.url}/__chaos`, { method: "PUT", body: '{"drop":1}' });
    expect(qstash.chaos).toEqual({ drop: 1 });
    const { messageId } = await client.publish({ url: destination.url, deduplicationId: "d" });
    await fetch(`${qstash.url}/__chaos`, { method: "PUT", body: "{}" });
    expect(await client.publish({ url: destination.url, deduplicationId: "d" })).toEqual({ messageId, deduplicated: true });
    await qstash.idle({ includeDelayed: true });
    expect(destination.requests).toEqual([]);
    expect(qstash.messages()).toEqual([]);
  });

  test("the same seed strikes the same messages", async () => {
    const struck = async (seed: number) => {
      const { qstash, client, destination } = await setUp({ seed, concurrency: 1 });
      qstash.chaos.drop = 0.5;
      await client.batch(Array.from({ length: 30 }, (_, n) => ({ url: `${destination.url}/${n}` })));
      await qstash.idle({ includeDelayed: true });
      return destination.paths();
    };
    expect(await struck(7)).toEqual(await struck(7));
    expect(await struck(7)).not.toEqual(await struck(8));
  });

  test("a late start is counted as work to be done", async () => {
    const { qstash, client, destination } = await setUp();
    qstash.chaos.delayMs = 20;
    await client.publish({ url: destination.url });
    await qstash.idle();
    expect(destination.requests).toHaveLength(1);
  });
});

describe("a stand-in with a state folder", () => {
  test("killed in the middle of a burst, it delivers after its restart every message that it had accepted", async () => {
    const stateDir = temporaryFolder();
    const destination = await startDestination();
    let open = false;
    destination.answer = () => ({ status: open ? 200 : 503 });
    const { url, child } = await spawnQstash(stateDir);
    const client = new Client({ baseUrl: url, token: TOKEN, devMode: false, enableTelemetry: false, retry: false });
    const accepted: string[] = [];
    const publishUntilKilled = async () => {
      for (;;) {
        const { messageId } = await client.publishJSON({ url: destination.url, body: {}, retries: 100, retryDelay: "10000" });
        accepted.push(messageId);
        if (accepted.length === 120) child.kill("SIGKILL");
      }
    };
    await Promise.allSettled(Array.from({ length: 6 }, publishUntilKilled));
    expect(accepted.length).toBeGreaterThanOrEqual(120);
    open = true;
    destination.requests.length = 0;
    const { qstash } = await setUp({ stateDir, timeScale: NO_WAITING });
    await vi.waitFor(() => expect(qstash.messages()).toEqual([]), POLL);
    const delivered = new Set(destination.ids());
    expect(accepted.filter((messageId) => !delivered.has(messageId))).toEqual([]);
    expect(qstash.dlq()).toEqual([]);
  });

  test("it keeps dead letters, schedules, queues, URL groups, pins and deduplication over a kill, and nothing that was finished", async () => {
    const stateDir = temporaryFolder();
    const destination = await startDestination();
    destination.answer = ({ path }) => ({ status: path === "/dead" ? 500 : 200 });
    const { url, child } = await spawnQstash(stateDir);
    const client = new Client({ baseUrl: url, token: TOKEN, devMode: false, enableTelemetry: false });
    const dead = await client.publish({ url: `${destination.url}/dead`, retries: 0 });
    const done = await client.publish({ url: `${destination.url}/done`, deduplicationId: "once" });
    await client.queue({ queueName: "q" }).upsert({ parallelism: 3, paused: true });
    const queued = await client.queue({ queueName: "q" }).enqueue({ url: `${destination.url}/queued` });
    await client.urlGroups.addEndpoints({ name: "g", endpoints: [{ url: destination.url }] });
    await client.schedules.create({ destination: destination.url, cron: "0 0 1 1 *", scheduleId: "s" });
    await client.flowControl.pin("k", { parallelism: 4 });
    await vi.waitFor(async () => {
      expect((await client.dlq.listMessages()).messages).toHaveLength(1);
      expect((await client.logs({ filter: { state: "DELIVERED" } })).logs).toHaveLength(1);
    }, POLL);
    await kill(child);
    destination.requests.length = 0;

    const restarted = await setUp({ stateDir });
    await restarted.qstash.idle();
    expect(destination.requests).toEqual([]);
    expect((await restarted.client.dlq.listMessages()).messages).toMatchObject([{ messageId: dead.messageId }]);
    expect(await restarted.client.queue({ queueName: "q" }).get()).toMatchObject({ parallelism: 3, paused: true, lag: 1 });
    expect(await restarted.client.urlGroups.get("g")).toMatchObject({ endpoints: [{ url: destination.url }] });
    expect(await restarted.client.schedules.list()).toMatchObject([{ scheduleId: "s" }]);
    expect(await restarted.client.flowControl.get("k")).toMatchObject({ parallelismMax: 4, isPinnedParallelism: true });
    expect(await restarted.client.publish({ url: destination.url, deduplicationId: "once" })).toEqual({
      messageId: done.messageId,
      deduplicated: true,
    });
    await restarted.client.queue({ queueName: "q" }).resume();
    await restarted.qstash.idle({ includeDelayed: true });
    expect(destination.ids()).toEqual([queued.messageId]);
  });

  test("a line that the kill cut off is left out, and the rest is read", () => {
    const stateDir = temporaryFolder();
    const before = new Journal({ stateDir });
    before.table<number>("t").set("a", 1).set("b", 2);
    before.close();
    appendFileSync(join(stateDir, "qstash.jsonl"), '["t","c",');
    const after = new Journal({ stateDir });
    const table = after.table<number>("t");
    expect([...table]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    table.set("d", 4);
    after.close();
    expect([...new Journal({ stateDir }).table<number>("t").keys()]).toEqual(["a", "b", "d"]);
  });

  test("the journal does not grow with what was finished", () => {
    const stateDir = temporaryFolder();
    const journal = new Journal({ stateDir });
    const table = journal.table<number>("t");
    table.set("kept", 1);
    for (let n = 0; n < 30_000; n += 1) {
      table.set("passing", n);
      table.delete("passing");
    }
    journal.close();
    expect(readFileSync(join(stateDir, "qstash.jsonl"), "utf8").split("\n").length).toBeLessThan(25_000);
    const reopened = new Journal({ stateDir });
    expect([...reopened.table<number>("t")]).toEqual([["kept", 1]]);
    reopened.close();
  });
});

interface Destination {
  url: string;
  requests: WireRequest[];
  answer: (request: WireRequest) => WireAnswer | Promise<WireAnswer>;
  paths(): string[];
  ids(): (string | undefined)[];
  bodies(): string[];
  close(): Promise<void>;
}

async function startDestination(): Promise<Destination> {
  const requests: WireRequest[] = [];
  const server = await serve({
    handle: async (request) => {
      requests.push(request);
      return destination.answer(request);
    },
  });
  const destination: Destination = {
    url: server.url,
    requests,
    answer: () => ({ status: 200 }),
    paths: () => requests.map(({ path }) => path),
    ids: () => requests.map(({ headers }) => headers["upstash-message-id"]),
    bodies: () => requests.map(({ body }) => body.toString()),
    close: () => server.close(),
  };
  cleanups.push(() => server.close());
  return destination;
}

async function setUp(
  options: Partial<QstashOptions> = {},
): Promise<{ qstash: Qstash; client: Client; destination: Destination }> {
  const destination = await startDestination();
  const qstash = await startQstash({ token: TOKEN, currentSigningKey: CURRENT_KEY, nextSigningKey: NEXT_KEY, ...options });
  cleanups.push(() => qstash.close());
  const client = new Client({ baseUrl: qstash.url, token: TOKEN, devMode: false, enableTelemetry: false });
  return { qstash, client, destination };
}

/** @returns how many requests were under way at once, at most. None is answered before `target` are, so that a limit shows. */
function watchConcurrency(destination: Destination, target: number): () => number {
  const reached = Promise.withResolvers<void>();
  let active = 0;
  let most = 0;
  destination.answer = async () => {
    active += 1;
    most = Math.max(most, active);
    if (active >= target) reached.resolve();
    await reached.promise;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    active -= 1;
    return { status: 200 };
  };
  return () => most;
}

/** Verifies as an endpoint does, by default for the root of the destination. */
function verify(
  request: WireRequest | undefined,
  {
    url,
    body = request?.body.toString() ?? "",
    current = CURRENT_KEY,
    next = NEXT_KEY,
    clockTolerance = 0,
  }: { url?: string; body?: string; current?: string; next?: string; clockTolerance?: number } = {},
): Promise<boolean> {
  const receiver = new Receiver({ currentSigningKey: current, nextSigningKey: next, devMode: false });
  const signature = request?.headers["upstash-signature"] ?? "";
  return receiver.verify({ signature, body, clockTolerance, ...(url === undefined ? {} : { url }) });
}

function claims(request: WireRequest | undefined): Record<string, unknown> {
  const [, payload = ""] = request?.headers["upstash-signature"]?.split(".") ?? [];
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

async function failure(promise: Promise<unknown>): Promise<QstashError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(QstashError);
  return error as QstashError;
}

function call(
  qstash: Qstash,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(qstash.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "guilda-qstash-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a stand-in in a process of its own, which can be killed. */
async function spawnQstash(stateDir: string): Promise<{ url: string; child: ChildProcess }> {
  const options: QstashOptions = {
    token: TOKEN,
    currentSigningKey: CURRENT_KEY,
    nextSigningKey: NEXT_KEY,
    stateDir,
    timeScale: 100,
  };
  const module = new URL("../local/qstash.ts", import.meta.url).href;
  const script = `import { startQstash } from ${JSON.stringify(module)};
    console.log((await startQstash(${JSON.stringify(options)})).url);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => kill(child));
  for await (const chunk of child.stdout) return { url: String(chunk).trim(), child };
  throw new Error("the stand-in ended before it listened");
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
