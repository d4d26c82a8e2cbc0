import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";
import { nameCase } from "./name-case.ts";
import { isFunctionDeclaration, type NamedFunction } from "./read-functions.ts";

const QUESTION =
  /^[_$]*(?:is|are|has|have|had|can|could|should|will|would|was|were|did|does|do|needs|allows?|supports?|must)(?:[A-Z_]|$)/;
const MODIFIERS = new Set(["static", "readonly", "async", "override", "accessor", "declare", "abstract", "get", "set"]);
/** What may stand between the words of a computed literal, as in `60 * 1_000`. */
const ARITHMETIC = new Set(["+", "-", "*", "/", "**", "<<"]);

/**
 * Names by the kind of what they name. A name that fits several cases, such as a single lower-case word, is no opportunity.
 *
 * - `function-case`: functions declared by name anywhere, and constants of the outermost code that hold one. In files with JSX a
 *   capitalised one is a component, and left out.
 * - `class-case`, `type-case`: classes; interfaces and type aliases.
 * - `constant-case`: each constant of the outermost code that holds a number or a text known as written, by whether it is in capitals; a
 *   single lower-case word is not, so it counts.
 * - `variable-case`: each variable with a plain name inside of functions and blocks.
 * - `interface-prefix`: each interface.
 * - `private-member`: each member of a class that is marked as private, by how. A bare underscore counts where the member begins a line.
 * - `private-underscore`: each member with the keyword `private`, constructors left out.
 * - `boolean-name`: each parameter, property and variable annotated as `boolean`.
 * - `boolean-function`: each function of the outermost code that is annotated to return one, or to narrow a type.
 * - `type-parameter`: each type parameter of a named declaration; `T` alone is both a letter and a prefix, so it is left out.
 */
export function nameFacts({ code, functions }: { code: Code; functions: readonly NamedFunction[] }): void {
  functionNames(code, functions);
  classNames(code);
  typeNames(code);
  constantNames(code);
  for (const word of ["const", "let", "var"]) for (const at of code.at(word)) variableName(code, at);
  for (const at of code.at("boolean")) booleanName(code, at);
}

function functionNames(code: Code, functions: readonly NamedFunction[]): void {
  const inside = code.at("function").flatMap((at) => {
    if (code.depth(at) === 0 || !isFunctionDeclaration(code, at)) return [];
    return code.is(at + 1, "*") ? at + 2 : at + 1;
  });
  for (const name of [...functions.map((each) => each.name), ...inside]) {
    if (!code.isWord(name)) continue;
    const style = nameCase(code.text(name));
    const isComponent = code.isJsx && style === "PascalCase";
    if (style !== undefined && !isComponent) code.emit("function-case", style, name);
    if (code.is(name + 1, "<")) typeParameters(code, name + 1);
  }
  for (const { name, open } of functions) if (open !== -1) booleanFunction(code, name, open);
}

function booleanFunction(code: Code, name: number, open: number): void {
  const colon = code.partner(open) + 1;
  if (!code.is(colon, ":")) return;
  const isBoolean =
    code.is(colon + 1, "boolean") && (code.is(colon + 2, "{") || code.is(colon + 2, "=>") || code.is(colon + 2, ";"));
  const narrows = code.is(colon + 2, "is") && !code.startsLine(colon + 2);
  if (isBoolean || narrows) code.emit("boolean-function", QUESTION.test(code.text(name)) ? "a question" : "no question", name);
}

function classNames(code: Code): void {
  for (const at of code.at("class")) {
    if (code.is(at + 1, ":") || code.is(at + 1, "=")) continue;
    if (code.isWord(at + 1)) {
      caseFact(code, "class-case", at + 1);
      if (code.is(at + 2, "<")) typeParameters(code, at + 2);
    }
    const body = bodyOf(code, at);
    if (body !== -1) memberNames(code, body);
  }
}

/** The `{` of a class: the first that is in no bracket and no type argument of what it extends. */
function bodyOf(code: Code, at: number): number {
  for (let next = at + 1; next < code.count && code.depth(next) === code.depth(at); ) {
    if (code.is(next, "{")) return code.partner(next) === -1 ? -1 : next;
    const skipped = code.afterTypeArguments(next);
    next = skipped > next ? skipped : code.after(next);
  }
  return -1;
}

function memberNames(code: Code, open: number): void {
  for (let at = open + 1; at < code.partner(open); at = code.after(at)) {
    const name = afterModifiers(code, at);
    if (code.is(at, "private")) {
      if (code.is(name, "constructor") || code.is(name, "[")) continue;
      code.emit("private-member", "private", at);
      code.emit("private-underscore", code.text(name).startsWith("_") ? "underscore" : "no underscore", at);
      at = name;
    } else if (beginsMember(code, at) && !code.is(at, "public") && !code.is(at, "protected")) {
      if (code.text(name).startsWith("#")) code.emit("private-member", "#", name);
      else if (/^_[^_]/.test(code.text(name)) && code.startsLine(at)) code.emit("private-member", "_", name);
    }
  }
}

/** After what ends the member before it, or on a line of its own where no operator is open. */
function beginsMember(code: Code, at: number): boolean {
  const last = code.text(at - 1);
  if (last === "{" || last === ";" || last === "}") return true;
  return code.startsLine(at) && (code.kind(at - 1) !== KIND.punctuation || /^[)\]>!]$/.test(last));
}

function afterModifiers(code: Code, at: number): number {
  let next = code.is(at, "private") ? at + 1 : at;
  while (MODIFIERS.has(code.text(next)) && (isName(code, next + 1) || code.is(next + 1, "*"))) next += 1;
  return code.is(next, "*") ? next + 1 : next;
}

function isName(code: Code, at: number): boolean {
  return code.kind(at) === KIND.word || code.kind(at) === KIND.keyword;
}

function typeNames(code: Code): void {
  for (const word of ["interface", "type"]) {
    for (const at of code.at(word)) {
      if (!isTypeDeclaration(code, at)) continue;
      caseFact(code, "type-case", at + 1);
      if (word === "interface") code.emit("interface-prefix", /^I[A-Z][a-z]/.test(code.text(at + 1)) ? "I" : "none", at + 1);
      if (code.is(at + 2, "<")) typeParameters(code, at + 2);
    }
  }
}

/** `type A =` or `interface A {`; a plain use of the word `type` is followed by something else. */
export function isTypeDeclaration(code: Code, at: number): boolean {
  if (!code.isWord(at + 1) || code.startsLine(at + 1)) return false;
  const next = code.is(at + 2, "<") ? code.afterTypeArguments(at + 2) : at + 2;
  return code.is(at, "type") ? code.is(next, "=") : code.is(next, "{") || code.is(next, "extends");
}

function typeParameters(code: Code, open: number): void {
  const end = code.afterTypeArguments(open);
  let isStart = true;
  for (let at = open + 1; at < end - 1; ) {
    if (isStart && !code.is(at, "const") && !code.is(at, "in") && !code.is(at, "out")) {
      const name = code.text(at);
      const style = /^[A-Z]$/.test(name) ? "one letter" : /^T[A-Z]/.test(name) ? "T prefix" : "word";
      if (name !== "T" && code.isWord(at)) code.emit("type-parameter", style, at);
      isStart = false;
    }
    if (code.is(at, ",")) isStart = true;
    const skipped = code.afterTypeArguments(at);
    at = skipped > at ? skipped : code.after(at);
  }
}

function constantNames(code: Code): void {
  for (const at of code.outermost("const")) {
    const name = at + 1;
    if (!code.isWord(name) || !code.is(name + 1, "=") || !isLiteral(code, name + 2)) continue;
    const text = code.text(name).replace(/^[_$]+/, "");
    if (!/^[A-Za-z]/.test(text)) continue;
    code.emit("constant-case", /^[A-Z][A-Z0-9_]*$/.test(text) ? "UPPER_CASE" : (nameCase(text) ?? "camelCase"), name);
  }
}

/** Whether an initialiser is made of numbers and strings alone, up to the end of its statement. */
function isLiteral(code: Code, from: number): boolean {
  let at = from;
  for (; at < code.count; at += 1) {
    const kind = code.kind(at);
    const isAtom = kind === KIND.number || kind === KIND.string || (kind === KIND.template && code.text(at).endsWith("`"));
    if (!isAtom && !ARITHMETIC.has(code.text(at))) break;
  }
  if (at === from) return false;
  if (code.is(at, "as") && code.is(at + 1, "const")) at += 2;
  return code.is(at, ";") || (code.startsLine(at) && code.kind(at) !== KIND.punctuation);
}

function variableName(code: Code, at: number): void {
  if (code.depth(at) === 0 || !code.isWord(at + 1) || code.is(at - 1, "<") || code.is(at - 1, ",")) return;
  caseFact(code, "variable-case", at + 1);
}

function booleanName(code: Code, at: number): void {
  if (!code.is(at - 1, ":") || !endsType(code, at + 1)) return;
  const name = code.is(at - 2, "?") || code.is(at - 2, "!") ? at - 3 : at - 2;
  if (code.isWord(name) && !code.isMember(name))
    code.emit("boolean-name", QUESTION.test(code.text(name)) ? "a question" : "no question", name);
}

/** Whether a type is over here, but for its being absent. */
function endsType(code: Code, at: number): boolean {
  if (code.is(at, "|")) return (code.is(at + 1, "undefined") || code.is(at + 1, "null")) && endsType(code, at + 2);
  return /^[;,)}=]?$/.test(code.text(at)) || code.startsLine(at);
}

function caseFact(code: Code, slot: string, name: number): void {
  const style = nameCase(code.text(name));
  if (style !== undefined) code.emit(slot, style, name);
}
