import { isUtf8 } from "node:buffer";
import { Refusal } from "./refusal.ts";

/** Whom a request acts as, and on which database. */
export interface Target {
  user: string;
  password: string;
  database: string;
}

/** @param connectionString the `Neon-Connection-String` header. */
export function parseTarget(connectionString: string): Target {
  if (connectionString === "") throw new Refusal("invalid header: neon-connection-string");
  if (!URL.canParse(connectionString)) throw new Refusal("invalid connection string: relative URL without a base");
  const url = new URL(connectionString);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") throw new Refusal("incorrect scheme");
  const database = decodeURIComponent(url.pathname.split("/")[1] ?? "");
  if (database === "") throw new Refusal("missing database name");
  if (url.username === "") throw new Refusal("missing username");
  if (url.password === "") throw new Refusal("missing authentication credentials: required password");
  if (url.hostname === "") throw new Refusal("missing hostname");
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password), database };
}

const ISOLATION_LEVELS = new Map([
  ["ReadUncommitted", "read uncommitted"],
  ["ReadCommitted", "read committed"],
  ["RepeatableRead", "repeatable read"],
  ["Serializable", "serializable"],
]);

/** How a batch begins, and which of its headers the answer repeats. */
export function parseTransaction(headers: Record<string, string>): { begin: string; echo: Record<string, string> } {
  const echo: Record<string, string> = {};
  const modes: string[] = [];
  const level = headers["neon-batch-isolation-level"];
  if (level !== undefined) {
    const sql = ISOLATION_LEVELS.get(level);
    if (sql === undefined) throw new Refusal("invalid isolation level");
    modes.push(`isolation level ${sql}`);
    echo["neon-batch-isolation-level"] = level;
  }
  for (const [name, mode] of [
    ["neon-batch-read-only", "read only"],
    ["neon-batch-deferrable", "deferrable"],
  ] as const) {
    if (headers[name] !== "true") continue;
    modes.push(mode);
    echo[name] = "true";
  }
  return { begin: `begin ${modes.join(", ")}`, echo };
}

export interface Statement {
  query: string;
  params: (string | null)[];
  arrayMode: boolean;
}

export interface Payload {
  batch: boolean;
  statements: Statement[];
}

/** Reads the body: one statement, or a batch of them. */
export function parsePayload({ body, arrayMode }: { body: Buffer; arrayMode: boolean }): Payload {
  const payload = parseJson(body);
  if (isRecord(payload) && typeof payload.query === "string") {
    return { batch: false, statements: [parseStatement({ value: payload, arrayMode })] };
  }
  if (isRecord(payload) && Array.isArray(payload.queries)) {
    return { batch: true, statements: payload.queries.map((value) => parseStatement({ value, arrayMode })) };
  }
  throw unparsable("data did not match any variant of untagged enum Payload");
}

function parseStatement({ value, arrayMode }: { value: unknown; arrayMode: boolean }): Statement {
  if (!isRecord(value) || typeof value.query !== "string" || !Array.isArray(value.params ?? [])) {
    throw unparsable("data did not match any variant of untagged enum Payload");
  }
  if (value.query.includes("\0")) throw new Refusal("error encoding message to server: string contains embedded null");
  const params = (value.params ?? []) as unknown[];
  return { query: value.query, params: params.map(paramText), arrayMode: (value.arrayMode as boolean | undefined) ?? arrayMode };
}

/** Neon's parser is stricter than `JSON.parse`: it takes neither broken UTF-8 nor half of a surrogate pair. */
function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw unparsable("invalid unicode code point");
  const text = body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unparsable((error as Error).message);
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value)) throw unparsable("lone leading surrogate in hex escape");
  return value;
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormed(item));
}

function unparsable(reason: string): Refusal {
  return new Refusal(`could not parse the HTTP request body: ${reason}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Neon's client sends strings and nulls; its proxy also takes plain JSON, with arrays as Postgres writes them. */
function paramText(value: unknown): string | null {
  if (value === null || typeof value === "string") return value;
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value);
}

function arrayLiteral(items: unknown[]): string {
  const literals = items.map((item) => {
    if (item === null) return "NULL";
    if (Array.isArray(item)) return arrayLiteral(item);
    return JSON.stringify(typeof item === "object" ? JSON.stringify(item) : item);
  });
  return `{${literals.join(",")}}`;
}
