import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { createAnthropic } from "../../functions/patterns/outbound/anthropic.ts";
import { MODEL, type Question } from "../../functions/patterns/wording/model.ts";
import { createCache } from "../../shared/cache/redis.ts";
import { describeError, scrub } from "../../shared/log/scrub.ts";
import { ProviderError } from "../../shared/outbound/provider-error.ts";
import { type Anthropic, type Mishap, startAnthropic } from "../local/anthropic.ts";
import type { StandIn } from "../local/http-server.ts";
import { startRedis } from "../local/redis.ts";
import { watchLog } from "./support/watch-log.ts";

const KEY = "sk-ant-canary-2718281828";
const REDIS_TOKEN = "redis-token";

const QUESTION: Question<{ word: string }> = {
  system: "Canary of the system.",
  content: "Canary of the content.",
  form: {
    name: "give_word",
    description: "Takes a word.",
    schema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
    answer: z.object({ word: z.string() }),
  },
  maxOutputTokens: 123,
};

let redis: StandIn;
let standIn: Anthropic;
let watch: ReturnType<typeof watchLog>;

beforeEach(async () => {
  [redis, standIn] = await Promise.all([startRedis({ token: REDIS_TOKEN }), startAnthropic({ apiKey: KEY })]);
  watch = watchLog();
});
afterEach(async () => {
  watch.close();
  await Promise.all([redis.close(), standIn.close()]);
});

function ask(signal?: AbortSignal) {
  const cache = createCache({ url: redis.url, token: REDIS_TOKEN });
  return createAnthropic({ baseUrl: standIn.url, apiKey: KEY, cache }).ask(QUESTION, { log: watch.log, signal });
}

async function failed(pending: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await pending.catch((cause: unknown) => cause);
  if (!(error instanceof ProviderError)) throw new Error(`no failure of the provider: ${String(error)}`);
  return error;
}

describe("a question", () => {
  test("is asked of one model, with one form that it must fill in, and within a limit", async () => {
    standIn.mishaps.push({ kind: "fills-in", input: { word: "yes", more: 1 } });
    expect(await ask()).toEqual({
      outcome: "answered",
      value: { word: "yes" },
      inputTokens: expect.any(Number),
      outputTokens: expect.any(Number),
    });
    expect(standIn.requests).toEqual([
      {
        model: MODEL,
        max_tokens: 123,
        system: QUESTION.system,
        messages: [{ role: "user", content: QUESTION.content }],
        tools: [{ name: "give_word", description: "Takes a word.", input_schema: QUESTION.form.schema }],
        tool_choice: { type: "tool", name: "give_word", disable_parallel_tool_use: true },
      },
    ]);
  });

  test.each<[Mishap, string]>([
    [{ kind: "fills-in", input: { word: 7 } }, "unreadable"],
    [{ kind: "fills-in", input: null }, "unreadable"],
    [{ kind: "stops", stopReason: "end_turn" }, "unreadable"],
    [{ kind: "stops", stopReason: "max_tokens" }, "cut_off"],
    [{ kind: "stops", stopReason: "refusal" }, "refused"],
  ])("that is not answered as asked says so, and what it cost: %j", async (mishap, outcome) => {
    standIn.mishaps.push(mishap);
    expect(await ask()).toEqual({ outcome, inputTokens: expect.any(Number), outputTokens: expect.any(Number) });
  });
});

describe("a failure", () => {
  test.each<[Mishap & { kind: "error" }, Partial<ProviderError>]>([
    [
      { kind: "error", status: 429, retryAfterS: 90 },
      { kind: "rate_limited", retryAfterMs: 90_000 },
    ],
    [
      { kind: "error", status: 529 },
      { kind: "rate_limited", retryAfterMs: 30_000 },
    ],
    [
      { kind: "error", status: 529, retryAfterS: 5 },
      { kind: "rate_limited", retryAfterMs: 5_000 },
    ],
    [
      { kind: "error", status: 500 },
      { kind: "unknown_outcome", providerStatus: 500, providerCodes: ["api_error"] },
    ],
    [
      { kind: "error", status: 400 },
      { kind: "refused", providerCodes: ["invalid_request_error"] },
    ],
    [
      { kind: "error", status: 401 },
      { kind: "refused", providerCodes: ["authentication_error"] },
    ],
    [
      { kind: "error", status: 413 },
      { kind: "refused", providerCodes: ["request_too_large"] },
    ],
  ])("is told for what it is, and costs one request: %j", async (mishap, error) => {
    standIn.mishaps.push(mishap);
    expect(await failed(ask())).toMatchObject({ ...error, provider: "anthropic" });
    expect(standIn.requests).toHaveLength(1);
  });

  test.each(["reset-after", "garbage", "truncate"] as const)("that hides the answer is not asked again: %s", async (kind) => {
    standIn.faults.push({ kind, times: 1 });
    expect(await failed(ask())).toMatchObject({ kind: "unknown_outcome" });
    expect(standIn.requests).toHaveLength(1);
  });

  test("of time ends the call with its job", async () => {
    standIn.faults.push({ kind: "delay", delayMs: 60_000, times: 1 });
    const work = new AbortController();
    const pending = failed(ask(work.signal));
    await expect.poll(() => standIn.faults).toEqual([]);
    work.abort();
    expect(await pending).toMatchObject({ kind: "unknown_outcome", providerStatus: undefined });
  });

  test("and what is logged of it bear neither the key nor what was asked", async () => {
    standIn.mishaps.push({ kind: "error", status: 400 }, { kind: "error", status: 529 }, { kind: "fills-in", input: "canary" });
    const told = [describeError(await failed(ask())), describeError(await failed(ask()))];
    await ask();
    expect(`${told.join("\n")}\n${watch.text()}`).not.toMatch(/canary/i);
    expect(watch.lines()).toMatchObject([
      { provider: "anthropic", operation: "createMessage", outcome: "refused", status: 400, errorCode: "invalid_request_error" },
      { outcome: "rate_limited", status: 529, errorCode: "overloaded_error" },
      { outcome: "ok", status: 200 },
    ]);
  });
});

test("a key that gets into a text by accident is scrubbed", () => {
  expect(scrub(`header x-api-key: ${KEY} was refused`)).toBe("header x-api-key: [secret] was refused");
});
