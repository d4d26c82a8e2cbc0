import { KIND } from "../../tokens.ts";
import type { PythonCode } from "./python-code.ts";
import type { Definition } from "./read-definitions.ts";

/**
 * - `parameter-type`: each parameter, `self`, `cls` and those with a star left out.
 * - `return-type`: each function and method, those with two underscores on both sides left out.
 * - `optional-type`: each `Optional[…]`, and each `… | None`.
 * - `generic-type`: each parametrised list, dict, set, frozenset, tuple or type, by whether it comes from `typing`.
 * - `docstring`: each public class and function of the outermost code, and each public method, outside of tests.
 * - `docstring-quotes`: each docstring; `docstring-start`: each of several lines, by the line its text begins on.
 * - `asynchrony`: each function of a file that has asynchronous ones.
 * - `class-base`: each class without a base of its own; `super-call`: each call of `super` with its arguments or without.
 */
export function pythonFunctionFacts({ code, definitions }: { code: PythonCode; definitions: readonly Definition[] }): void {
  const functions = definitions.filter(({ isClass }) => !isClass);
  for (const each of functions) annotationFacts(code, each);
  for (const each of definitions) docstringFacts(code, each);
  if (functions.some(({ isAsync }) => isAsync))
    for (const { at, name, isAsync } of functions) code.emit("asynchrony", isAsync ? "async" : "sync", at, name);
  for (const each of definitions) if (each.isClass) baseFact(code, each);
  for (const at of code.at("super"))
    if (code.is(at + 1, "(") && code.partner(at + 1) !== -1)
      code.emit("super-call", code.partner(at + 1) === at + 2 ? "without arguments" : "with arguments", at, code.partner(at + 1));
  typeFacts(code);
}

function annotationFacts(code: PythonCode, { at, name, open, parent }: Definition): void {
  for (const [index, entry] of code.entries(open).entries()) {
    const isSelf = index === 0 && parent?.isClass && /^(?:self|cls|mcs|metacls)$/.test(code.text(entry));
    if (code.isWord(entry) && !isSelf) code.emit("parameter-type", code.is(entry + 1, ":") ? "annotated" : "left out", entry);
  }
  if (/^__\w+__$/.test(code.text(name))) return;
  const close = code.partner(open);
  code.emit("return-type", code.is(close + 1, "->") ? "annotated" : "left out", at, close);
}

function docstringFacts(code: PythonCode, { at, name, body, parent }: Definition): void {
  const isPublic = !code.text(name).startsWith("_") && (parent === undefined || (parent.isClass && parent.parent === undefined));
  const hasOne = code.isString(body + 1) && code.endsStatement(body + 2);
  if (isPublic && !code.isTest && body !== -1) code.emit("docstring", hasOne ? "written" : "left out", at, name);
  if (body === -1 || !hasOne) return;
  const text = code.text(body + 1).replace(/^[a-zA-Z]+/, "");
  const [quotes = ""] = /^(?:"""|'''|["'])/.exec(text) ?? [];
  code.emit("docstring-quotes", quotes, body + 1);
  if (quotes.length === 3 && text.includes("\n"))
    code.emit(
      "docstring-start",
      /^...[ \t\\]*\r?\n/.test(text) ? "the line after the quotes" : "the line of the quotes",
      body + 1,
    );
}

function baseFact(code: PythonCode, { at, name, open }: Definition): void {
  const entries = open === -1 ? [] : code.entries(open);
  const isObject = entries.length === 1 && code.is(open + 1, "object") && code.partner(open) === open + 2;
  if (entries.length > 0 && !isObject) return;
  code.emit("class-base", isObject ? "(object)" : open === -1 ? "none" : "()", at, name);
}

function typeFacts(code: PythonCode): void {
  for (const at of [...code.at("Optional"), ...code.memberAt("Optional")])
    if (code.is(at + 1, "[")) code.emit("optional-type", "Optional", at);
  for (const at of code.at("|"))
    if (code.is(at + 1, "None") || code.is(at - 1, "None")) code.emit("optional-type", "| None", at - 1, at + 1);
  for (const name of ["List", "Dict", "Set", "FrozenSet", "Tuple", "Type"])
    for (const at of [...code.at(name), ...code.memberAt(name)])
      if (code.is(at + 1, "[")) code.emit("generic-type", "typing", at);
  for (const name of ["list", "dict", "set", "frozenset", "tuple", "type"])
    for (const at of code.at(name)) if (isGeneric(code, at)) code.emit("generic-type", "built-in", at);
}

/** `list[int]` and not the third element of something named `list`. */
function isGeneric(code: PythonCode, at: number): boolean {
  const inner = code.kind(at + 2);
  const isType = inner === KIND.word || code.is(at + 2, "None") || (inner === KIND.string && code.is(at - 1, ":"));
  return code.is(at + 1, "[") && isType && /^(?::|->|\[|,|\||=)$/.test(code.text(at - 1)) && !code.is(code.after(at + 1), "=");
}
