import { afterEach, expect, test } from "vitest";
import { startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const ALL_UP = { accounts: "up", crm: "up", finance: "up", patterns: "up", ingestion: "up", webhooks: "up", scheduler: "up" };

async function ready(): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${edge.url}/health/ready`);
  return { status: response.status, body: await response.json() };
}

test("live asks nobody", async () => {
  edge = await startEdge({ replace: { crm: { ready: () => Promise.reject(new Error("down")) } } });
  await edge.redis.close();
  const response = await fetch(`${edge.url}/health/live`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ data: { edge: "up" }, error: null });
});

test("ready when every group answers and reaches the database", async () => {
  edge = await startEdge();
  expect(await ready()).toEqual({ status: 200, body: { data: { database: "up", cache: "up", workers: ALL_UP }, error: null } });
});

test("Redis is reported and does not decide", async () => {
  edge = await startEdge();
  edge.redis.faults.push({ kind: "reset-before" });
  expect(await ready()).toEqual({ status: 200, body: { data: { database: "up", cache: "down", workers: ALL_UP }, error: null } });
});

test("a group whose database is down makes it a 503 that says so", async () => {
  edge = await startEdge({ replace: { finance: { ready: async () => ({ database: "down" }) } } });
  expect(await ready()).toEqual({
    status: 503,
    body: {
      data: { database: "down", cache: "up", workers: ALL_UP },
      error: { code: "UNAVAILABLE", message: "Not every part is ready" },
    },
  });
});

test("a group that throws, and one that never answers, are down; the rest is still told", async () => {
  edge = await startEdge({
    replace: {
      crm: { ready: () => Promise.reject(new Error("gone")) },
      scheduler: { ready: () => new Promise(() => undefined) },
    },
  });
  expect(await ready()).toEqual({
    status: 503,
    body: {
      data: { database: "up", cache: "up", workers: { ...ALL_UP, crm: "down", scheduler: "down" } },
      error: { code: "UNAVAILABLE", message: "Not every part is ready" },
    },
  });
});
