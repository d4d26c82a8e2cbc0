import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";
import { nameCase } from "./name-case.ts";
import type { NamedFunction } from "./read-functions.ts";

/**
 * - `function-form`, `component-form`: each function of the outermost code that has a name, by how it is declared; overloads count once.
 *   Generators, and constants with a type of their own, have no choice. In files with JSX a capitalised one is a component.
 * - `variable-keyword`: each declaration of variables. Whether a `let` is never assigned again is not seen.
 */
export function declarationFacts({ code, functions }: { code: Code; functions: readonly NamedFunction[] }): void {
  for (const { at, name, form, isGenerator, isTyped } of functions) {
    if (isGenerator || isTyped) continue;
    const isComponent = code.isJsx && nameCase(code.text(name).concat("Aa")) === "PascalCase";
    code.emit(isComponent ? "component-form" : "function-form", form, at, name);
  }
  for (const word of ["const", "let", "var"]) {
    for (const at of code.at(word)) {
      const isBinding = code.isWord(at + 1) || code.is(at + 1, "{") || code.is(at + 1, "[");
      const isInTypes = code.is(at - 1, "<") || code.is(at - 1, ",") || code.is(at - 1, "as");
      if (isBinding && !isInTypes && code.kind(at) === KIND.keyword)
        code.emit("variable-keyword", word === "var" ? "var" : "const or let", at);
    }
  }
}
