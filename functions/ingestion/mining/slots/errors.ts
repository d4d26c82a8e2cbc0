import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";

const BUILT_IN = /^(?:Error|(?:Type|Range|Syntax|Reference|Eval|URI|Aggregate)Error|DOMException)$/;

/**
 * - `thrown-kind`: each `throw` of a new object or a literal. Passing on what was caught, and what a function makes, say nothing of it.
 * - `thrown-class`: each `throw` of a new object whose class is none of the language, by that class.
 * - `error-name`: each class that extends one whose name ends in `Error`.
 * - `catch-name`: each `catch` clause that binds a plain name.
 * - `catch-unused`: each `catch` clause that makes no use of what it catches: named all the same, or left out.
 * - `empty-catch`: each `catch` clause; a comment does nothing.
 * - `rethrow-cause`: each new error thrown in a `catch` clause that names what it caught, by whether the word `cause`, or the name itself,
 *   stands among the arguments.
 */
export function errorFacts(code: Code): void {
  for (const at of code.at("throw")) throwFacts(code, at);
  for (const at of code.at("catch")) catchFacts(code, at);
  for (const at of code.at("class")) errorName(code, at);
}

function throwFacts(code: Code, at: number): void {
  if (isLiteral(code, at + 1)) code.emit("thrown-kind", "a literal", at, at + 1);
  if (!code.is(at + 1, "new")) return;
  const name = lastOfPath(code, at + 2);
  if (!code.isWord(name)) return;
  const isBuiltIn = BUILT_IN.test(code.text(name));
  code.emit("thrown-kind", isBuiltIn ? "built-in" : "own class", at, name);
  if (!isBuiltIn) code.emit("thrown-class", code.text(name), at, name);
}

function lastOfPath(code: Code, from: number): number {
  let at = from;
  while (code.is(at + 1, ".")) at += 2;
  return at;
}

function isLiteral(code: Code, at: number): boolean {
  const kind = code.kind(at);
  return kind === KIND.string || kind === KIND.template || kind === KIND.number || code.is(at, "{");
}

function catchFacts(code: Code, at: number): void {
  // A method may be named `catch` too.
  if (!code.is(code.partner(at - 1) - 1, "try")) return;
  const isBound = code.is(at + 1, "(");
  const body = isBound ? code.partner(at + 1) + 1 : at + 1;
  const close = code.partner(body);
  if (!code.is(body, "{") || close === -1) return;
  const name = isBound && code.isWord(at + 2) ? code.text(at + 2) : undefined;
  code.emit("empty-catch", close === body + 1 ? "empty" : "handled", at, close);
  if (name !== undefined) code.emit("catch-name", name, at + 2);
  const isPattern = isBound && name === undefined;
  if (!isPattern && !usesName(code, body, name)) code.emit("catch-unused", isBound ? "named" : "left out", at, close);
  if (name !== undefined) causeFacts(code, body, name);
}

function usesName(code: Code, open: number, name: string | undefined): boolean {
  return name !== undefined && positionsOf(code, open, name).length > 0;
}

function positionsOf(code: Code, open: number, name: string): number[] {
  const found: number[] = [];
  for (let at = open + 1; at < code.partner(open); at += 1) if (code.is(at, name) && !code.isMember(at)) found.push(at);
  return found;
}

function causeFacts(code: Code, body: number, name: string): void {
  for (const at of code.at("throw")) {
    if (at <= body || at >= code.partner(body) || !code.is(at + 1, "new")) continue;
    const open = lastOfPath(code, at + 2) + 1;
    if (!code.is(open, "(") || code.partner(open) === -1) continue;
    const isPassed =
      positionsOf(code, open, "cause").length > 0 || positionsOf(code, open, name).some((each) => isWhole(code, each));
    code.emit("rethrow-cause", isPassed ? "passed on" : "dropped", at, code.partner(open));
  }
}

/** Whether the caught thing itself is an argument, and not only what it says. */
function isWhole(code: Code, at: number): boolean {
  return (code.is(at + 1, ",") || code.is(at + 1, ")") || code.is(at + 1, "}")) && !code.is(at - 1, "${");
}

function errorName(code: Code, at: number): void {
  if (!code.isWord(at + 1)) return;
  const next = code.is(at + 2, "<") ? code.afterTypeArguments(at + 2) : at + 2;
  if (!code.is(next, "extends")) return;
  const base = lastOfPath(code, next + 1);
  if (!/Error$/.test(code.text(base))) return;
  code.emit("error-name", /Error$/.test(code.text(at + 1)) ? "ends in Error" : "otherwise", at, base);
}
