import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { askForWords, type Wordable } from "../../functions/patterns/wording/word-form.ts";
import { message } from "../local/anthropic/wire.ts";
import { readEntries, stableHash } from "../local/anthropic/word-by-rule.ts";
import { type Anthropic, startAnthropic } from "../local/anthropic.ts";
import { ROOT } from "../local/state.ts";

const KEY = "sk-ant-contract";

/** As Anthropic documents it: https://platform.claude.com/docs/en/api/errors */
const errorBody = z.strictObject({
  type: z.literal("error"),
  error: z.strictObject({ type: z.string(), message: z.string().min(1) }),
  request_id: z.string().regex(/^req_\w+$/),
});

const TOOL = { name: "fill_in", description: "Takes it.", input_schema: { type: "object", properties: {} } };
const ASKED = {
  model: "claude-haiku-4-5-20251001",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }],
};
const FORCED = { ...ASKED, tools: [TOOL], tool_choice: { type: "tool", name: TOOL.name } };

let anthropic: Anthropic;
beforeEach(async () => {
  anthropic = await startAnthropic({ apiKey: KEY });
});
afterEach(() => anthropic.close());

function post(body: unknown, headers: Record<string, string> = {}, path = "/v1/messages"): Promise<Response> {
  return fetch(`${anthropic.url}${path}`, {
    method: "POST",
    headers: { "x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function expectError(response: Response, status: number, type: string): Promise<void> {
  expect(response.status).toBe(status);
  const body = errorBody.parse(await response.json());
  expect(body.error.type).toBe(type);
  expect(response.headers.get("request-id")).toBe(body.request_id);
}

describe("a message", () => {
  it("is answered in the documented shape, under an id of its request", async () => {
    const response = await post(ASKED);
    expect(response.status).toBe(200);
    expect(response.headers.get("request-id")).toMatch(/^req_\w+$/);
    expect(message.parse(await response.json())).toMatchObject({
      model: ASKED.model,
      content: [{ type: "text" }],
      stop_reason: "end_turn",
    });
  });

  it("that must use a tool is answered by exactly one use of it", async () => {
    expect(message.parse(await (await post(FORCED)).json())).toMatchObject({
      content: [{ type: "tool_use", id: expect.stringMatching(/^toolu_/), name: "fill_in", input: {} }],
      stop_reason: "tool_use",
    });
  });

  it("tells how many tokens went in and out, more for more", async () => {
    const usageOf = async (content: string) =>
      message.parse(await (await post({ ...ASKED, messages: [{ role: "user", content }] })).json()).usage;
    const [short, long] = [await usageOf("a"), await usageOf("a".repeat(4_000))];
    expect(long.input_tokens - short.input_tokens).toBeGreaterThan(900);
    expect(short.output_tokens).toBeGreaterThan(0);
  });

  it.each(["refusal", "max_tokens", "end_turn"] as const)("may stop for another reason: %s", async (stopReason) => {
    anthropic.mishaps.push({ kind: "stops", stopReason });
    const answer = message.parse(await (await post(FORCED)).json());
    expect(answer.stop_reason).toBe(stopReason);
    expect(answer.content.filter(({ type }) => type === "tool_use")).toEqual([]);
    expect(answer.stop_details === null).toBe(stopReason !== "refusal");
    if (stopReason === "max_tokens") expect(answer.usage.output_tokens).toBe(FORCED.max_tokens);
  });
});

describe("what is not a message", () => {
  it("has no key, or another one: 401", async () => {
    await expectError(await post(ASKED, { "x-api-key": "sk-ant-other" }), 401, "authentication_error");
    await expectError(await post(ASKED, { "x-api-key": "" }), 401, "authentication_error");
    expect(anthropic.requests).toEqual([]);
  });

  it("but may bring its key as a bearer token, as Anthropic's own client does", async () => {
    const headers = { authorization: `Bearer ${KEY}`, "anthropic-version": "2023-06-01" };
    const response = await fetch(`${anthropic.url}/v1/messages`, { method: "POST", headers, body: JSON.stringify(ASKED) });
    expect(response.status).toBe(200);
  });

  it("says no version of the API: 400", async () => {
    await expectError(await post(ASKED, { "anthropic-version": "" }), 400, "invalid_request_error");
  });

  it.each<[string, unknown]>([
    ["is no JSON", "{"],
    ["has no model", { ...ASKED, model: undefined }],
    ["has no limit", { ...ASKED, max_tokens: undefined }],
    ["has a limit of nothing", { ...ASKED, max_tokens: 0 }],
    ["says nothing", { ...ASKED, messages: [] }],
    ["says it as nobody", { ...ASKED, messages: [{ role: "tool", content: "Hello" }] }],
    ["has a field that there is not", { ...ASKED, response_format: {} }],
    ["has a tool without a schema", { ...FORCED, tools: [{ name: "fill_in" }] }],
    ["must use a tool that it does not have", { ...FORCED, tool_choice: { type: "tool", name: "other" } }],
  ])("%s: 400", async (_, body) => {
    await expectError(await post(body), 400, "invalid_request_error");
  });

  it("goes elsewhere: 404", async () => {
    await expectError(await post(ASKED, {}, "/v1/complete"), 404, "not_found_error");
  });
});

describe("a failure that is asked for", () => {
  it.each([
    [429, "rate_limit_error", 7],
    [529, "overloaded_error", undefined],
    [500, "api_error", undefined],
    [403, "permission_error", undefined],
  ] as const)("%d comes as Anthropic sends it, once", async (status, type, retryAfterS) => {
    anthropic.mishaps.push({ kind: "error", status, ...(retryAfterS === undefined ? {} : { retryAfterS }) });
    const response = await post(ASKED);
    expect(response.headers.get("retry-after")).toBe(retryAfterS === undefined ? null : String(retryAfterS));
    await expectError(response, status, type);
    expect((await post(ASKED)).status).toBe(200);
  });

  it("can be asked for from another process", async () => {
    await fetch(`${anthropic.url}/local/mishaps`, {
      method: "PUT",
      body: JSON.stringify([{ kind: "fills-in", input: { anything: [1] } }]),
    });
    expect(message.parse(await (await post(FORCED)).json()).content).toMatchObject([{ input: { anything: [1] } }]);
  });
});

describe("what Guilda asks", () => {
  const wordable = (slot: string, value: string, description: string): Wordable => ({
    id: slot,
    version: 1,
    category: "naming",
    scope: "src",
    slot,
    value,
    name: description,
    description,
    hits: 10,
    opportunities: 12,
    files: 9,
    evidence: [{ path: "src/a.ts", line: 3 }],
    counterExamples: [],
  });
  const RECORDED_QUESTION = [
    wordable("function-case", "camelCase", "Functions are named in camelCase. Counted: named functions."),
    wordable("catch-name", "cause", "What is caught is named `cause`. Counted: each `catch` clause that binds a plain name."),
  ];
  let secrets = 0;
  const newSecret = () => String(++secrets).padStart(12, "0");

  async function ask(candidates: Wordable[]) {
    const { question, byId } = askForWords({ candidates, newSecret });
    const { name, description, schema } = question.form;
    const response = await post({
      model: "claude-haiku-4-5-20251001",
      max_tokens: question.maxOutputTokens,
      system: question.system,
      messages: [{ role: "user", content: question.content }],
      tools: [{ name, description, input_schema: schema }],
      tool_choice: { type: "tool", name },
    });
    const [block] = message.parse(await response.json()).content;
    return { ids: [...byId.keys()], words: question.form.answer.parse(block?.type === "tool_use" ? block.input : undefined) };
  }

  it("is answered as it was recorded, whatever the ids, the counts and the places are this time", async () => {
    const first = await ask(RECORDED_QUESTION);
    const again = await ask(RECORDED_QUESTION.map((each) => ({ ...each, hits: 99, counterExamples: [{ path: "x", line: 1 }] })));
    for (const { ids, words } of [first, again]) {
      expect(words.map(({ id }) => id)).toEqual(ids);
      expect(words.map(({ name }) => name)).toEqual(["Functions have camelCase names", "A caught error is always called cause"]);
    }
    expect(again.ids).not.toEqual(first.ids);
  });

  it("and was not recorded, is answered by a rule, entry by entry", async () => {
    const [, second = RECORDED_QUESTION[0]] = RECORDED_QUESTION;
    if (second === undefined) throw new Error("nothing to ask");
    const { ids, words } = await ask([second]);
    expect(words).toEqual([
      {
        id: ids[0],
        name: "House style: what is caught is named cause",
        description: "New code in src follows what most of the code does already: what is caught is named cause.",
      },
    ]);
  });

  it("is all that was recorded: a file that no question finds is left over from another prompt", async () => {
    await ask(RECORDED_QUESTION);
    const [request] = anthropic.requests;
    if (request === undefined) throw new Error("nothing was asked");
    const files = readdirSync(join(ROOT, "test/local/anthropic/recorded")).filter((name) => name.endsWith(".json"));
    expect(files).toEqual([`${stableHash(request, readEntries(request))}.json`]);
  });
});
