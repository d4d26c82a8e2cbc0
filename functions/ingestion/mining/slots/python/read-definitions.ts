import type { PythonCode } from "./python-code.ts";

/** A function or a class. */
export interface Definition {
  /** Of `def`, `class`, or the `async` before it. */
  at: number;
  name: number;
  isClass: boolean;
  isAsync: boolean;
  /** Of the `(` before the parameters or the bases; -1 when there is none. */
  open: number;
  colon: number;
  /** Of the `indent` of its block; -1 when that is on the same line. */
  body: number;
  /** What it is defined in. */
  parent: Definition | undefined;
}

/** In the order of the source. */
export function readDefinitions(code: PythonCode): Definition[] {
  const found: Definition[] = [];
  const around: Definition[] = [];
  for (const at of [...code.at("def"), ...code.at("class")].sort((left, right) => left - right)) {
    const definition = readDefinition(code, at);
    if (definition === undefined) continue;
    let parent = around.at(-1);
    while (parent !== undefined && code.partner(parent.body) < at) {
      around.pop();
      parent = around.at(-1);
    }
    const own = { ...definition, parent };
    found.push(own);
    if (own.body !== -1) around.push(own);
  }
  return found;
}

function readDefinition(code: PythonCode, keyword: number): Omit<Definition, "parent"> | undefined {
  const isAsync = code.is(keyword - 1, "async");
  const at = isAsync ? keyword - 1 : keyword;
  const name = keyword + 1;
  if (!code.isWord(name) || !code.beginsStatement(at)) return undefined;
  // Type parameters stand in square brackets.
  const next = code.is(name + 1, "[") ? code.after(name + 1) : name + 1;
  const open = code.is(next, "(") && code.partner(next) !== -1 ? next : -1;
  const isClass = code.is(keyword, "class");
  const colon = code.colonOf(next);
  if (colon === -1 || (open === -1 && !isClass)) return undefined;
  return { at, name, isClass, isAsync, open, colon, body: code.blockAfter(colon) };
}
