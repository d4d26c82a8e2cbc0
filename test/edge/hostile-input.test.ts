import { request as httpRequest } from "node:http";
import { afterEach, expect, test } from "vitest";
import { startEdge, type TestEdge } from "./support/start-edge.ts";

const KIB = 1_024;
let edge: TestEdge;
afterEach(() => edge.close());

function post(body: BodyInit, headers: Record<string, string> = { "content-type": "application/json" }): Promise<Response> {
  return fetch(`${edge.trpcUrl}/leads.create`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
}

function nameOfSize(bytes: number): string {
  const frame = JSON.stringify({ name: "" });
  return JSON.stringify({ name: "x".repeat(bytes - frame.length) });
}

test("a body of exactly 256 KiB passes, one byte more is PAYLOAD_TOO_LARGE", async () => {
  edge = await startEdge();
  expect((await post(nameOfSize(256 * KIB))).status).toBe(200);
  const refused = await post(nameOfSize(256 * KIB + 1));
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({
    error: { code: -32013, data: { errorCode: "PAYLOAD_TOO_LARGE", path: "leads.create" } },
  });
});

test("a body that does not say its length is counted as it streams, and not read to its end", async () => {
  edge = await startEdge();
  let pulled = 0;
  let cancelled = false;
  const mebibyte = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      if (pulled > 64) controller.close();
      else controller.enqueue(new Uint8Array(16 * KIB).fill(0x20));
    },
    cancel() {
      cancelled = true;
    },
  });
  const headers = { "content-type": "application/json" };
  const url = `${edge.trpcUrl}/leads.create`;
  const response = await edge.fetch(new Request(url, { method: "POST", headers, body: mebibyte, duplex: "half" } as RequestInit));
  expect(response.status).toBe(413);
  expect(cancelled).toBe(true);
  expect(pulled).toBeLessThan(20);
});

test("a content-length that lies does not let a larger body in", async () => {
  edge = await startEdge();
  const headers = { "content-type": "application/json", "content-length": "10" };
  const url = `${edge.trpcUrl}/leads.create`;
  const response = await edge.fetch(new Request(url, { method: "POST", headers, body: nameOfSize(300 * KIB) }));
  expect(response.status).toBe(413);
});

test("a chunked body over HTTP is counted too", async () => {
  edge = await startEdge();
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = httpRequest(`${edge.trpcUrl}/leads.create`, { method: "POST", headers: { "content-type": "application/json" } });
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject);
    sent.write(nameOfSize(300 * KIB).slice(0, 200 * KIB));
    sent.end(nameOfSize(300 * KIB).slice(200 * KIB));
  });
  expect(status).toBe(413);
});

test.each([
  ["malformed", '{"name":'],
  ["nested 100,000 deep in arrays", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["nested 65 deep in objects", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`],
  ["with a NUL", '{"name":"a\\u0000b"}'],
  ["with half of a surrogate pair", '{"name":"\\ud83d"}'],
  ["with half of a surrogate pair in a key", '{"\\udc00":1}'],
  ["that is not UTF-8", Uint8Array.from([0x22, 0xff, 0x22])],
])("JSON %s is refused as VALIDATION, without a word of it in the answer", async (_name, body) => {
  edge = await startEdge();
  const response = await post(body);
  expect(response.status).toBe(400);
  const answer = (await response.json()) as { error: { message: string; data: object } };
  expect(answer).toMatchObject({
    error: { code: -32600, data: { code: "BAD_REQUEST", errorCode: "VALIDATION", httpStatus: 400 } },
  });
  expect(answer.error.message).not.toMatch(/[{["]/);
  expect(edge.groups.crm.seen).toHaveLength(0);
});

test("brackets in text are not depth, 64 levels are allowed, whole surrogate pairs are text", async () => {
  edge = await startEdge();
  expect((await post(JSON.stringify({ name: `\\"${"[{".repeat(1_000)}` }))).status).toBe(200);
  expect((await post(`{"name":"a","more":${"[".repeat(63)}${"]".repeat(63)}}`)).status).toBe(200);
  expect((await post('{"name":"\\ud83d\\ude00 a\\u0301\\u202e"}')).status).toBe(200);
});

test("the input of a GET is held to the same rules", async () => {
  edge = await startEdge();
  for (const input of ["{", `${"[".repeat(65)}${"]".repeat(65)}`, '"\\u0000"']) {
    const response = await fetch(`${edge.trpcUrl}/leads.list?input=${encodeURIComponent(input)}`);
    expect(response.status).toBe(400);
  }
  expect((await fetch(`${edge.trpcUrl}/leads.list?input=`)).status).toBe(200);
});

test.each([
  "text/plain",
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencoded",
  "application/octet-stream",
  "application/jsonp",
])("a POST of %s is UNSUPPORTED_MEDIA_TYPE", async (type) => {
  edge = await startEdge();
  const response = await post("{}", { "content-type": type });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ error: { code: -32015, data: { errorCode: "UNSUPPORTED_MEDIA_TYPE" } } });
});

test("a media type may carry parameters and capitals", async () => {
  edge = await startEdge();
  expect((await post('{"name":"a"}', { "content-type": "Application/JSON ; charset=utf-8" })).status).toBe(200);
});

test.each(["[]", "7", '"text"', "null"])(
  "the inputs %s of a mixed batch are refused, since they name no positions",
  async (input) => {
    edge = await startEdge();
    const response = await fetch(`${edge.trpcUrl}/leads.list,users.me?batch=1&input=${encodeURIComponent(input)}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { data: { errorCode: "VALIDATION" } } });
  },
);

test("inputs under hostile keys reach nobody and change nothing", async () => {
  edge = await startEdge();
  const input = encodeURIComponent('{"__proto__":{"0":{"limit":1}},"constructor":{"limit":2},"1":{"limit":3},"length":9}');
  const response = await fetch(`${edge.trpcUrl}/leads.list,users.me?batch=1&input=${input}`);
  expect(await response.json()).toEqual([{ result: { data: { limit: 20 } } }, { result: { data: { kind: "anonymous" } } }]);
});

test("a path that is not percent-encoded properly is a 400, not a failure", async () => {
  edge = await startEdge();
  const response = await fetch(`${edge.trpcUrl}/leads.%E0%A4%A`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { data: { errorCode: "VALIDATION" } } });
});

test("an encoded comma splits a batch as tRPC does, and only a batch", async () => {
  edge = await startEdge();
  expect(await (await fetch(`${edge.trpcUrl}/leads.list%2Cusers.me?batch=1`)).json()).toHaveLength(2);
  expect((await fetch(`${edge.trpcUrl}/leads.list,users.me`)).status).toBe(404);
});
