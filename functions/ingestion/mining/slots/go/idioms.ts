import { KIND } from "../../tokens.ts";
import type { GoCode } from "./go-code.ts";
import { blockOf } from "./read-functions.ts";

const EXITS = new Set(["return", "continue", "break", "panic"]);

/**
 * - `zero-value`: each variable of a function that begins at the zero of a plain type: `var n int`, or `n := 0`.
 * - `empty-slice`: each variable of a function that begins as an empty slice: `var s []T`, `s := []T{}`, or `s := make([]T, 0)`.
 * - `unlock`: each statement that locks, by whether the next one defers the unlocking.
 * - `else-after-exit`: each `if` whose block ends by leaving, by whether an `else` follows.
 * - `logging`: each call that writes a line, outside of tests and commands: by `fmt`, `log` or `slog`.
 */
export function goIdiomFacts(code: GoCode): void {
  for (const at of code.at("var")) variableFacts(code, at);
  for (const at of code.at(":=")) shortFacts(code, at);
  for (const method of ["Lock", "RLock"]) for (const at of code.memberAt(method)) unlockFact(code, at);
  for (const at of code.at("if")) elseFact(code, at);
  if (!code.isTest && !code.is(code.outermost("package")[0] === undefined ? -1 : (code.outermost("package")[0] ?? 0) + 1, "main"))
    loggingFacts(code);
}

function variableFacts(code: GoCode, at: number): void {
  if (code.depth(at) === 0 || !code.isWord(at + 1)) return;
  if (/^(?:string|bool|u?int(?:8|16|32|64)?|float(?:32|64))$/.test(code.text(at + 2)) && code.endsStatement(at + 3))
    code.emit("zero-value", "var", at, at + 2);
  if (code.is(at + 2, "[") && code.is(at + 3, "]") && !hasValue(code, at))
    code.emit("empty-slice", "var", at, code.endOfStatement(at));
}

function hasValue(code: GoCode, from: number): boolean {
  for (let at = from; !code.endsStatement(at); at = code.after(at)) if (code.is(at, "=")) return true;
  return false;
}

function shortFacts(code: GoCode, at: number): void {
  if (!code.isWord(at - 1) || !code.beginsStatement(at - 1)) return;
  const isZero = code.is(at + 1, "0") || code.is(at + 1, '""') || code.is(at + 1, "false");
  // The `n := 0;` of a loop has no other form.
  if (isZero && code.kind(at + 2) === KIND.lineEnd) code.emit("zero-value", ":=", at - 1, at + 1);
  const end = code.endOfStatement(at);
  const isLiteral = code.is(at + 1, "[") && code.is(at + 2, "]") && code.is(end - 1, "{") && code.is(end, "}");
  if (isLiteral && !code.is(end - 2, "interface") && !code.is(end - 2, "struct"))
    code.emit("empty-slice", "literal", at - 1, end);
  const isMade = code.is(at + 1, "make") && code.is(at + 3, "[") && code.is(at + 4, "]") && code.partner(at + 2) === end;
  if (isMade && code.is(end - 1, "0") && code.is(end - 2, ",") && code.entries(at + 2).length === 2)
    code.emit("empty-slice", "make", at - 1, end);
}

function unlockFact(code: GoCode, at: number): void {
  let start = at;
  while (code.is(start - 1, ".") && code.isWord(start - 2)) start -= 2;
  const after = at + 3;
  if (!code.beginsStatement(start) || !code.is(at + 1, "(") || !code.is(at + 2, ")") || !code.endsStatement(after)) return;
  const isDeferred = code.is(after + 1, "defer") && /^R?Unlock$/.test(code.text(code.endOfStatement(after + 1) - 2));
  code.emit("unlock", isDeferred ? "deferred" : "by hand", start, at);
}

function elseFact(code: GoCode, at: number): void {
  const open = blockOf(code, at);
  const close = code.partner(open);
  if (close === -1 || code.is(at - 1, "else")) return;
  const last = code.statements(open).at(-1) ?? -1;
  if (EXITS.has(code.text(last))) code.emit("else-after-exit", code.is(close + 1, "else") ? "else" : "no else", at, close);
}

function loggingFacts(code: GoCode): void {
  for (const name of ["fmt", "log", "slog"])
    for (const at of code.at(name)) {
      const isCall = code.is(at + 1, ".") && code.is(at + 3, "(") && !code.isMember(at);
      if (isCall && /^(?:Print|Printf|Println|Debug|Info|Warn|Error|Fatal|Fatalf|Fatalln)(?:Context)?$/.test(code.text(at + 2)))
        code.emit("logging", name, at, at + 2);
    }
}
