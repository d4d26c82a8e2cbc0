import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";

const LOG_METHODS = ["log", "info", "warn", "error", "debug", "trace", "fatal"];
const LOGGER = /^(?:log|logger|[a-z]+(?:Log|Logger))$/;

/**
 * - `logging`: each call that writes a log line, outside of tests: through `console`, or through something named a log or logger.
 * - `fallback`: each literal that stands in for what is missing, by the operator.
 */
export function idiomFacts(code: Code): void {
  if (!code.isTest) for (const method of LOG_METHODS) for (const at of code.memberAt(method)) loggingFact(code, at);
  for (const operator of ["??", "||"]) for (const at of code.at(operator)) fallbackFact(code, at, operator);
}

function loggingFact(code: Code, at: number): void {
  const receiver = at - 2;
  if (!code.is(at + 1, "(")) return;
  if (code.is(receiver, "console") && !code.isMember(receiver)) code.emit("logging", "console", receiver, at);
  else if (LOGGER.test(code.text(receiver))) code.emit("logging", "a logger", receiver, at);
}

/** A number, a string, or an empty object or list, with which the expression ends. */
function fallbackFact(code: Code, at: number, operator: string): void {
  const kind = code.kind(at + 1);
  const isEmpty = (code.is(at + 1, "{") || code.is(at + 1, "[")) && code.partner(at + 1) === at + 2;
  if (kind !== KIND.number && kind !== KIND.string && !isEmpty) return;
  const end = isEmpty ? at + 2 : at + 1;
  if (/^[;,)\]}]?$/.test(code.text(end + 1)) || code.startsLine(end + 1)) code.emit("fallback", operator, at, end);
}
