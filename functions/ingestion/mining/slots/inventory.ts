import type { Code } from "./code.ts";
import type { ImportDeclaration } from "./read-imports.ts";

/** Of a chain such as `a.b.c()`. */
const MAX_PARTS = 8;
const MAX_TYPE_ARGUMENT_TOKENS = 64;
/** Words before parentheses that call nothing, unless they are members. */
const NO_CALLEE = new Set("as async constructor infer is keyof of readonly satisfies unique".split(" "));
const MODIFIER = /^(?:[{,;}]|async|get|set|static|public|private|protected|abstract|override)$/;

/**
 * What a file uses, for checkers. It decides nothing by itself.
 *
 * - `~import`: each module, by its specifier: of imports, re-exports, and of `require` and `import()` of a string.
 * - `~call`: each call by the dotted name of what is called (`console.log`), with `new ` before it for a constructor (`new Date`). Calls
 *   of anything else are left out: of what another call returned, and of members of `this`.
 */
export function inventoryFacts({ code, imports }: { code: Code; imports: readonly ImportDeclaration[] }): void {
  for (const { at, end, specifier } of imports) code.emit("~import", specifier, at, end);
  for (const word of ["require", "import"]) for (const at of code.at(word)) loadedFact(code, at);
  for (const open of code.at("(")) callFact(code, open);
}

function loadedFact(code: Code, at: number): void {
  if (code.is(at + 1, "(") && code.isString(at + 2) && code.partner(at + 1) > at + 2)
    code.emit("~import", code.stringText(at + 2), at, code.partner(at + 1));
}

function callFact(code: Code, open: number): void {
  const last = beforeArguments(code, open);
  if (!code.isWord(last)) return;
  let first = last;
  let name = code.text(last);
  for (let part = 1; code.isMember(first); part += 1) {
    if (part === MAX_PARTS || !code.isWord(first - 2)) return;
    first -= 2;
    name = `${code.text(first)}.${name}`;
  }
  if (first === last && (NO_CALLEE.has(name) || isDefinition(code, { name: last, open }))) return;
  const isConstructor = code.is(first - 1, "new");
  code.emit("~call", isConstructor ? `new ${name}` : name, isConstructor ? first - 1 : first, open);
}

/** The last token of what is called: that before the parentheses, or before its type arguments. */
function beforeArguments(code: Code, open: number): number {
  const last = code.is(open - 1, "?.") ? open - 2 : open - 1;
  if (!code.is(last, ">")) return last;
  for (let at = last, left = MAX_TYPE_ARGUMENT_TOKENS; at > 0 && left > 0; at -= 1, left -= 1) {
    const partner = code.partner(at);
    if (partner !== -1 && partner < at) at = partner;
    else if (code.is(at, "<") && code.afterTypeArguments(at) === last + 1) return code.is(at - 1, "?.") ? at - 2 : at - 1;
  }
  return -1;
}

/** Whether the parentheses after a plain name are parameters: of a function, a method, a member of a type, an arrow. */
function isDefinition(code: Code, { name, open }: { name: number; open: number }): boolean {
  if (code.is(name - 1, "function") || (code.is(name - 1, "*") && code.is(name - 2, "function"))) return true;
  const next = code.partner(open) + 1;
  if (next === 0 || code.is(next, "{") || code.is(next, "=>")) return true;
  // A colon comes before the type of what a method returns, or after an expression: what is before the name tells which.
  return code.is(next, ":") && (code.startsLine(name) || MODIFIER.test(code.text(name - 1)));
}
