import type { GoCode } from "./go-code.ts";

/** A function or method of the outermost code. */
export interface GoFunction {
  /** Of `func`. */
  at: number;
  name: number;
  /** Of the `(` before the receiver; -1 of a function. */
  receiver: number;
  /** Of the `(` before the parameters. */
  open: number;
  /** Of the `{` of the body; -1 of one that is written elsewhere. */
  body: number;
}

/** Those whose brackets are closed, in the order of the source. */
export function readGoFunctions(code: GoCode): GoFunction[] {
  return code.outermost("func").flatMap((at) => readFunction(code, at) ?? []);
}

function readFunction(code: GoCode, at: number): GoFunction | undefined {
  if (!code.beginsStatement(at)) return undefined;
  const isMethod = code.is(at + 1, "(");
  const name = isMethod ? code.partner(at + 1) + 1 : at + 1;
  if (name === 0 || !code.isWord(name)) return undefined;
  const open = code.is(name + 1, "[") ? code.after(name + 1) : name + 1;
  if (!code.is(open, "(") || code.partner(open) === -1) return undefined;
  return { at, name, receiver: isMethod ? at + 1 : -1, open, body: bodyAfter(code, code.partner(open) + 1) };
}

/** The `{` that is no part of the results: those of `struct{…}` and `interface{…}` follow their word. */
function bodyAfter(code: GoCode, from: number): number {
  for (let at = from; !code.endsStatement(at); at = code.after(at))
    if (code.is(at, "{") && !code.is(at - 1, "struct") && !code.is(at - 1, "interface")) return code.partner(at) === -1 ? -1 : at;
  return -1;
}

/** The `{` of an `if`, `for` or `switch` at `at`; -1 when there is none that closes. */
export function blockOf(code: GoCode, at: number): number {
  // Literals of types in a head stand in parentheses.
  for (let next = at + 1; next < code.count && code.depth(next) === code.depth(at); next = code.after(next))
    if (code.is(next, "{") && !code.is(next - 1, "struct") && !code.is(next - 1, "interface"))
      return code.partner(next) === -1 ? -1 : next;
  return -1;
}

/** One parameter or result. */
export interface GoParameter {
  /** -1 when it has no name. */
  name: number;
  /** The first position of its type; of names that share a type that of the last. */
  type: number;
}

/** What stands between the parentheses of parameters or results. */
export function readParameters(code: GoCode, open: number): GoParameter[] {
  const entries = code.entries(open);
  const isNamed = entries.some((entry) => isNamedEntry(code, entry));
  let type = -1;
  return entries
    .reverse()
    .map((entry) => {
      if (!isNamed) return { name: -1, type: entry };
      if (isNamedEntry(code, entry)) type = entry + 1;
      return { name: entry, type };
    })
    .reverse();
}

function isNamedEntry(code: GoCode, entry: number): boolean {
  return code.isWord(entry) && !/^(?:,|\)|\.|\[)$/.test(code.text(entry + 1)) ? true : isNamedSlice(code, entry);
}

/** `names []string` and `table [4]int`, unlike the generic type `List[string]` without a name. */
function isNamedSlice(code: GoCode, entry: number): boolean {
  return code.isWord(entry) && code.is(entry + 1, "[") && !/^[,)]?$/.test(code.text(code.after(entry + 1)));
}
