import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { startEdge, type TestEdge } from "./support/start-edge.ts";

const KIB = 1_024;
let edge: TestEdge;
afterEach(() => edge.close());

test("a webhook reaches its Worker byte for byte, with its URL and the headers that its signature needs", async () => {
  edge = await startEdge();
  const body = randomBytes(4_096);
  const response = await fetch(`${edge.url}/webhooks/asaas/ref%20one?a=1&b=%20`, {
    method: "POST",
    headers: {
      "asaas-access-token": "secret",
      "content-type": "application/octet-stream",
      authorization: "Bearer x",
      "x-request-id": "request-0001",
    },
    body,
  });
  expect(response.status).toBe(202);
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
  const request = edge.groups.webhooks.seen[0]?.request;
  expect(request?.url).toBe(`${edge.url}/webhooks/asaas/ref%20one?a=1&b=%20`);
  expect(request?.headers.get("asaas-access-token")).toBe("secret");
  expect(request?.headers.get("authorization")).toBe("Bearer x");
  expect(request?.headers.get("x-request-id")).toBe("request-0001");
});

test("a handshake by GET and a POST without a body pass too", async () => {
  edge = await startEdge();
  expect((await fetch(`${edge.url}/webhooks/whatsapp?hub.challenge=1`)).status).toBe(202);
  expect((await fetch(`${edge.url}/webhooks/clerk`, { method: "POST" })).status).toBe(202);
});

test.each(["accounts", "crm", "finance", "patterns", "ingestion", "webhooks", "scheduler"] as const)(
  "a job of %s reaches that group alone, signature included",
  async (group) => {
    edge = await startEdge();
    const response = await fetch(`${edge.url}/jobs/${group}/send-reminder`, {
      method: "POST",
      headers: { "upstash-signature": "sig", "upstash-message-id": "msg_1" },
      body: '{"jobId":"1"}',
    });
    expect(response.headers.get("x-group")).toBe("answered");
    const counts = Object.entries(edge.groups).filter(([, each]) => each.seen.length > 0);
    expect(counts.map(([name]) => name)).toEqual([group]);
    expect(edge.groups[group].seen[0]?.request.headers.get("upstash-signature")).toBe("sig");
  },
);

test("a job is posted; anything else finds nothing", async () => {
  edge = await startEdge();
  expect((await fetch(`${edge.url}/jobs/crm/send-reminder`)).status).toBe(404);
  expect((await fetch(`${edge.url}/jobs/crm/a/b`, { method: "POST" })).status).toBe(404);
  expect(edge.groups.crm.seen).toHaveLength(0);
});

test("a webhook of exactly 1 MiB passes, one byte more is PAYLOAD_TOO_LARGE and reaches nobody", async () => {
  edge = await startEdge();
  const send = (bytes: number) => fetch(`${edge.url}/webhooks/github`, { method: "POST", body: new Uint8Array(bytes) });
  expect((await send(1_024 * KIB)).status).toBe(202);
  const refused = await send(1_024 * KIB + 1);
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({ data: null, error: { code: "PAYLOAD_TOO_LARGE" } });
  expect(edge.groups.webhooks.seen).toHaveLength(1);
});

test("a Worker that fails is a 503, which senders retry", async () => {
  edge = await startEdge({ replace: { webhooks: { fetch: () => Promise.reject(new Error("secret detail")) } } });
  const response = await fetch(`${edge.url}/webhooks/asaas/ref`, { method: "POST", body: "{}" });
  expect(response.status).toBe(503);
  expect(await response.text()).toBe(
    '{"data":null,"error":{"code":"UNAVAILABLE","message":"Temporarily unavailable, please try again"}}',
  );
});

test("a redirect is passed on, not followed", async () => {
  edge = await startEdge({
    replace: {
      webhooks: { fetch: async (request) => new Response(request.redirect, { status: 302, headers: { location: "/x" } }) },
    },
  });
  const response = await fetch(`${edge.url}/webhooks/github`, { redirect: "manual" });
  expect(response.status).toBe(302);
  expect(await response.text()).toBe("manual");
});

test("webhooks and jobs count against no limit", async () => {
  edge = await startEdge();
  edge.redis.faults.push({ kind: "reset-before" });
  for (let count = 0; count < 40; count += 1)
    expect((await fetch(`${edge.url}/webhooks/asaas/ref`, { method: "POST" })).status).toBe(202);
});
