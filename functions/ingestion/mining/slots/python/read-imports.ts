import type { PythonCode } from "./python-code.ts";

/** One module that an `import` or a `from` names. */
export interface PythonImport {
  at: number;
  /** Of the last token of the statement. */
  end: number;
  /** `a.b`, without the dots before it. */
  module: string;
  /** How many dots stand before it: none for what is absolute. */
  level: number;
  form: "import" | "from";
  /** The name after `as` of an `import`. */
  alias: string | undefined;
  isStar: boolean;
  /** How many modules the statement names. */
  modules: number;
}

/** Those of the whole file, in order. What is unfinished is left out. */
export function readPythonImports(code: PythonCode): PythonImport[] {
  return [
    ...code.at("import").flatMap((at) => (code.beginsStatement(at) ? readImport(code, at) : [])),
    ...code.at("from").flatMap((at) => (code.beginsStatement(at) ? readFrom(code, at) : [])),
  ].sort((left, right) => left.at - right.at);
}

function readImport(code: PythonCode, at: number): PythonImport[] {
  const end = code.endOfStatement(at);
  const found: PythonImport[] = [];
  let next = at + 1;
  while (code.isWord(next)) {
    const { module, after } = readModule(code, next);
    const hasAlias = code.is(after, "as") && code.isWord(after + 1);
    const alias = hasAlias ? code.text(after + 1) : undefined;
    found.push({ at, end, module, level: 0, form: "import", alias, isStar: false, modules: 0 });
    next = (hasAlias ? after + 2 : after) + 1;
    if (!code.is(next - 1, ",")) break;
  }
  return next - 1 === end + 1 ? found.map((each) => ({ ...each, modules: found.length })) : [];
}

function readFrom(code: PythonCode, at: number): PythonImport[] {
  let next = at + 1;
  let level = 0;
  for (; code.is(next, ".") || code.is(next, "..."); next += 1) level += code.text(next).length;
  const { module, after } = readModule(code, next);
  if (!code.is(after, "import") || (level === 0 && module === "")) return [];
  const isStar = code.is(after + 1, "*");
  return [{ at, end: code.endOfStatement(at), module, level, form: "from", alias: undefined, isStar, modules: 1 }];
}

function readModule(code: PythonCode, from: number): { module: string; after: number } {
  if (!code.isWord(from)) return { module: "", after: from };
  const parts = [code.text(from)];
  let at = from + 1;
  for (; code.is(at, ".") && code.isWord(at + 1); at += 2) parts.push(code.text(at + 1));
  return { module: parts.join("."), after: at };
}
