import { KIND } from "../../tokens.ts";
import type { PythonCode } from "./python-code.ts";

/**
 * - `quotes`: each literal on one line without a quote or a backslash of its own, docstrings left out.
 * - `trailing-comma`: each call, list of parameters, and literal of several lines whose closing bracket has a line of its own;
 *   comprehensions, accesses, what is in parentheses for no reason but to go on, and what ends in a star are left out.
 * - `indent`: each file with a block, by what most of its blocks are indented by.
 * - `line-ending`: each file with a line end.
 */
export function pythonLayoutFacts(code: PythonCode): void {
  for (const at of code.strings) quotesFact(code, at);
  for (const bracket of ["(", "[", "{"]) for (const at of code.at(bracket)) commaFact(code, at);
  indentFact(code);
  const lineFeed = code.source.indexOf("\n");
  if (lineFeed !== -1 && code.count > 0) code.emit("line-ending", code.source.charCodeAt(lineFeed - 1) === 13 ? "CRLF" : "LF", 0);
}

function quotesFact(code: PythonCode, at: number): void {
  const [, quote, content = ""] = /^[a-zA-Z]*(["'])(.*)\1$/s.exec(code.text(at)) ?? [];
  if (quote === undefined || /["'\\]/.test(content)) return;
  const isStatement = code.beginsStatement(at) && code.endsStatement(at + 1);
  if (!isStatement) code.emit("quotes", quote === '"' ? "double" : "single", at);
}

function commaFact(code: PythonCode, open: number): void {
  const close = code.partner(open);
  const last = close - 1;
  if (close === -1 || last <= open || !code.startsLine(close) || code.kind(open - 1) === KIND.template) return;
  const isAfterOperand = code.isWord(open - 1) || /^[)\]}]$/.test(code.text(open - 1)) || code.isString(open - 1);
  if (code.is(open, "[") && isAfterOperand) return;
  const entries = code.entries(open);
  const isGroup = code.is(open, "(") && !isAfterOperand && entries.length < 2 && !code.is(open - 1, "import");
  const lastEntry = entries.at(-1) ?? open;
  if (isGroup || isComprehension(code, open) || /^\*\*?$/.test(code.text(lastEntry))) return;
  code.emit("trailing-comma", code.is(last, ",") ? "always" : "left out", last, close);
}

function isComprehension(code: PythonCode, open: number): boolean {
  for (let at = open + 1; at < code.partner(open); at = code.after(at)) if (code.is(at, "for")) return true;
  return false;
}

function indentFact(code: PythonCode): void {
  const counts = new Map<string, number>();
  let first = -1;
  const widths: string[] = [""];
  for (let at = 0; at < code.count; at += 1) {
    if (code.kind(at) === KIND.dedent) widths.pop();
    if (code.kind(at) !== KIND.indent) continue;
    if (first === -1) first = at;
    const start = code.source.lastIndexOf("\n", code.start(at)) + 1;
    const white = code.source.slice(start, code.start(at));
    const outer = widths.at(-1) ?? "";
    widths.push(white);
    const own = white.startsWith(outer) ? white.slice(outer.length) : white;
    const name = /^ +$/.test(own) ? `${own.length} spaces` : own === "\t" ? "a tab" : "a mixture";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  if (most !== undefined) code.emit("indent", most[0], first);
}
