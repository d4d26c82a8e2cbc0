import type { Code } from "./code.ts";
import type { ImportDeclaration } from "./read-imports.ts";

/** Words that are no operands, although something may be named so. */
const OPERATORS = new Set(["of", "as", "is", "readonly", "keyof", "infer", "satisfies", "asserts", "async", "await", "yield"]);
/** What else an operand ends with, besides a name. */
const ENDS = new Set([")", "]", ">", "super", "this", "?."]);

/**
 * - `quotes`: each string literal without a quote of its own; attributes of elements are left out.
 * - `semicolons`: each import, and each `return` and `throw`, whose end is sure.
 * - `trailing-comma`: each list in square brackets whose closing bracket has a line of its own; lists that end in a rest are left out.
 * - `trailing-comma-arguments`: the same of the parentheses of a call or of parameters; those of arrow functions without type parameters
 *   are left out.
 */
export function layoutFacts({ code, imports }: { code: Code; imports: readonly ImportDeclaration[] }): void {
  for (const at of code.strings) quotesFact(code, at);
  for (const { at, end } of imports) {
    if (code.is(end + 1, ";")) code.emit("semicolons", "always", at, end + 1);
    else if (code.startsLine(end + 1)) code.emit("semicolons", "left out", at, end);
  }
  for (const word of ["return", "throw"]) for (const at of code.at(word)) exitFact(code, at);
  for (const at of code.at("[")) if (!endsOperand(code, at - 1)) commaFact(code, at, "trailing-comma");
  for (const at of code.at("(")) if (endsOperand(code, at - 1)) commaFact(code, at, "trailing-comma-arguments");
}

function quotesFact(code: Code, at: number): void {
  const text = code.text(at);
  if (/["'\\]/.test(text.slice(1, -1))) return;
  const isAttribute = code.isJsx && code.is(at - 1, "=") && code.end(at - 1) === code.start(at);
  if (!isAttribute) code.emit("quotes", text.startsWith('"') ? "double" : "single", at);
}

/** Without a semicolon the end is sure only where the block, or the case of a switch, ends on a later line. */
function exitFact(code: Code, from: number): void {
  const isMethod = code.is(from + 1, "(") && code.is(code.partner(from + 1) + 1, "{");
  if (isMethod || code.is(from + 1, ":")) return;
  for (let at = from + 1; at < code.count; at = code.after(at)) {
    if (code.depth(at) < code.depth(from) || code.is(at, "case") || code.is(at, "default")) {
      if (code.startsLine(at)) code.emit("semicolons", "left out", from, at - 1);
      return;
    }
    if (code.is(at, ";")) {
      code.emit("semicolons", "always", from, at);
      return;
    }
  }
}

function commaFact(code: Code, open: number, slot: string): void {
  const close = code.partner(open);
  const last = close - 1;
  const isMappedType = code.is(open, "[") && code.is(open + 2, "in");
  if (close === -1 || last === open || !code.startsLine(close) || code.is(last, ";") || isMappedType) return;
  if (code.is(last, ",")) code.emit(slot, "always", last, close);
  else if (!code.is(code.entries(open).at(-1) ?? open, "...")) code.emit(slot, "left out", last, close);
}

/** Whether a bracket after this token belongs to it, as in a call or an access; `of (` is no call, and `of(` is one. */
function endsOperand(code: Code, at: number): boolean {
  const text = code.text(at);
  if (OPERATORS.has(text) && !code.isMember(at)) return code.end(at) === code.start(at + 1);
  return code.isWord(at) || ENDS.has(text);
}
