import { parseCron } from "./cron.ts";
import { durationMs } from "./duration.ts";
import { evaluate } from "./expression.ts";
import { Refusal } from "./refusal.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const HEADERS_NEVER_FORWARDED =
  /^(upstash-|authorization$|host$|connection$|content-length$|transfer-encoding$|expect$|keep-alive$|upgrade$)/;

export interface FlowControlLimit {
  key: string;
  parallelism?: number | undefined;
  rate?: number | undefined;
  periodSeconds?: number | undefined;
}

/** Where the answers of a destination go, and the settings of the message that carries them. */
export interface CallbackTarget {
  url: string;
  settings: Settings;
}

/** What the publisher asked for; a setting left out has the server's default. */
export interface Settings {
  method?: string | undefined;
  /** Headers that the destination gets, by lower-case name. */
  forward: Record<string, string>;
  delayMs?: number | undefined;
  notBeforeMs?: number | undefined;
  deduplicationId?: string | undefined;
  deduplicateByContent?: boolean | undefined;
  retries?: number | undefined;
  retryDelay?: string | undefined;
  timeoutMs?: number | undefined;
  callback?: CallbackTarget | undefined;
  failureCallback?: CallbackTarget | undefined;
  flowControl?: FlowControlLimit | undefined;
  labels?: string[] | undefined;
  redact?: string[] | undefined;
}

/**
 * Reads the `Upstash-*` headers of a publish.
 *
 * @param headers by lower-case name.
 * @throws Refusal 400 naming the first header that makes no sense.
 */
export function readSettings(headers: Record<string, string>): Settings {
  const text = (name: string) => headers[`upstash-${name}`];
  const settings: Settings = {
    method: text("method")?.toUpperCase(),
    forward: forwardedHeaders(headers),
    delayMs: readDuration("Upstash-Delay", text("delay")),
    notBeforeMs: readNotBefore(text("not-before")),
    deduplicationId: text("deduplication-id"),
    deduplicateByContent: text("content-based-deduplication")?.toLowerCase() === "true" || undefined,
    retries: readCount("Upstash-Retries", text("retries")),
    retryDelay: readExpression(text("retry-delay")),
    timeoutMs: readDuration("Upstash-Timeout", text("timeout")),
    callback: readCallback(headers, "upstash-callback"),
    failureCallback: readCallback(headers, "upstash-failure-callback"),
    flowControl: readFlowControl(text("flow-control-key"), text("flow-control-value")),
    labels: readList(text("label")),
    redact: readList(text("redact-fields")),
  };
  if (settings.method !== undefined && !METHODS.includes(settings.method)) throw invalid("Upstash-Method", settings.method);
  return definedOnly(settings);
}

/** @throws Refusal 400 when it is neither `http://` nor `https://`. @returns the URL as given, without fragment, escaped to ASCII. */
export function readUrl(text: string): string {
  if (!/^https?:\/\//i.test(text)) {
    throw new Refusal(400, "invalid destination url: endpoint has invalid scheme, add http:// or https:// in front of your URL");
  }
  if (!URL.canParse(text)) throw new Refusal(400, "invalid destination url");
  return text.replace(/#.*$/s, "").replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** @throws Refusal 400 */
export function checkCron(text: string | undefined): string {
  try {
    parseCron(text ?? "");
    return text ?? "";
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : "invalid cron");
  }
}

function forwardedHeaders(headers: Record<string, string>): Record<string, string> {
  const forward: Record<string, string> = {};
  if (headers["upstash-header-forward"]?.toLowerCase() === "true") {
    for (const [name, value] of Object.entries(headers)) if (!HEADERS_NEVER_FORWARDED.test(name)) forward[name] = value;
  }
  if (headers["content-type"] !== undefined) forward["content-type"] = headers["content-type"];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("upstash-forward-")) forward[name.slice("upstash-forward-".length)] = value;
  }
  return forward;
}

/** `Upstash-Callback-Retries` is to the callback what `Upstash-Retries` is to the message, and so on. */
function readCallback(headers: Record<string, string>, prefix: string): CallbackTarget | undefined {
  const url = headers[prefix];
  if (url === undefined) return undefined;
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith(`${prefix}-`))
    .map(([name, value]) => [`upstash-${name.slice(prefix.length + 1)}`, value]);
  return { url: readUrl(url), settings: readSettings({ "content-type": "application/json", ...Object.fromEntries(own) }) };
}

function readDuration(header: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const delayMs = durationMs(text);
  if (delayMs === undefined) throw invalid(header, text);
  return delayMs;
}

function readNotBefore(text: string | undefined): number | undefined {
  const seconds = readCount("Upstash-Not-Before", text);
  return seconds === undefined ? undefined : seconds * 1_000;
}

function readCount(header: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw invalid(header, text);
  return Number(text);
}

function readExpression(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    evaluate({ text, retried: 0 });
    return text;
  } catch {
    throw invalid("Upstash-Retry-Delay", text);
  }
}

/** The value is a list such as `parallelism=2, rate=5, period=60s`. */
function readFlowControl(key: string | undefined, value: string | undefined): FlowControlLimit | undefined {
  if (key === undefined) return undefined;
  const limit: FlowControlLimit = { key };
  for (const entry of readList(value) ?? []) {
    const [name, amount] = entry.split("=").map((part) => part.trim());
    if (name === "parallelism") limit.parallelism = readCount("Upstash-Flow-Control-Value", amount);
    else if (name === "rate" || name === "ratepersecond") limit.rate = readCount("Upstash-Flow-Control-Value", amount);
    else if (name === "period") limit.periodSeconds = (readDuration("Upstash-Flow-Control-Value", amount) ?? 1_000) / 1_000;
    else throw invalid("Upstash-Flow-Control-Value", entry);
  }
  if (limit.parallelism === undefined && limit.rate === undefined) throw invalid("Upstash-Flow-Control-Value", value ?? "");
  return limit;
}

function readList(text: string | undefined): string[] | undefined {
  return text
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function invalid(header: string, value: string): Refusal {
  return new Refusal(400, `invalid ${header} header: "${value}"`);
}

/** Only optional settings are ever undefined, so what remains is whole. */
function definedOnly(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as unknown as Settings;
}
