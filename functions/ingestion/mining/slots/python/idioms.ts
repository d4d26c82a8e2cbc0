import { KIND } from "../../tokens.ts";
import type { PythonCode } from "./python-code.ts";

const LOG_METHODS = ["debug", "info", "warning", "warn", "error", "exception", "critical", "log"];
const LOGGER = /^_?(?:log|logger|logging|[a-z_]+_log(?:ger)?|LOG|LOGGER)$/;

/**
 * - `formatting`: each text that values are put into: by braces, by `format`, or by `%` after the text.
 * - `none-check`: each comparison with `None`.
 * - `file-open`: each call of the function `open`, by whether the statement is a `with`, or hands it to an exit stack.
 * - `list-building`: each list that a loop fills by nothing but `append` right after it was made empty, and each list comprehension.
 * - `path-handling`: each use of a member of `os.path`, and each call of `Path`.
 * - `logging`: each call that writes a log line, outside of tests: by `print`, or through something named a log or logger.
 * - `logger-name`: each name that a call of `getLogger` is assigned to.
 */
export function pythonIdiomFacts(code: PythonCode): void {
  formattingFacts(code);
  for (const operator of ["is", "==", "!="]) for (const at of code.at(operator)) noneFact(code, at, operator);
  for (const at of code.at("open")) openFact(code, at);
  for (const at of code.at("for")) loopFact(code, at);
  for (const at of code.at("[")) comprehensionFact(code, at);
  pathFacts(code);
  if (!code.isTest) loggingFacts(code);
  for (const at of code.memberAt("getLogger"))
    if (code.is(at - 2, "logging") && code.is(at - 3, "=") && code.isWord(at - 4) && code.beginsStatement(at - 4))
      code.emit("logger-name", code.text(at - 4), at - 4, at);
}

function formattingFacts(code: PythonCode): void {
  for (const at of code.at("{")) if (isFirstField(code, at)) code.emit("formatting", "f-string", at - 1);
  for (const at of code.memberAt("format"))
    if (code.isString(at - 2) && code.is(at + 1, "(")) code.emit("formatting", "format()", at - 2, at);
  for (const at of code.at("%")) if (code.isString(at - 1)) code.emit("formatting", "%", at - 1, at);
}

/** A text with several fields is one. The first chunk is the one with the prefix. */
function isFirstField(code: PythonCode, at: number): boolean {
  return code.kind(at - 1) === KIND.template && /^[fFrR]{1,2}["']/.test(code.text(at - 1)) && !code.is(at - 2, "}");
}

function noneFact(code: PythonCode, at: number, operator: string): void {
  const operand = operator === "is" && code.is(at + 1, "not") ? at + 2 : at + 1;
  if (code.is(operand, "None")) code.emit("none-check", operator === "is" ? "is" : "==", at, operand);
}

function openFact(code: PythonCode, at: number): void {
  if (!code.is(at + 1, "(") || code.is(at - 1, "def") || code.is(at - 1, "class") || code.partner(at + 1) === -1) return;
  const isStacked = code.is(at - 1, "(") && /^enter_(?:async_)?context$/.test(code.text(at - 2));
  code.emit("file-open", isStacked || isInWith(code, at) ? "with" : "without with", at, code.partner(at + 1));
}

/** Whether the call is one of the resources of a `with`, and no part of one. */
function isInWith(code: PythonCode, at: number): boolean {
  const before = code.is(at - 1, "(") && code.is(at - 2, "with") ? at - 2 : at - 1;
  if (code.is(before, "with")) return true;
  if (!code.is(at - 1, ",")) return false;
  const start = code.startOfStatement(at);
  return code.is(start, "with") && code.depth(at) <= code.depth(start) + 1;
}

/** `items = []` and then a loop with nothing but `items.append(…)`, be it under one condition. */
function loopFact(code: PythonCode, at: number): void {
  const isMadeEmpty = code.is(at - 2, "]") && code.is(at - 3, "[") && code.is(at - 4, "=") && code.isWord(at - 5);
  if (!isMadeEmpty || !code.beginsStatement(at) || !code.beginsStatement(at - 5)) return;
  let only = onlyStatement(code, at);
  if (code.is(only, "if")) only = onlyStatement(code, only);
  const isAppend =
    code.is(only, code.text(at - 5)) && code.is(only + 1, ".") && code.is(only + 2, "append") && code.is(only + 3, "(");
  if (isAppend && code.endsStatement(code.after(only + 3))) code.emit("list-building", "append", at, code.partner(only + 3));
}

/** The one statement under a header, compound ones with what follows them; -1 when there are several. */
function onlyStatement(code: PythonCode, header: number): number {
  const body = code.blockAfter(code.colonOf(header));
  const [first = -1, ...others] = body === -1 ? [] : code.statements(body);
  return others.length === 0 ? first : -1;
}

function comprehensionFact(code: PythonCode, open: number): void {
  const close = code.partner(open);
  const isAccess = code.isWord(open - 1) || /^[)\]}]$/.test(code.text(open - 1)) || code.isString(open - 1);
  if (close === -1 || isAccess) return;
  for (let at = open + 1; at < close; at = code.after(at))
    if (code.is(at, "for")) {
      code.emit("list-building", "comprehension", open, close);
      return;
    }
}

function pathFacts(code: PythonCode): void {
  for (const at of code.memberAt("path"))
    if (code.is(at - 2, "os") && !code.isMember(at - 2) && code.is(at + 1, "."))
      code.emit("path-handling", "os.path", at - 2, at + 2);
  for (const at of [...code.at("Path"), ...code.memberAt("Path").filter((each) => code.is(each - 2, "pathlib"))])
    if (code.is(at + 1, "(")) code.emit("path-handling", "pathlib", at);
}

function loggingFacts(code: PythonCode): void {
  for (const at of code.at("print")) if (code.is(at + 1, "(") && !code.is(at - 1, "def")) code.emit("logging", "print", at);
  for (const method of LOG_METHODS)
    for (const at of code.memberAt(method))
      if (code.is(at + 1, "(") && LOGGER.test(code.text(at - 2))) code.emit("logging", "a logger", at - 2, at);
}
