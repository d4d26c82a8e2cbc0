import { KIND } from "../../tokens.ts";
import type { GoCode } from "./go-code.ts";

interface GoImport {
  at: number;
  path: string;
  alias: string | undefined;
  end: number;
}

/**
 * - `import-group`: each file that imports several packages, by whether one pair of parentheses is around all of them.
 * - `import-order`: each file that imports packages of the standard library and others; those have a dot in the first part of their path.
 * - `import-gap`: each place where the imports of one group change between the two.
 * - `import-alias:<path>`: each import of a package that is not of the standard library, by the name it gets.
 */
export function goImportFacts(code: GoCode): void {
  const imports: GoImport[] = [];
  let declarations = 0;
  for (const at of code.outermost("import")) {
    if (!code.beginsStatement(at)) continue;
    declarations += 1;
    const isGroup = code.is(at + 1, "(") && code.partner(at + 1) !== -1;
    const specs = isGroup ? specsOf(code, at + 1) : [at + 1];
    imports.push(...specs.flatMap((spec) => readImport(code, spec) ?? []));
  }
  const [first] = imports;
  const last = imports.at(-1);
  if (first === undefined || last === undefined) return;
  if (imports.length > 1)
    code.emit("import-group", declarations === 1 ? "one group" : "several declarations", first.at, last.end);
  for (const { at, path, alias, end } of imports)
    if (!isStandard(path) && alias !== "_") code.emit(`import-alias:${path}`, alias ?? "its own name", at, end);
  orderFacts(code, imports);
}

function specsOf(code: GoCode, open: number): number[] {
  const specs: number[] = [];
  for (let at = open + 1; at < code.partner(open); at += 1)
    if (!code.endsStatement(at) && (at === open + 1 || code.endsStatement(at - 1))) specs.push(at);
  return specs;
}

function readImport(code: GoCode, at: number): GoImport | undefined {
  const end = code.isString(at) ? at : at + 1;
  if (!code.isString(end)) return undefined;
  return { at, path: code.stringText(end), alias: end === at ? undefined : code.text(at), end };
}

function orderFacts(code: GoCode, imports: readonly GoImport[]): void {
  const [first] = imports;
  const last = imports.at(-1);
  if (first === undefined || last === undefined) return;
  let changes = 0;
  for (const [index, each] of imports.slice(1).entries()) {
    const before = imports[index];
    if (before === undefined || isStandard(before.path) === isStandard(each.path)) continue;
    changes += 1;
    const isNext = code.kind(before.end + 1) === KIND.lineEnd && before.end + 2 === each.at;
    const between = code.source.slice(code.end(before.end), code.start(each.at));
    if (isNext) code.emit("import-gap", /\n[ \t\r]*\n/.test(between) ? "blank line" : "no blank line", before.at, each.end);
  }
  if (changes === 0) return;
  const order = isStandard(first.path) ? "standard library first" : "standard library last";
  code.emit("import-order", changes === 1 ? order : "mixed", first.at, last.end);
}

function isStandard(path: string): boolean {
  return !(path.split("/")[0] ?? "").includes(".") && path !== "C";
}
