import type { Code } from "./code.ts";
import type { NamedFunction } from "./read-functions.ts";

const EXPRESSION_STARTS = new Set("( [ { } , ; = => ? ?? || && async return default yield await".split(" "));

/**
 * - `parameters:2`, `parameters:3+`: each exported function of the outermost code that takes so many values: one by one, or as one object
 *   that is taken apart where it is received. One object under a name is not seen, for its size is not.
 * - `return-type`: each exported function of the outermost code in TypeScript whose constant has no type of its own.
 * - `arrow-parentheses`: each arrow function with one plain parameter without a type.
 */
export function functionFacts({ code, functions }: { code: Code; functions: readonly NamedFunction[] }): void {
  for (const each of functions) {
    if (!each.isExported || each.open === -1) continue;
    parameterFacts(code, each);
    if (code.isTypescript && !each.isTyped) {
      const isDeclared = code.is(code.partner(each.open) + 1, ":");
      code.emit("return-type", isDeclared ? "declared" : "inferred", each.at, code.partner(each.open));
    }
  }
  for (const at of code.at("=>")) arrowFact(code, at);
}

function parameterFacts(code: Code, { at, open }: NamedFunction): void {
  const entries = code.entries(open).filter((entry) => !code.is(entry, "this"));
  const [first] = entries;
  if (first === undefined) return;
  const isObject = entries.length === 1 && code.is(first, "{");
  const count = isObject ? code.entries(first).length : entries.length;
  if (count < 2) return;
  code.emit(count === 2 ? "parameters:2" : "parameters:3+", isObject ? "one object" : "one by one", at, code.partner(open));
}

function arrowFact(code: Code, at: number): void {
  if (code.isWord(at - 1)) {
    if (beginsExpression(code, at - 1)) code.emit("arrow-parentheses", "bare", at - 1, at);
    return;
  }
  const open = code.partner(at - 1);
  const name = code.is(at - 2, ",") ? at - 3 : at - 2;
  if (!code.is(at - 1, ")") || open !== name - 1 || !code.isWord(name)) return;
  if (!code.is(open - 1, ">")) code.emit("arrow-parentheses", "parentheses", open, at);
}

/** Whether what stands before lets an expression begin. After `):` it is the type that a function returns. */
function beginsExpression(code: Code, at: number): boolean {
  return code.is(at - 1, ":") ? !code.is(at - 2, ")") : EXPRESSION_STARTS.has(code.text(at - 1));
}
