import * as z from "zod";
import { createBreaker } from "../../../shared/cache/circuit-breaker.ts";
import type { Cache } from "../../../shared/cache/redis.ts";
import type { Refusal } from "../../../shared/outbound/ask-provider.ts";
import { callProvider } from "../../../shared/outbound/call-provider.ts";
import { type Answer, MODEL, type Model, type Question } from "../wording/model.ts";

const BUDGET_MS = 50_000;
/** What Anthropic answers when it has too much to do for everybody. */
const OVERLOADED = 529;
const OVERLOADED_WAIT_MS = 30_000;

/**
 * The Messages API.
 *
 * @see https://platform.claude.com/docs/en/api/messages
 */
export function createAnthropic({ baseUrl, apiKey, cache }: { baseUrl: string; apiKey: string; cache: Cache }): Model {
  return {
    async ask({ system, content, form, maxOutputTokens }, { log, signal }) {
      const { value } = await callProvider({
        provider: "anthropic",
        operation: "createMessage",
        method: "POST",
        baseUrl,
        path: "/v1/messages",
        headers: { "x-api-key": apiKey, "anthropic-version": "2023-06-01" },
        body: {
          model: MODEL,
          max_tokens: maxOutputTokens,
          system,
          messages: [{ role: "user", content }],
          tools: [{ name: form.name, description: form.description, input_schema: form.schema }],
          tool_choice: { type: "tool", name: form.name, disable_parallel_tool_use: true },
        },
        idempotent: false,
        budgetMs: BUDGET_MS,
        breaker: createBreaker({ cache, provider: "anthropic", account: "guilda", now: Date.now }),
        log,
        signal,
        readErrorCodes,
        readLimit,
        answer: message,
      });
      return readAnswer(value, form);
    },
  };
}

const message = z.object({
  content: z.array(z.object({ type: z.string(), name: z.string().optional(), input: z.unknown().optional() })),
  stop_reason: z.string().nullable(),
  usage: z.object({ input_tokens: z.int().nonnegative(), output_tokens: z.int().nonnegative() }),
});

function readAnswer<Value>(
  { content, stop_reason, usage }: z.output<typeof message>,
  { name, answer }: Question<Value>["form"],
): Answer<Value> {
  const paid = { inputTokens: usage.input_tokens, outputTokens: usage.output_tokens };
  if (stop_reason === "refusal") return { ...paid, outcome: "refused" };
  if (stop_reason === "max_tokens" || stop_reason === "model_context_window_exceeded") return { ...paid, outcome: "cut_off" };
  const filled = content.filter((block) => block.type === "tool_use" && block.name === name);
  const parsed = answer.safeParse(filled[0]?.input);
  if (filled.length !== 1 || !parsed.success) return { ...paid, outcome: "unreadable" };
  return { ...paid, outcome: "answered", value: parsed.data };
}

const refusalBody = z.object({ error: z.object({ type: z.string() }) });

function readErrorCodes(body: unknown): string[] {
  const { data } = refusalBody.safeParse(body);
  return data === undefined ? [] : [data.error.type];
}

function readLimit({ status, headers }: Refusal): number | undefined {
  if (status !== OVERLOADED) return undefined;
  const retryAfterS = headers.get("retry-after");
  return retryAfterS !== null && /^\d+$/.test(retryAfterS) ? Number(retryAfterS) * 1_000 : OVERLOADED_WAIT_MS;
}
