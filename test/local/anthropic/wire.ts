import * as z from "zod";

const textBlock = z.object({ type: z.literal("text"), text: z.string().min(1) });

/** What `POST /v1/messages` takes, as far as Guilda uses it. Fields that it does not have are refused, as Anthropic does. */
export const messageRequest = z
  .strictObject({
    model: z.string().min(1),
    max_tokens: z.int().min(1),
    system: z.union([z.string(), z.array(textBlock)]).optional(),
    messages: z
      .array(
        z.strictObject({ role: z.enum(["user", "assistant"]), content: z.union([z.string().min(1), z.array(textBlock).min(1)]) }),
      )
      .min(1),
    tools: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
          description: z.string().optional(),
          input_schema: z.looseObject({ type: z.literal("object") }),
        }),
      )
      .optional(),
    tool_choice: z
      .discriminatedUnion("type", [
        z.strictObject({ type: z.literal("auto"), disable_parallel_tool_use: z.boolean().optional() }),
        z.strictObject({ type: z.literal("any"), disable_parallel_tool_use: z.boolean().optional() }),
        z.strictObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: z.boolean().optional() }),
        z.strictObject({ type: z.literal("none") }),
      ])
      .optional(),
    temperature: z.number().min(0).max(1).optional(),
  })
  .refine(({ tools, tool_choice }) => tool_choice?.type !== "tool" || tools?.some(({ name }) => name === tool_choice.name), {
    path: ["tool_choice"],
    message: "Tool not found in provided tools",
  });
export type MessageRequest = z.output<typeof messageRequest>;

const count = z.int().nonnegative();

/** What it answers, with every field that Anthropic documents. */
export const message = z.strictObject({
  id: z.string(),
  type: z.literal("message"),
  role: z.literal("assistant"),
  model: z.string(),
  content: z.array(
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("text"), text: z.string(), citations: z.null() }),
      z.strictObject({
        type: z.literal("tool_use"),
        id: z.string(),
        name: z.string(),
        input: z.unknown(),
        caller: z.strictObject({ type: z.literal("direct") }),
      }),
    ]),
  ),
  stop_reason: z.enum([
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
  ]),
  stop_sequence: z.string().nullable(),
  stop_details: z
    .strictObject({ type: z.literal("refusal"), category: z.string().nullable(), explanation: z.string().nullable() })
    .nullable(),
  container: z.null(),
  usage: z.strictObject({
    input_tokens: count,
    output_tokens: count,
    output_tokens_details: z.strictObject({ thinking_tokens: count }).nullable(),
    cache_creation_input_tokens: count.nullable(),
    cache_read_input_tokens: count.nullable(),
    cache_creation: z.strictObject({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }).nullable(),
    server_tool_use: z.null(),
    inference_geo: z.string().nullable(),
    service_tier: z.enum(["standard", "priority", "batch"]).nullable(),
  }),
});
export type Message = z.output<typeof message>;

/** Status → `error.type`. */
export const ERRORS = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error",
} as const;
export type ErrorStatus = keyof typeof ERRORS;
