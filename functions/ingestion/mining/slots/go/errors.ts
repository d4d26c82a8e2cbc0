import type { GoCode } from "./go-code.ts";
import { blockOf } from "./read-functions.ts";

const ERROR_NAME = /^(?:err|e)$|^err[A-Z0-9]|[a-z]Err$/;
const WRAPPERS = /^(?:Wrap|Wrapf|WithMessage|WithMessagef|WithStack)$/;

/**
 * - `error-handling`: each check of an error whose block ends by passing it on or giving up, outside of tests.
 * - `error-name`: each check of an error, by the name of what is checked.
 * - `error-check`: each error that is checked right after the one call that gives it alone, by where that call stands.
 * - `error-comparison`: each comparison of an error with a named one, and each call of `errors.Is`.
 * - `error-type`: each assertion of an error's type, and each call of `errors.As`.
 * - `error-creation`: each error made of a text without anything put into it.
 * - `error-text`: each text of an error that begins with a plain word.
 * - `error-variable`: each error of the outermost code, by whether its name begins with `Err`.
 */
export function goErrorFacts(code: GoCode): void {
  for (const at of code.at("if")) checkFacts(code, at);
  for (const operator of ["==", "!="]) for (const at of code.at(operator)) comparisonFact(code, at);
  for (const at of code.at("errors")) {
    if (code.isQualified(at, "errors", "Is") && code.is(at + 3, "(")) code.emit("error-comparison", "errors.Is", at, at + 2);
    if (code.isQualified(at, "errors", "As") && code.is(at + 3, "(")) code.emit("error-type", "errors.As", at, at + 2);
    if (code.isQualified(at, "errors", "New")) textFacts(code, at, "errors.New");
  }
  for (const at of code.at("fmt")) if (code.isQualified(at, "fmt", "Errorf")) textFacts(code, at, "fmt.Errorf");
  for (const at of code.at("(")) assertionFact(code, at);
}

/** `if err != nil {`, with a statement before the condition or without. */
function checkFacts(code: GoCode, at: number): void {
  const open = blockOf(code, at);
  const close = code.partner(open);
  const name = open - 3;
  const isCheck = code.is(open - 1, "nil") && code.is(open - 2, "!=") && code.isWord(name) && ERROR_NAME.test(code.text(name));
  if (close === -1 || !isCheck || !(code.is(name - 1, "if") || code.is(name - 1, ";"))) return;
  code.emit("error-name", code.text(name), name, open);
  const isInHead = code.is(name - 1, ";");
  if (isInHead ? isAlone(code, at + 1, name) : isAssignedBefore(code, at, name))
    code.emit("error-check", isInHead ? "in the if" : "before the if", at, open);
  const value = code.isTest ? undefined : handlingOf(code, open, name);
  if (value !== undefined) code.emit("error-handling", value, at, close);
}

/** `err := …` or `err = …`. */
function isAlone(code: GoCode, at: number, name: number): boolean {
  return code.is(at, code.text(name)) && (code.is(at + 1, ":=") || code.is(at + 1, "="));
}

function isAssignedBefore(code: GoCode, at: number, name: number): boolean {
  let start = at - 1;
  // Steps over what is in brackets.
  do start = code.isClosing(start - 1) ? code.partner(start - 1) : start - 1;
  while (start > 0 && !code.beginsStatement(start));
  return code.line(at) - code.line(at - 1) === 1 && isAlone(code, start, name);
}

function handlingOf(code: GoCode, open: number, name: number): string | undefined {
  const last = code.statements(open).at(-1) ?? -1;
  if (code.is(last, "panic") && code.is(last + 1, "(")) return "panic";
  if (/^(?:Fatal|Fatalf|Fatalln|Exit)$/.test(code.text(last + 2)) && code.is(last + 1, ".") && code.is(last + 3, "("))
    return "exit";
  if (!code.is(last, "return")) return undefined;
  const end = code.endOfStatement(last);
  if (code.is(end, code.text(name)) && !code.isMember(end) && (end === last + 1 || code.is(end - 1, ",")))
    return "returned as it is";
  const call = code.partner(end);
  if (!code.is(end, ")") || call === -1 || !passesOn(code, call, name)) return undefined;
  if (code.isQualified(call - 3, "fmt", "Errorf")) return /%w/.test(code.text(call + 1)) ? "wrapped with %w" : "told without %w";
  return code.is(call - 2, ".") && WRAPPERS.test(code.text(call - 1)) ? "wrapped by a function" : undefined;
}

function passesOn(code: GoCode, open: number, name: number): boolean {
  for (let at = open + 1; at < code.partner(open); at += 1) if (code.is(at, code.text(name)) && !code.isMember(at)) return true;
  return false;
}

function comparisonFact(code: GoCode, at: number): void {
  if (!code.isWord(at - 1) || !ERROR_NAME.test(code.text(at - 1)) || code.isMember(at - 1)) return;
  const last = code.is(at + 2, ".") ? at + 3 : at + 1;
  if (!/^(?:Err[A-Z0-9]\w*|err[A-Z]\w*|EOF|ErrUnexpectedEOF)$/.test(code.text(last)) || code.is(last + 1, "(")) return;
  code.emit("error-comparison", "==", at - 1, last);
}

/** `err.(*T)`; a switch over the type is none. */
function assertionFact(code: GoCode, at: number): void {
  if (!code.is(at - 1, ".") || !ERROR_NAME.test(code.text(at - 2)) || code.isMember(at - 2) || code.is(at + 1, "type")) return;
  code.emit("error-type", "assertion", at - 2, Math.max(code.partner(at), at));
}

function textFacts(code: GoCode, at: number, call: string): void {
  const text = at + 4;
  if (!code.is(at + 3, "(") || !code.isString(text)) return;
  const isWhole = code.is(text + 1, ")");
  if (isWhole && !/%/.test(code.text(text))) code.emit("error-creation", call, at, text);
  const content = code.stringText(text);
  if (/^(?:[a-z]+|[A-Z][a-z]+|A|I)[ ,:]/.test(content))
    code.emit("error-text", /^[A-Z]/.test(content) ? "capital" : "lower case", at, text);
  const name = at - 2;
  const isVariable = isWhole && code.is(at - 1, "=") && code.isWord(name) && isOutermost(code, name);
  if (isVariable) code.emit("error-variable", /^[eE]rr[A-Z0-9]/.test(code.text(name)) ? "Err…" : "otherwise", name, text);
}

/** In a `var` of the outermost code, or in its parentheses. */
function isOutermost(code: GoCode, name: number): boolean {
  return code.depth(name) === 0
    ? code.is(name - 1, "var")
    : code.depth(name) === 1 && code.endsStatement(code.endOfStatement(name) + 1) && isInVar(code, name);
}

function isInVar(code: GoCode, name: number): boolean {
  return code.outermost("var").some((at) => code.is(at + 1, "(") && at < name && name < code.partner(at + 1));
}
