import { afterEach, expect, test } from "vitest";
import { bearer, CONSOLE_ORIGIN, mintToken, startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge;
afterEach(() => edge.close());

test("a sane request id is kept, on every kind of answer", async () => {
  edge = await startEdge();
  for (const path of ["/health/live", "/api/trpc/leads.list", "/api/trpc/nobody.x", "/nowhere", "/jobs/nobody/x"]) {
    const response = await fetch(edge.url + path, { headers: { "x-request-id": "Req-1._abcdef" } });
    expect(response.headers.get("x-request-id")).toBe("Req-1._abcdef");
  }
});

test.each(["short", "x".repeat(65), "has space", "quote'quote", "<script>alert</script>"])(
  "the request id %j is replaced",
  async (given) => {
    edge = await startEdge();
    const response = await fetch(`${edge.url}/health/live`, { headers: { "x-request-id": given } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test("each request leaves one line with route, procedures, status and outcome, and nothing of the caller's text", async () => {
  edge = await startEdge();
  await fetch(`${edge.trpcUrl}/leads.list,leads.maria@example.com?batch=1&input=%7B%7D`, {
    headers: { "x-request-id": "request-0001" },
  });
  await fetch(`${edge.trpcUrl}/${Array(11).fill("leads.list").join(",")}?batch=1`);
  await fetch(`${edge.url}/someone/maria@example.com`);
  const lines = edge.logs();
  expect(lines.map(({ ts: _, durationMs, requestId: __, ...line }) => ({ ...line, timed: typeof durationMs }))).toEqual([
    {
      level: "info",
      event: "request.answered",
      worker: "edge",
      route: "/api/trpc/*",
      procedure: "leads.list,other",
      status: 207,
      outcome: "done",
      timed: "number",
    },
    {
      level: "info",
      event: "request.answered",
      worker: "edge",
      route: "/api/trpc/*",
      status: 400,
      outcome: "refused",
      errorCode: "BATCH_TOO_LARGE",
      timed: "number",
    },
    {
      level: "info",
      event: "request.answered",
      worker: "edge",
      route: "/*",
      status: 404,
      outcome: "refused",
      errorCode: "NOT_FOUND",
      timed: "number",
    },
  ]);
  expect(lines[0]?.requestId).toBe("request-0001");
});

test("only the console's origin may call across origins", async () => {
  edge = await startEdge();
  const ask = (origin: string, method = "GET") => fetch(`${edge.trpcUrl}/leads.list`, { method, headers: { origin } });
  const allowed = await ask(CONSOLE_ORIGIN);
  expect(allowed.headers.get("access-control-allow-origin")).toBe(CONSOLE_ORIGIN);
  expect(allowed.headers.get("access-control-expose-headers")).toBe("retry-after,x-request-id");
  for (const origin of ["https://evil.test", "null", `${CONSOLE_ORIGIN}.evil.test`]) {
    expect((await ask(origin)).headers.get("access-control-allow-origin")).toBeNull();
  }
  const preflight = await ask(CONSOLE_ORIGIN, "OPTIONS");
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("x-mentorado");
  expect((await ask("https://evil.test", "OPTIONS")).headers.get("access-control-allow-origin")).toBeNull();
});

test("answers are not cached, not sniffed and not framed; a group's own cache rule stands", async () => {
  edge = await startEdge({
    replace: { accounts: { trpc: async () => Response.json({ result: {} }, { headers: { "cache-control": "max-age=5" } }) } },
  });
  const { headers } = await fetch(`${edge.trpcUrl}/leads.list`);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
  expect(headers.get("strict-transport-security")).toContain("max-age=");
  expect((await fetch(`${edge.trpcUrl}/users.me`)).headers.get("cache-control")).toBe("max-age=5");
});

test.each(["/", "/openapi.json", "/api", "/health", "/jobs", "/jobs/nobody/run", "/jobs/constructor/run"])(
  "an unknown route (%s) is a 404 envelope",
  async (path) => {
    edge = await startEdge();
    const response = await fetch(edge.url + path, { method: "POST" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ data: null, error: { code: "NOT_FOUND" } });
  },
);

test("what nobody expected is an Internal server error outside and a scrubbed line inside", async () => {
  edge = await startEdge({ replace: { webhooks: { fetch: async () => undefined as never } } });
  const response = await fetch(`${edge.url}/webhooks/asaas/ref`, { method: "POST", body: "{}" });
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ data: null, error: { code: "INTERNAL", message: "Internal server error" } });
  expect(edge.logs()).toContainEqual(expect.objectContaining({ level: "error", event: "request.failed" }));
});

test("a verified person's token reaches no answer", async () => {
  edge = await startEdge();
  const token = mintToken();
  const response = await fetch(`${edge.trpcUrl}/leads.whoami`, { headers: bearer(token) });
  expect(await response.text()).not.toContain(token.split(".")[2]);
});
