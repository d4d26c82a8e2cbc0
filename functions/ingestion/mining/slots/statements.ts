import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";

/** After these, and before those, an expression goes on in the next line. */
const OPEN_WORDS = new Set(["new", "await", "typeof", "void", "delete", "in", "instanceof", "as", "satisfies", "throw"]);
const INFIX_WORDS = new Set(["in", "instanceof"]);
const EXITS = new Set(["return", "throw", "continue", "break"]);

/**
 * - `equality`: each comparison for equality, those with `null` and `undefined` left out.
 * - `null-check`: each comparison with `null` or `undefined`: with both at once (`== null`) or with one of them.
 * - `guard-braces`: each `if` that does nothing but leave.
 * - `else-after-exit`: the same, by whether an `else` follows all the same.
 * - `iteration`: each `for` over the values of something, and each call of `forEach`.
 * - `await`: each `await`, and each call of `then`.
 */
export function statementFacts(code: Code): void {
  for (const operator of ["==", "!=", "===", "!=="]) for (const at of code.at(operator)) equalityFact(code, at, operator.length);
  for (const at of code.at("if")) guardFacts(code, at);
  for (const at of code.at("for")) if (isOverValues(code, at)) code.emit("iteration", "for of", at);
  for (const at of code.memberAt("forEach")) if (code.is(at + 1, "(")) code.emit("iteration", "forEach", at);
  for (const at of code.at("await")) {
    const isMethod = code.is(at + 1, "(") && code.is(code.partner(at + 1) + 1, "{");
    if (!isMethod && !code.is(at - 1, "for") && !code.is(at + 1, "using") && !code.is(at + 1, ":"))
      code.emit("await", "await", at);
  }
  for (const at of code.memberAt("then")) if (code.is(at + 1, "(")) code.emit("await", "then", at);
}

function equalityFact(code: Code, at: number, length: number): void {
  const sides = [at - 1, at + 1].map((side) => (code.isMember(side) ? "" : code.text(side)));
  const isNullCheck = sides.includes("null") || sides.includes("undefined");
  const isStrict = length === 3;
  if (isNullCheck) code.emit("null-check", isStrict ? "one of them" : "both at once", at);
  else code.emit("equality", isStrict ? "strict" : "loose", at);
}

function guardFacts(code: Code, at: number): void {
  const close = code.is(at + 1, "(") ? code.partner(at + 1) : -1;
  if (close === -1) return;
  const isBlock = code.is(close + 1, "{");
  if (!EXITS.has(code.text(isBlock ? close + 2 : close + 1))) return;
  const end = isBlock ? endOfOnly(code, close + 1) : endOfStatement(code, close + 1);
  if (end === -1) return;
  code.emit("guard-braces", isBlock ? "braces" : "no braces", at, end);
  code.emit("else-after-exit", code.is(end + 1, "else") ? "else" : "no else", at, end);
}

/** The `}` of a block whose first statement, which leaves, is its only one. */
function endOfOnly(code: Code, open: number): number {
  const close = code.partner(open);
  if (close === -1) return -1;
  return endOfStatement(code, open + 1) === close - 1 ? close : -1;
}

/** The last token of the statement that begins here, its semicolon if it has one. */
function endOfStatement(code: Code, from: number): number {
  let at = from;
  for (; at < code.count && code.depth(at) >= code.depth(from); at = code.after(at)) {
    if (code.is(at, ";")) return at;
    if (at > from && code.startsLine(at) && (at === from + 1 || !goesOn(code, at))) return at - 1;
  }
  return at - 1;
}

/** Whether an expression goes on in the line that begins here. */
function goesOn(code: Code, at: number): boolean {
  const last = at - 1;
  const isOpen =
    code.kind(last) === KIND.punctuation ? !/^(?:[)\]}]|\+\+|--|!)$/.test(code.text(last)) : OPEN_WORDS.has(code.text(last));
  return (
    isOpen ||
    (code.kind(at) === KIND.punctuation ? !/^(?:[{}!~@#]|\+\+|--)$/.test(code.text(at)) : INFIX_WORDS.has(code.text(at)))
  );
}

function isOverValues(code: Code, at: number): boolean {
  if (!code.is(at + 1, "(")) return false;
  const pattern = at + 3;
  return /^(?:const|let|var)$/.test(code.text(at + 2)) && code.is(code.after(pattern), "of");
}
