import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";

/** A function of the outermost code that has a name of its own. */
export interface NamedFunction {
  /** Of `function` or `const`. */
  at: number;
  name: number;
  form: "declaration" | "arrow" | "expression";
  /** Of the `(` before the parameters; -1 of an arrow with one bare parameter. */
  open: number;
  isExported: boolean;
  isGenerator: boolean;
  /** Whether the constant itself has a type, which then says what the function returns. */
  isTyped: boolean;
}

/** Overloads are one function: the first of them stands for all. `declare function` and default exports are left out. */
export function readFunctions(code: Code): NamedFunction[] {
  const declared = code.outermost("function").flatMap((at) => readDeclaration(code, at) ?? []);
  const unlike = declared.filter(({ name }, index) => {
    const before = declared[index - 1];
    return before === undefined || code.text(before.name) !== code.text(name);
  });
  return [...unlike, ...code.outermost("const").flatMap((at) => readConstant(code, at) ?? [])];
}

/** Whether the `function` here is a declaration, and no part of an expression. */
export function isFunctionDeclaration(code: Code, at: number): boolean {
  const before = code.is(at - 1, "async") ? at - 2 : at - 1;
  if (code.kind(before) !== KIND.punctuation) return !code.is(before, "return") && !code.is(before, "default");
  return code.is(before, ";") || code.is(before, "}") || code.is(before, ")") || code.is(before, "{") || code.is(before, "]");
}

function readDeclaration(code: Code, at: number): NamedFunction | undefined {
  const first = code.is(at - 1, "async") ? at - 1 : at;
  if (!isFunctionDeclaration(code, at) || code.is(first - 1, "declare")) return undefined;
  const isGenerator = code.is(at + 1, "*");
  const name = isGenerator ? at + 2 : at + 1;
  const open = openAfter(code, name + 1);
  if (!code.isWord(name) || open === -1) return undefined;
  return { at, name, form: "declaration", open, isExported: code.is(first - 1, "export"), isGenerator, isTyped: false };
}

function readConstant(code: Code, at: number): NamedFunction | undefined {
  const name = at + 1;
  if (!code.isWord(name)) return undefined;
  const equals = equalsAfter(code, name + 1);
  if (equals === -1) return undefined;
  const common = { at, name, isExported: code.is(at - 1, "export"), isTyped: equals > name + 1 };
  const first = code.is(equals + 1, "async") && !code.is(equals + 2, "=>") ? equals + 2 : equals + 1;
  if (code.is(first, "function")) {
    const isGenerator = code.is(first + 1, "*");
    const own = isGenerator ? first + 2 : first + 1;
    const open = openAfter(code, code.isWord(own) ? own + 1 : own);
    return open === -1 ? undefined : { ...common, form: "expression", open, isGenerator };
  }
  if (code.isWord(first) && code.is(first + 1, "=>")) return { ...common, form: "arrow", open: -1, isGenerator: false };
  const open = openAfter(code, first);
  return open !== -1 && isArrowHead(code, open) ? { ...common, form: "arrow", open, isGenerator: false } : undefined;
}

/** An `=>` comes after the parameters, or after the type of what is returned: no other `(` of an initialiser is followed by a colon. */
function isArrowHead(code: Code, open: number): boolean {
  const next = code.partner(open) + 1;
  return next > 0 && (code.is(next, "=>") || code.is(next, ":"));
}

/** The `=` of a declarator, after its type if it has one; -1 when there is none. */
function equalsAfter(code: Code, at: number): number {
  if (code.is(at, "=")) return at;
  if (!code.is(at, ":")) return -1;
  for (let next = at + 1; next < code.count && !code.is(next, ";"); next = code.after(next)) {
    if (code.is(next, "=")) return next;
    if (code.depth(next) < code.depth(at)) return -1;
  }
  return -1;
}

/** The `(` here, or after the type parameters here; -1 when there is none that closes. */
function openAfter(code: Code, at: number): number {
  const open = code.is(at, "<") ? code.afterTypeArguments(at) : at;
  return code.is(open, "(") && code.partner(open) !== -1 ? open : -1;
}
