import { KIND } from "../../tokens.ts";
import { nameCase } from "../name-case.ts";
import type { PythonCode } from "./python-code.ts";
import type { Definition } from "./read-definitions.ts";

const DUNDER = /^__\w+__$/;

/**
 * Names by the kind of what they name. A name that fits several cases, such as a single lower-case word, is no opportunity.
 *
 * - `function-case`, `class-case`: functions and methods, those with two underscores on both sides left out; classes.
 * - `constant-case`: each name of the outermost code that is assigned a number or a text, by whether it is in capitals.
 * - `variable-case`: each plain name that a statement inside of a function assigns.
 * - `parameter-case`: each parameter with a name of its own.
 * - `private-method`: each method whose name begins with an underscore.
 * - `exception-name`: each class that extends one whose name ends in `Error` or `Exception`.
 * - `file-case`: each file, without what marks it as a test.
 */
export function pythonNameFacts({ code, definitions }: { code: PythonCode; definitions: readonly Definition[] }): void {
  for (const definition of definitions) {
    if (definition.isClass) className(code, definition);
    else functionName(code, definition);
  }
  constantNames(code);
  for (const { isClass, body } of definitions) if (!isClass && body !== -1) variableNames(code, body);
  fileName(code);
}

function className(code: PythonCode, { at, name, open }: Definition): void {
  caseFact(code, "class-case", name);
  const [first] = open === -1 ? [] : code.entries(open);
  if (first === undefined) return;
  let base = first;
  while (code.is(base + 1, ".")) base += 2;
  if (!/(?:Error|Exception)$/.test(code.text(base)) || !/^[,)]$/.test(code.text(base + 1))) return;
  const [ending = "otherwise"] = /(?:Error|Exception)$/.exec(code.text(name)) ?? [];
  code.emit("exception-name", ending, at, base);
}

function functionName(code: PythonCode, { name, open, parent }: Definition): void {
  const text = code.text(name);
  parameterNames(code, open);
  if (DUNDER.test(text)) return;
  caseFact(code, "function-case", name);
  if (parent?.isClass && text.startsWith("_"))
    code.emit("private-method", text.startsWith("__") ? "two underscores" : "one underscore", name);
}

function parameterNames(code: PythonCode, open: number): void {
  for (const entry of code.entries(open)) {
    const name = code.isWord(entry) ? entry : entry + 1;
    if (code.isWord(name)) caseFact(code, "parameter-case", name);
  }
}

function constantNames(code: PythonCode): void {
  for (let at = 0; at < code.count; at = code.endOfStatement(at) + 2) {
    while (code.kind(at) === KIND.indent) at = code.after(at);
    if (!code.isWord(at) || !code.is(at + 1, "=") || !/^[A-Za-z]/.test(code.text(at).replace(/^_+/, ""))) continue;
    const kind = code.kind(at + 2);
    if ((kind !== KIND.number && kind !== KIND.string) || !code.endsStatement(at + 3) || DUNDER.test(code.text(at))) continue;
    const text = code.text(at).replace(/^_+/, "");
    code.emit("constant-case", /^[A-Z][A-Z0-9_]*$/.test(text) ? "UPPER_CASE" : (nameCase(text) ?? "snake_case"), at);
  }
}

/** Those of functions and classes inside are left to them. */
function variableNames(code: PythonCode, body: number): void {
  for (let at = body + 1; at < code.partner(body); at += 1) {
    if (!code.beginsStatement(at)) continue;
    if (/^(?:def|class|async|@)$/.test(code.text(at))) at = afterDefinition(code, at);
    else if (code.isWord(at) && code.is(at + 1, "=")) caseFact(code, "variable-case", at);
  }
}

/** The last position before what comes after a definition, whose decorators have lines of their own. */
function afterDefinition(code: PythonCode, at: number): number {
  const end = code.endOfStatement(at) + 1;
  return code.kind(end + 1) === KIND.indent ? code.partner(end + 1) : end;
}

function fileName(code: PythonCode): void {
  const [, name = ""] = /([^/]*)\.pyw?$/.exec(code.path) ?? [];
  const base = DUNDER.test(name) ? "" : name.replace(/^test_|_tests?$/, "");
  const style = base.includes("-") ? "kebab-case" : nameCase(base);
  if (style !== undefined && code.count > 0) code.emit("file-case", style, 0);
}

function caseFact(code: PythonCode, slot: string, name: number): void {
  const style = nameCase(code.text(name));
  if (style !== undefined) code.emit(slot, style, name);
}
