import { httpBatchLink, httpBatchStreamLink, httpLink, TRPCClientError } from "@trpc/client";
import { afterEach, expect, test } from "vitest";
import { bearer, createClient, mintToken, startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge;
afterEach(() => edge.close());

test("an unmodified httpLink queries and mutates", async () => {
  edge = await startEdge();
  const client = createClient(httpLink({ url: edge.trpcUrl }));
  expect(await client.leads.list.query({ limit: 5 })).toEqual({ limit: 5 });
  expect(await client.leads.list.query()).toEqual({ limit: 20 });
  expect(await client.leads.create.mutate({ name: "Ana" })).toEqual({ created: "Ana", key: null });
});

test("a batch for one group reaches it untouched, in one call", async () => {
  edge = await startEdge();
  const client = createClient(httpBatchLink({ url: edge.trpcUrl }));
  const answers = await Promise.all([client.leads.list.query({ limit: 1 }), client.leads.list.query({ limit: 2 })]);
  expect(answers).toEqual([{ limit: 1 }, { limit: 2 }]);
  expect(edge.groups.crm.seen.map(({ request }) => new URL(request.url).pathname)).toEqual(["/api/trpc/leads.list,leads.list"]);
});

test("a batch across groups is answered in order, each group asked once", async () => {
  edge = await startEdge();
  const client = createClient(httpBatchLink({ url: edge.trpcUrl }));
  const answers = await Promise.all([
    client.leads.list.query({ limit: 1 }),
    client.financial.stats.query({ month: "2026-11" }),
    client.leads.list.query(),
    client.users.me.query(),
    client.leads.list.query({ limit: 3 }),
  ]);
  expect(answers).toEqual([{ limit: 1 }, { month: "2026-11", cents: 990 }, { limit: 20 }, { kind: "anonymous" }, { limit: 3 }]);
  expect(edge.groups.crm.seen).toHaveLength(1);
  expect(edge.groups.finance.seen).toHaveLength(1);
});

test("mutations across groups are split as well", async () => {
  edge = await startEdge();
  const client = createClient(httpBatchLink({ url: edge.trpcUrl }));
  const answers = await Promise.all([client.leads.create.mutate({ name: "Bia" }), client.financial.pay.mutate({ cents: 5 })]);
  expect(answers).toEqual([{ created: "Bia", key: null }, { paid: 5 }]);
});

test("the status of a mixed batch is the common one, else 207", async () => {
  edge = await startEdge();
  const input = encodeURIComponent(JSON.stringify({ 1: { month: "2026-11" } }));
  const ask = (paths: string) => fetch(`${edge.trpcUrl}/${paths}?batch=1&input=${input}`);
  expect((await ask("leads.list,financial.stats")).status).toBe(200);
  expect((await ask("leads.forbidden,financial.stats")).status).toBe(207);
  expect((await ask("leads.nothing,financial.nothing")).status).toBe(404);
});

test("calls of unknown namespaces and hostile paths are NOT_FOUND in their positions and cost the others nothing", async () => {
  edge = await startEdge();
  const hostile = [
    "nobody.list",
    "__proto__.x",
    "constructor.name",
    "toString",
    "",
    "leads.",
    ".list",
    "leads.__proto__",
    "%2e%2e.x",
  ];
  const response = await fetch(`${edge.trpcUrl}/${[...hostile, "users.me"].join(",")}?batch=1`);
  const answers = (await response.json()) as { error?: { code: number; data: Record<string, unknown> }; result?: unknown }[];
  expect(response.status).toBe(207);
  for (const answer of answers.slice(0, -1)) {
    expect(answer.error).toMatchObject({ code: -32004, data: { code: "NOT_FOUND", httpStatus: 404, errorCode: "NOT_FOUND" } });
  }
  expect(answers.at(-1)).toEqual({ result: { data: { kind: "anonymous" } } });
});

test.each([
  "__proto__",
  "__proto__.x",
  "constructor.prototype",
  "toString",
  "leads",
  "nobody.list",
  "leads..list",
  "leads.__proto__",
  "leads.constructor",
])("the single path %s is a 404 in tRPC's shape", async (path) => {
  edge = await startEdge();
  const response = await fetch(`${edge.trpcUrl}/${path}`, { headers: { "x-request-id": "request-0001" } });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    error: {
      code: -32004,
      data: { code: "NOT_FOUND", httpStatus: 404, errorCode: "NOT_FOUND", requestId: "request-0001", path },
    },
  });
});

test.each<[string, () => Promise<Response>]>([
  [
    "throws",
    async () => {
      throw new Error("connection of maria@example.com lost");
    },
  ],
  ["answers HTML", async () => new Response("<html>", { status: 502, headers: { "content-type": "text/html" } })],
  ["answers broken JSON", async () => new Response("[{", { headers: { "content-type": "application/json" } })],
  ["answers too few entries", async () => Response.json([{ result: { data: 1 } }])],
  ["answers entries of no meaning", async () => Response.json([{ hello: 1 }, 7])],
  ["answers null", async () => Response.json(null)],
])("a group that %s costs a mixed batch only its own calls", async (_name, trpc) => {
  edge = await startEdge({ replace: { finance: { trpc } } });
  const response = await fetch(`${edge.trpcUrl}/financial.slow,leads.list,financial.slow?batch=1`, {
    headers: { "x-request-id": "request-0001" },
  });
  expect(response.status).toBe(207);
  const failed = (path: string) => ({
    error: {
      message: "Temporarily unavailable, please try again",
      code: -32603,
      data: { code: "SERVICE_UNAVAILABLE", httpStatus: 503, requestId: "request-0001", errorCode: "UNAVAILABLE", path },
    },
  });
  expect(await response.json()).toEqual([
    failed("financial.slow"),
    { result: { data: { limit: 20 } } },
    failed("financial.slow"),
  ]);
  expect(JSON.stringify(edge.logs())).not.toContain("maria@example.com");
  expect(edge.logs()).toContainEqual(expect.objectContaining({ event: "group.failed", operation: "finance" }));
});

test("an error of a group's whole share stands for each of its calls", async () => {
  edge = await startEdge({
    replace: {
      finance: {
        trpc: async () =>
          Response.json({ error: { code: -32001, message: "Sign in", data: { httpStatus: 401 } } }, { status: 401 }),
      },
    },
  });
  const response = await fetch(`${edge.trpcUrl}/financial.slow,leads.list,financial.slow?batch=1`);
  const [first, second, third] = (await response.json()) as { error?: { message: string } }[];
  expect([first?.error?.message, second?.error?.message, third?.error?.message]).toEqual(["Sign in", undefined, "Sign in"]);
});

test("a single call to a failing group is a 503 in tRPC's shape that tells nothing of the cause", async () => {
  edge = await startEdge({
    replace: { finance: { trpc: async () => Promise.reject(new Error("secret detail")) } },
  });
  const client = createClient(httpLink({ url: edge.trpcUrl }));
  const error = await client.financial.slow.query().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TRPCClientError);
  expect((error as TRPCClientError<never>).shape).toMatchObject({
    data: { httpStatus: 503, errorCode: "UNAVAILABLE", path: "financial.slow" },
  });
  expect(JSON.stringify(error)).not.toContain("secret detail");
});

test("ten calls pass, eleven are refused as BATCH_TOO_LARGE and reach no group", async () => {
  edge = await startEdge();
  const ask = (count: number) => fetch(`${edge.trpcUrl}/${Array(count).fill("leads.list").join(",")}?batch=1`);
  expect((await ask(10)).status).toBe(200);
  edge.groups.crm.seen.length = 0;
  const refused = await ask(11);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    error: { code: -32600, data: { code: "BAD_REQUEST", errorCode: "BATCH_TOO_LARGE" } },
  });
  expect(edge.groups.crm.seen).toHaveLength(0);
});

test("a client whose batch is too large sees the refusal on each of its calls", async () => {
  edge = await startEdge();
  for (const link of [httpBatchLink, httpBatchStreamLink]) {
    const client = createClient(link({ url: edge.trpcUrl }));
    const calls = await Promise.allSettled(Array.from({ length: 11 }, () => client.users.me.query()));
    expect(calls.map((call) => call.status === "rejected" && call.reason.data.errorCode)).toEqual(
      Array(11).fill("BATCH_TOO_LARGE"),
    );
  }
});

test("the wrong method for a procedure is 405 in its position, within a group and across groups", async () => {
  edge = await startEdge();
  const ask = async (paths: string) => {
    const response = await fetch(`${edge.trpcUrl}/${paths}?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"0":{"name":"Ana"}}',
    });
    return (await response.json()) as unknown;
  };
  expect(await ask("leads.create,financial.stats")).toMatchObject([
    { result: {} },
    { error: { data: { code: "METHOD_NOT_SUPPORTED", httpStatus: 405 } } },
  ]);
  // Within one group tRPC's own server decides: it mixes no types.
  expect(await ask("leads.create,leads.list")).toMatchObject({ error: { code: -32600, data: { httpStatus: 400 } } });
});

test("HEAD runs nothing, other methods find nothing", async () => {
  edge = await startEdge();
  expect((await fetch(`${edge.trpcUrl}/leads.list`, { method: "HEAD" })).status).toBe(204);
  expect((await fetch(`${edge.trpcUrl}/leads.list`, { method: "DELETE" })).status).toBe(404);
  expect(edge.groups.crm.seen).toHaveLength(0);
});

test("a group gets the caller as the edge established it, and no credentials", async () => {
  edge = await startEdge();
  const client = createClient(
    httpLink({
      url: edge.trpcUrl,
      headers: {
        ...bearer(mintToken()),
        cookie: "__session=secret",
        "x-request-id": "request-0001",
        "x-mentorado": "0199A1B2-0000-7000-8000-000000000001",
        "idempotency-key": "once and only once",
      },
    }),
  );
  expect(await client.leads.whoami.query()).toEqual({
    requestId: "request-0001",
    identity: { kind: "user", clerkUserId: "user_ana", sessionId: "sess_of_user_ana" },
    chosenMentorado: "0199a1b2-0000-7000-8000-000000000001",
    idempotencyKey: "once and only once",
  });
  const [seen] = edge.groups.crm.seen;
  expect(seen?.request.headers.get("authorization")).toBeNull();
  expect(seen?.request.headers.get("cookie")).toBeNull();
});

test.each([
  ["x-mentorado", "1"],
  ["x-mentorado", "0199a1b2-0000-7000-8000-00000000000g"],
  ["idempotency-key", "x".repeat(256)],
  ["idempotency-key", "ação"],
])("a malformed %s (%s) is refused as VALIDATION of that field", async (name, value) => {
  edge = await startEdge();
  const headers = { [name]: value };
  const response = await fetch(`${edge.trpcUrl}/leads.list`, { headers });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { data: { errorCode: "VALIDATION", field: name, path: "leads.list" } } });
});
