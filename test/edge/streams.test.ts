import { httpBatchStreamLink, httpSubscriptionLink, TRPCClientError } from "@trpc/client";
import { EventSource } from "eventsource";
import { afterEach, expect, test } from "vitest";
import { createClient, startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge;
afterEach(() => edge.close());

test.each(["trpc-accept", "accept"] as const)(
  "in a mixed stream (%s) a slow group does not hold back a fast one",
  async (streamHeader) => {
    edge = await startEdge();
    const client = createClient(httpBatchStreamLink({ url: edge.trpcUrl, streamHeader }));
    const settled: string[] = [];
    const slow = client.financial.slow.query().finally(() => settled.push("slow"));
    const fast = client.leads.list.query({ limit: 2 }).finally(() => settled.push("fast"));
    expect(await fast).toEqual({ limit: 2 });
    expect(settled).toEqual(["fast"]);
    edge.gate.open.resolve();
    expect(await slow).toBe("late");
  },
);

test("a mixed stream gives each call its own answer or error", async () => {
  edge = await startEdge({ replace: { accounts: { trpc: () => Promise.reject(new Error("gone")) } } });
  const client = createClient(httpBatchStreamLink({ url: edge.trpcUrl }));
  const [list, forbidden, stats, lost] = await Promise.allSettled([
    client.leads.list.query(),
    client.leads.forbidden.query(),
    client.financial.stats.query({ month: "2026-11" }),
    client.users.me.query(),
  ]);
  expect(list).toEqual({ status: "fulfilled", value: { limit: 20 } });
  expect(forbidden).toMatchObject({ reason: { data: { errorCode: "FORBIDDEN", httpStatus: 403 } } });
  expect(stats).toEqual({ status: "fulfilled", value: { month: "2026-11", cents: 990 } });
  expect(lost).toMatchObject({ reason: { data: { errorCode: "UNAVAILABLE", httpStatus: 503, path: "users.me" } } });
});

test.each(["leads.list,financial.stats", "leads.list,leads.whoami"])(
  "a stream (%s) is labelled so that nothing compresses and thereby holds it",
  async (paths) => {
    edge = await startEdge();
    const ask = (headers: Record<string, string>) => fetch(`${edge.trpcUrl}/${paths}?batch=1`, { headers });
    const streamed = await ask({ "trpc-accept": "application/jsonl" });
    expect(streamed.headers.get("content-type")).toBe("application/jsonl");
    expect(streamed.headers.get("cache-control")).toBe("no-store, no-transform");
    expect((await ask({})).headers.get("content-type")).toBe("application/json");
  },
);

test("a stream of unknown calls alone is answered as a stream", async () => {
  edge = await startEdge();
  const response = await fetch(`${edge.trpcUrl}/nobody.list,nobody.get?batch=1`, {
    headers: { "trpc-accept": "application/jsonl" },
  });
  expect(response.status).toBe(200);
  const lines = (await response.text()).trim().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.slice(1).every((line) => line.includes('"errorCode":"NOT_FOUND"'))).toBe(true);
});

test("a stream of one group passes through, generators included", async () => {
  edge = await startEdge();
  const client = createClient(httpBatchStreamLink({ url: edge.trpcUrl }));
  const [parts, list] = await Promise.all([client.leads.parts.query(), client.leads.list.query()]);
  const received: number[] = [];
  for await (const part of parts) received.push(part);
  expect(received).toEqual([1, 2]);
  expect(list).toEqual({ limit: 20 });
});

test("a client that leaves a mixed stream aborts what the groups still do", async () => {
  edge = await startEdge();
  const leaving = new AbortController();
  const response = await fetch(`${edge.trpcUrl}/financial.slow,leads.list?batch=1`, {
    headers: { "trpc-accept": "application/jsonl" },
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
  const signal = edge.groups.finance.seen[0]?.request.signal;
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve());
  });
  expect(signal?.aborted).toBe(true);
});

test("a subscription passes through event by event, and leaving it aborts the group's generator", async () => {
  edge = await startEdge();
  const client = createClient(httpSubscriptionLink({ url: edge.trpcUrl, EventSource }));
  const two = Promise.withResolvers<void>();
  const received: number[] = [];
  const subscription = client.leads.ticks.subscribe(undefined, {
    onData: ({ data }) => {
      received.push(data);
      if (received.length === 2) two.resolve();
    },
    onError: two.reject,
  });
  await two.promise;
  expect(received).toEqual([1, 2]);
  subscription.unsubscribe();
  await edge.gate.aborted.promise;
});

test("a subscription that comes back goes on after the last event it saw", async () => {
  edge = await startEdge();
  const client = createClient(httpSubscriptionLink({ url: edge.trpcUrl, EventSource }));
  const first = Promise.withResolvers<number>();
  const subscription = client.leads.ticks.subscribe(
    { lastEventId: "41" },
    { onData: ({ data }) => first.resolve(data), onError: first.reject },
  );
  expect(await first.promise).toBe(42);
  subscription.unsubscribe();
});

test("a subscription to an unknown namespace ends with an error", async () => {
  edge = await startEdge();
  const client = createClient(httpSubscriptionLink({ url: `${edge.url}/api/trpc/nobody`, EventSource }));
  const ended = Promise.withResolvers<unknown>();
  client.leads.ticks.subscribe(undefined, { onError: ended.resolve, onComplete: () => ended.resolve("completed") });
  expect(await ended.promise).toBeInstanceOf(TRPCClientError);
});
