import type { PythonCode } from "./python-code.ts";
import type { PythonImport } from "./read-imports.ts";
import { STANDARD_LIBRARY } from "./standard-library.ts";

/**
 * - `import-path`: each import of the package that the file itself is in: relative, or absolute where the first part of the module is a
 *   folder on the file's path.
 * - `import-form:<module>`: each import of another module, by the form.
 * - `import-names`: each `from … import`, by whether it names what it imports.
 * - `import-line`: each `import` statement, by whether it names one module.
 * - `import-order`: each file whose outermost code imports modules of two origins: the standard library, other absolute ones, relative ones.
 * - `import-gap`: each place where the outermost imports change between origins.
 */
export function pythonImportFacts({ code, imports }: { code: PythonCode; imports: readonly PythonImport[] }): void {
  const folders = new Set(code.path.split("/").slice(0, -1));
  for (const [index, each] of imports.entries()) {
    const { at, end, module, level, form, alias } = each;
    if (form === "from") code.emit("import-names", each.isStar ? "all" : "by name", at, end);
    else if (imports[index - 1]?.at !== at) code.emit("import-line", each.modules > 1 ? "several" : "one", at, end);
    const [top = ""] = module.split(".");
    const isOwn = level > 0 || (folders.has(top) && !STANDARD_LIBRARY.has(top));
    if (isOwn) code.emit("import-path", level > 0 ? "relative" : "absolute", at, end);
    else if (top !== "__future__") code.emit(`import-form:${module}`, alias === undefined ? form : `import as ${alias}`, at, end);
  }
  orderFacts(
    code,
    imports.filter(({ at, module }) => code.depth(at) === 0 && module !== "__future__"),
  );
}

function orderFacts(code: PythonCode, imports: readonly PythonImport[]): void {
  const [first] = imports;
  const last = imports.at(-1);
  if (first === undefined || last === undefined) return;
  let changes = 0;
  let isSorted = true;
  for (const [index, each] of imports.slice(1).entries()) {
    const before = imports[index];
    if (before === undefined || before.at === each.at || originOf(before) === originOf(each)) continue;
    changes += 1;
    if (originOf(before) > originOf(each)) isSorted = false;
    // Between imports that follow each other; other code between them has its own reasons for blank lines.
    if (before.end + 2 !== each.at) continue;
    const between = code.source.slice(code.end(before.end), code.start(each.at));
    code.emit("import-gap", /\n[ \t\r]*\n/.test(between) ? "blank line" : "no blank line", before.at, each.end);
  }
  if (changes > 0) code.emit("import-order", isSorted ? "standard library first" : "mixed", first.at, last.end);
}

function originOf({ module, level }: PythonImport): number {
  if (level > 0) return 2;
  return STANDARD_LIBRARY.has(module.split(".")[0] ?? "") ? 0 : 1;
}
