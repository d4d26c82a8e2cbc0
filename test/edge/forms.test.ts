import { afterEach, expect, test } from "vitest";
import { PUBLIC_URL, startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge;
afterEach(() => edge.close());

function post(
  body: BodyInit,
  headers: Record<string, string> = { "content-type": "application/json" },
  formKey = "form_abc",
): Promise<Response> {
  return fetch(`${edge.url}/forms/${formKey}`, { method: "POST", headers, body });
}

test("a JSON form becomes a lead, on behalf of the form", async () => {
  edge = await startEdge();
  const response = await post('{"name":"Ana","stack":["ts","sql"],"experience":3}');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    data: { input: { name: "Ana", stack: ["ts", "sql"], experience: 3 }, by: { kind: "form", formKey: "form_abc" } },
    error: null,
  });
});

test("an HTML form does the same; a field given several times is a list", async () => {
  edge = await startEdge();
  const response = await post(new URLSearchParams("name=Ana+Lu%C3%ADsa&stack=ts&stack=sql&empty="), {});
  expect(await response.json()).toMatchObject({
    data: { input: { name: "Ana Luísa", stack: ["ts", "sql"], empty: "" } },
    error: null,
  });
});

test("the group sees the public URL, whatever host the visitor named, and no header makes the visitor more than that form's visitor", async () => {
  edge = await startEdge();
  await post('{"name":"Ana"}', {
    "content-type": "application/json",
    authorization: "Bearer x",
    cookie: "a=b",
    "idempotency-key": "once",
    "x-mentorado": "0199a1b2-0000-7000-8000-000000000001",
  });
  const [seen] = edge.groups.crm.seen;
  expect(seen?.request.url).toBe(`${PUBLIC_URL}/api/trpc/leads.createPublic`);
  expect([...(seen?.request.headers.keys() ?? [])]).toEqual(["content-type"]);
  expect(seen?.caller).toEqual({
    requestId: expect.any(String),
    identity: { kind: "form", formKey: "form_abc" },
    idempotencyKey: "once",
  });
});

test("what the procedure refuses is answered in the envelope with its status", async () => {
  edge = await startEdge();
  const response = await post("{}");
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ data: null, error: { code: "BAD_REQUEST" } });
});

test("the field at fault is named", async () => {
  const error = { message: "Not an e-mail", code: -32600, data: { errorCode: "VALIDATION", field: "email", httpStatus: 400 } };
  edge = await startEdge({ replace: { crm: { trpc: async () => Response.json({ error }, { status: 400 }) } } });
  const response = await post('{"name":"Ana"}');
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ data: null, error: { code: "VALIDATION", message: "Not an e-mail", field: "email" } });
});

test.each([
  ["text/plain", '{"name":"Ana"}', 415],
  ["multipart/form-data; boundary=x", "--x--", 415],
  ["application/json", "[]", 400],
  ["application/json", '"text"', 400],
  ["application/json", "null", 400],
  ["application/json", "{", 400],
  ["application/json", '{"name":{"deep":1}}', 400],
  ["application/json", '{"name":[["deep"]]}', 400],
  ["application/json", '{"name":"\\u0000"}', 400],
  ["application/x-www-form-urlencoded", "name=a%00b", 400],
  ["application/json", JSON.stringify({ name: "x".repeat(256 * 1_024) }), 413],
])("%s %.20s is refused with %i and reaches nobody", async (type, body, status) => {
  edge = await startEdge();
  const response = await post(body, { "content-type": type });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ data: null, error: { code: expect.any(String), message: expect.any(String) } });
  expect(edge.groups.crm.seen).toHaveLength(0);
});

test("a field named __proto__ changes nothing and is handed on as a field", async () => {
  const bodies: string[] = [];
  edge = await startEdge({
    replace: { crm: { trpc: async (request) => Response.json({ result: { data: bodies.push(await request.text()) } }) } },
  });
  for (const [body, type] of [
    ['{"name":"Ana","__proto__":"x"}', "application/json"],
    ["name=Ana&__proto__=x", "application/x-www-form-urlencoded"],
  ] as const) {
    expect((await post(body, { "content-type": type })).status).toBe(200);
  }
  expect(bodies).toEqual(['{"name":"Ana","__proto__":"x"}', '{"name":"Ana","__proto__":"x"}']);
});

test.each(["", "a".repeat(65), "a.b", "%2e%2e"])("the form key %j is a 404", async (formKey) => {
  edge = await startEdge();
  expect((await post('{"name":"Ana"}', undefined, formKey)).status).toBe(404);
});

test.each<[string, () => Promise<Response>]>([
  ["throws", () => Promise.reject(new Error("secret detail"))],
  ["answers no tRPC", async () => new Response("<html>secret detail")],
  ["answers JSON of no meaning", async () => Response.json({ hello: "secret detail" })],
])("a group that %s is a 503 in the envelope", async (_name, trpc) => {
  edge = await startEdge({ replace: { crm: { trpc } } });
  const response = await post('{"name":"Ana"}');
  expect(response.status).toBe(503);
  expect(await response.text()).toBe(
    '{"data":null,"error":{"code":"UNAVAILABLE","message":"Temporarily unavailable, please try again"}}',
  );
});
