import type { GoCode } from "./go-code.ts";
import { type GoFunction, readParameters } from "./read-functions.ts";

/**
 * - `receiver`: each method, by whether it has a pointer or a value.
 * - `receivers`: each type with several methods in the file, by whether all have the same.
 * - `context-place`, `context-name`: each parameter that is a `context.Context`.
 * - `results`: each function with several results, by whether they have names.
 * - `doc-comment`: each exported function, method of an exported type, and type of one declaration, outside of tests.
 * - `empty-interface`: each `any`, and each `interface{}`.
 */
export function goFunctionFacts({ code, functions }: { code: GoCode; functions: readonly GoFunction[] }): void {
  receiverFacts(code, functions);
  for (const each of functions) {
    contextFacts(code, each);
    resultFact(code, each);
    if (!code.isTest) documentFact(code, each.at, each.name, each.receiver);
  }
  for (const at of code.outermost("type")) if (code.isWord(at + 1) && !code.isTest) documentFact(code, at, at + 1, -1);
  for (const at of code.at("interface"))
    if (code.is(at + 1, "{") && code.partner(at + 1) === at + 2) code.emit("empty-interface", "interface{}", at, at + 2);
  for (const at of code.at("any")) if (isAnyType(code, at)) code.emit("empty-interface", "any", at);
}

function receiverFacts(code: GoCode, functions: readonly GoFunction[]): void {
  const byType = new Map<string, { pointers: number; count: number; at: number; end: number }>();
  for (const { at, name, receiver } of functions) {
    const [own] = receiver === -1 ? [] : readParameters(code, receiver);
    if (own === undefined) continue;
    const isPointer = code.is(own.type, "*");
    code.emit("receiver", isPointer ? "a pointer" : "a value", at, name);
    const type = code.text(isPointer ? own.type + 1 : own.type);
    const known = byType.get(type) ?? { pointers: 0, count: 0, at, end: name };
    byType.set(type, { pointers: known.pointers + (isPointer ? 1 : 0), count: known.count + 1, at: known.at, end: name });
  }
  for (const { pointers, count, at, end } of byType.values())
    if (count > 1) code.emit("receivers", pointers === 0 || pointers === count ? "all alike" : "mixed", at, end);
}

function contextFacts(code: GoCode, { at, open }: GoFunction): void {
  for (const [index, { name, type }] of readParameters(code, open).entries()) {
    if (!code.isQualified(type, "context", "Context")) continue;
    code.emit("context-place", index === 0 ? "first" : "later", at, type + 2);
    if (name !== -1 && !code.is(name, "_")) code.emit("context-name", code.text(name), name, type + 2);
  }
}

function resultFact(code: GoCode, { at, open }: GoFunction): void {
  const results = code.partner(open) + 1;
  if (!code.is(results, "(") || code.partner(results) === -1) return;
  const all = readParameters(code, results);
  if (all.length > 1) code.emit("results", all.every(({ name }) => name !== -1) ? "named" : "unnamed", at, code.partner(results));
}

/** A comment counts that ends on the line before. */
function documentFact(code: GoCode, at: number, name: number, receiver: number): void {
  const [own] = receiver === -1 ? [] : readParameters(code, receiver);
  const type = own === undefined ? "" : code.text(code.is(own.type, "*") ? own.type + 1 : own.type);
  if (!/^\p{Lu}/u.test(code.text(name)) || /^\p{Ll}/u.test(type)) return;
  const before = code.source.slice(at === 0 ? 0 : code.end(at - 1), code.start(at));
  const [comment = "", ...earlier] = before.split("\n").slice(0, -1).reverse();
  // The end of the line of what is before is no comment on this.
  const isOwnLine = at === 0 || earlier.length > 0;
  const isDocumented = isOwnLine && (/^[ \t]*\/\//.test(comment) || /\*\/[ \t\r]*$/.test(comment));
  code.emit("doc-comment", isDocumented ? "written" : "left out", at, name);
}

/** Where a type stands: after a name, a bracket, or a star. */
function isAnyType(code: GoCode, at: number): boolean {
  if (/^(?:\(|:=|=|:|\.)$/.test(code.text(at + 1)) && !code.is(at - 1, "]")) return false;
  return code.isWord(at - 1) || /^(?:\]|\*|\(|,|\.\.\.|\[|=|chan)$/.test(code.text(at - 1));
}
