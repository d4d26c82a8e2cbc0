import type * as z from "zod";
import type { Logger } from "../../../shared/log/logger.ts";

/** One of a fixed date: what it was asked once, it would answer again. */
export const MODEL = "claude-haiku-4-5-20251001";

/** What a call needs of its caller: a job's attempt ends its calls. */
export interface CallContext {
  log: Logger;
  signal?: AbortSignal | undefined;
}

export interface Question<Value> {
  /** What is to be done, in our words alone. */
  system: string;
  /** What it is to be done with. */
  content: string;
  /** The form that the answer is to have: the model cannot but fill it in. */
  form: {
    name: string;
    description: string;
    /** JSON Schema, which the model is told. */
    schema: Record<string, unknown>;
    /** What is believed of the answer: the model may fill in something else. */
    answer: z.ZodType<Value>;
  };
  maxOutputTokens: number;
}

/** `refused` to answer, `cut_off` at `maxOutputTokens`, or `unreadable`: filled in otherwise than asked. All of them were paid for. */
export type Answer<Value> = { inputTokens: number; outputTokens: number } & (
  | { outcome: "answered"; value: Value }
  | { outcome: "refused" | "cut_off" | "unreadable" }
);

/** Who is asked for words. */
export interface Model {
  /** @throws ProviderError; of kind `unknown_outcome` with no status, the answer may have been given, paid for and lost. */
  ask<Value>(question: Question<Value>, ctx: CallContext): Promise<Answer<Value>>;
}
