import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ERRORS, type ErrorStatus, type Message, type MessageRequest, message, messageRequest } from "./anthropic/wire.ts";
import { type Entry, readEntries, stableHash, wordByRule } from "./anthropic/word-by-rule.ts";
import { json, type StandIn, serve, type WireAnswer, type WireRequest } from "./http-server.ts";

export interface AnthropicOptions {
  /** 0 picks a free port. */
  port?: number;
  /** The key that is accepted; any other is refused. */
  apiKey: string;
}

const mishap = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("error"),
    status: z.literal([400, 401, 403, 404, 413, 429, 500, 529]),
    retryAfterS: z.int().optional(),
  }),
  /** What the model fills in instead: anything. `$0` is the id of the first entry. */
  z.object({ kind: z.literal("fills-in"), input: z.unknown() }),
  /** What is filled in besides. */
  z.object({ kind: z.literal("adds"), conventions: z.array(z.unknown()) }),
  z.object({ kind: z.literal("stops"), stopReason: z.enum(["refusal", "max_tokens", "end_turn"]) }),
]);
/** What becomes of a message instead of an ordinary answer. Of the wire itself, `faults` are. */
export type Mishap = z.output<typeof mishap>;

export interface Anthropic extends StandIn {
  apiKey: string;
  /** Each strikes one message, in this order. Also `PUT /local/mishaps` (a JSON array). */
  mishaps: Mishap[];
  /** What was asked with the right key, in order. */
  requests: MessageRequest[];
}

const RECORDED = join(import.meta.dirname, "anthropic/recorded");
/** `asked` is for people who read the file. In the answer, `$0` is the id of the first entry. */
const recorded = z.strictObject({ asked: z.array(z.array(z.string())), answer: message });

/**
 * `POST /v1/messages` of the Messages API (2023-06-01), without streams. There is no model behind it: what was asked before is answered
 * from a file, found by the hash of the question, and everything else by a rule. The files are written in the documented shape.
 *
 * @see https://platform.claude.com/docs/en/api/messages
 */
export async function startAnthropic({ port = 0, apiKey }: AnthropicOptions): Promise<Anthropic> {
  const mishaps: Mishap[] = [];
  const requests: MessageRequest[] = [];
  const known = readRecorded();
  let lastId = 0;
  const newId = (prefix: string) => `${prefix}_local_${String(++lastId).padStart(10, "0")}`;

  function answer(request: WireRequest): WireAnswer {
    if (request.path === "/local/mishaps" && request.method === "PUT") {
      mishaps.splice(0, mishaps.length, ...z.array(mishap).parse(JSON.parse(request.body.toString())));
      return json(200, mishaps);
    }
    const requestId = newId("req");
    const fail = (status: ErrorStatus, text: string, headers = {}) => refuse({ status, text, requestId, headers });
    if (request.path !== "/v1/messages" || request.method !== "POST") return fail(404, "Not found");
    if (keyOf(request) !== apiKey) return fail(401, "invalid x-api-key");
    if (request.headers["anthropic-version"] !== "2023-06-01") return fail(400, "anthropic-version: header is required");
    const { data: asked, error } = messageRequest.safeParse(parse(request.body.toString()));
    if (asked === undefined) return fail(400, describe(error));
    requests.push(asked);
    const strike = mishaps.shift();
    if (strike?.kind === "error") {
      const { status, retryAfterS } = strike;
      return fail(status, "as told", retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) });
    }
    return json(200, compose({ asked, known, strike, newId }), { "request-id": requestId });
  }

  const standIn = await serve({ port, handle: async (request) => answer(request) });
  return { ...standIn, apiKey, mishaps, requests };
}

function compose({
  asked,
  known,
  strike,
  newId,
}: {
  asked: MessageRequest;
  known: Recorded;
  strike: Exclude<Mishap, { kind: "error" }> | undefined;
  newId: (prefix: string) => string;
}): Message {
  const entries = readEntries(asked);
  const kept = known.get(stableHash(asked, entries));
  if (strike === undefined && kept !== undefined) return withIds({ value: kept, entries });
  const stopReason = strike?.kind === "stops" ? strike.stopReason : asked.tool_choice?.type === "tool" ? "tool_use" : "end_turn";
  const content = contentOf({ asked, stopReason, input: fillIn({ entries, strike }), newId });
  return {
    id: newId("msg"),
    type: "message",
    role: "assistant",
    model: asked.model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    stop_details: stopReason === "refusal" ? { type: "refusal", category: null, explanation: null } : null,
    container: null,
    usage: {
      input_tokens: tokensOf({ system: asked.system, messages: asked.messages, tools: asked.tools }),
      output_tokens: stopReason === "max_tokens" ? asked.max_tokens : tokensOf(content),
      output_tokens_details: null,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      server_tool_use: null,
      inference_geo: null,
      service_tier: "standard",
    },
  };
}

function contentOf({
  asked,
  stopReason,
  input,
  newId,
}: {
  asked: MessageRequest;
  stopReason: Message["stop_reason"];
  input: unknown;
  newId: (prefix: string) => string;
}): Message["content"] {
  if (stopReason === "refusal") return [];
  if (stopReason === "tool_use" && asked.tool_choice?.type === "tool")
    return [{ type: "tool_use", id: newId("toolu"), name: asked.tool_choice.name, input, caller: { type: "direct" } }];
  return [{ type: "text", text: "There is no model here.", citations: null }];
}

function fillIn({ entries, strike }: { entries: readonly Entry[]; strike: Mishap | undefined }): unknown {
  const conventions = entries.map(wordByRule);
  if (strike?.kind === "fills-in") return withIds({ value: strike.input, entries });
  if (strike?.kind === "adds") return withIds({ value: { conventions: [...conventions, ...strike.conventions] }, entries });
  return { conventions };
}

function withIds<Value>({ value, entries }: { value: Value; entries: readonly Entry[] }): Value {
  return JSON.parse(
    JSON.stringify(value).replaceAll(/"\$(\d+)"/g, (_, index) => JSON.stringify(entries[Number(index)]?.id ?? "")),
  ) as Value;
}

function refuse({
  status,
  text,
  requestId,
  headers,
}: {
  status: ErrorStatus;
  text: string;
  requestId: string;
  headers: Record<string, string>;
}): WireAnswer {
  const error = { type: ERRORS[status], message: text };
  return json(status, { type: "error", error, request_id: requestId }, { "request-id": requestId, ...headers });
}

/** About four bytes make a token. */
function tokensOf(value: unknown): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(value)) / 4);
}

type Recorded = ReadonlyMap<string, Message>;

function readRecorded(): Recorded {
  const files = readdirSync(RECORDED).filter((name) => name.endsWith(".json"));
  return new Map(
    files.map((name) => [
      name.replace(".json", ""),
      recorded.parse(JSON.parse(readFileSync(join(RECORDED, name), "utf8"))).answer,
    ]),
  );
}

/** Documented is the header of its own; Anthropic's own client sends a bearer token. */
function keyOf({ headers }: WireRequest): string | undefined {
  return headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}
