import type { Code } from "./code.ts";

/** A declaration with `from`, or an import for its side effects. */
export interface ImportDeclaration {
  /** Of `import` or `export`. */
  at: number;
  /** Of the last token, the semicolon left out. */
  end: number;
  specifier: string;
  isExport: boolean;
  /** Whether all of it is marked as types, as in `import type { A }`. */
  isType: boolean;
  /** Whether a name in the braces is marked as a type. */
  hasInlineType: boolean;
  /** The clause with its names in braces left out: `{ … }`, `z`, `* as z`, `z, { … }`; undefined for side effects and re-exports. */
  form: string | undefined;
}

/** Those of the outermost code, in order. What is unfinished, `import x = require()` and `import()` are none. */
export function readImports(code: Code): ImportDeclaration[] {
  const starts = [...code.outermost("import"), ...code.outermost("export")].sort((left, right) => left - right);
  return starts.flatMap((at) => readImport(code, at) ?? []);
}

function readImport(code: Code, at: number): ImportDeclaration | undefined {
  const isExport = code.is(at, "export");
  if (!isExport && code.isString(at + 1)) return finish(code, { at, from: at, isExport, isType: false, clause: [] });
  const isType = code.is(at + 1, "type") && !code.is(at + 2, "from") && !code.is(at + 2, ",") && !code.is(at + 2, "=");
  const clause: number[] = [];
  let next = isType ? at + 2 : at + 1;
  // A clause has at most a default and a group of names.
  for (let part = 0; part < 2; part += 1) {
    clause.push(next);
    if (code.is(next, "*")) next += code.is(next + 1, "as") ? 3 : 1;
    else if (code.is(next, "{")) next = code.after(next);
    else if (code.isWord(next) && !isExport) next += 1;
    else return undefined;
    if (!code.is(next, ",")) break;
    next += 1;
  }
  return code.is(next, "from") ? finish(code, { at, from: next, isExport, isType, clause }) : undefined;
}

function finish(
  code: Code,
  {
    at,
    from,
    isExport,
    isType,
    clause,
  }: { at: number; from: number; isExport: boolean; isType: boolean; clause: readonly number[] },
): ImportDeclaration | undefined {
  if (!code.isString(from + 1)) return undefined;
  const hasAttributes = (code.is(from + 2, "with") || code.is(from + 2, "assert")) && code.is(from + 3, "{");
  return {
    at,
    end: hasAttributes ? code.partner(from + 3) : from + 1,
    specifier: code.stringText(from + 1),
    isExport,
    isType,
    hasInlineType: clause.some((open) => code.is(open, "{") && code.entries(open).some((entry) => isTypeEntry(code, entry))),
    form: isExport || clause.length === 0 ? undefined : clause.map((part) => formOf(code, part)).join(", "),
  };
}

function formOf(code: Code, at: number): string {
  if (code.is(at, "{")) return "{ … }";
  return code.is(at, "*") ? `* as ${code.text(at + 2)}` : code.text(at);
}

/** `type A`, and not the name `type` itself. */
export function isTypeEntry(code: Code, at: number): boolean {
  return code.is(at, "type") && !code.is(at + 1, ",") && !code.is(at + 1, "}") && !code.is(at + 1, "as");
}
