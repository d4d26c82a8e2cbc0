import type * as z from "zod";
import { askProvider, type ProviderRequest, parseJson, readText } from "./ask-provider.ts";

const MAX_ANSWER_BYTES = 1_048_576;

export interface ProviderCall<Value> extends ProviderRequest {
  /** Reads what the provider answered: leniently, unknown fields and words pass. An answer of 304 reads as undefined. */
  answer: z.ZodType<Value>;
  /** What the answer is: JSON when left out. */
  format?: "json" | "text";
  /** Bytes of the answer that are read at most: 1 MiB when left out. */
  maxAnswerBytes?: number;
}

export interface ProviderAnswer<Value> {
  status: number;
  headers: Headers;
  value: Value;
}

/**
 * Calls an outside API: within a time budget, under its circuit breaker, with one log line per try, following no redirect that
 * `mayFollow` does not allow.
 *
 * It never waits longer than the budget has left: a provider that asks for more fails the call with `retryAfterMs`, and the work is
 * scheduled again instead.
 *
 * @throws ProviderError; its `kind` says whether the call was done.
 */
export function callProvider<Value>(call: ProviderCall<Value>): Promise<ProviderAnswer<Value>> {
  const { answer, format = "json", maxAnswerBytes = MAX_ANSWER_BYTES, ...request } = call;
  return askProvider({
    request,
    async read({ response, fail }) {
      const { status, headers } = response;
      const text = await readText(response, maxAnswerBytes);
      if (text === undefined) throw fail("too_large");
      const parsed = answer.safeParse(status === 304 ? undefined : format === "json" ? parseJson(text) : text);
      if (parsed.success) return { status, headers, value: parsed.data };
      const places = parsed.error.issues.map(({ path }) => path.join(".") || "answer");
      throw fail(`unreadable: ${places.join(", ")}`);
    },
  });
}
