import type { Code } from "./code.ts";
import { isTypeEntry } from "./read-imports.ts";

const VALUES = new Set(["const", "let", "var", "function", "async", "class", "abstract", "enum", "default", "@"]);
/** A tool or a framework asks these for a default export. */
const DICTATED = /(?:^|\/)[^/]*\.(?:config|stories|setup)\.[a-z]+$/;

/**
 * - `export-form`: each file that exports a value of its own: whether it has a default export. Re-exports, exports of types alone and
 *   files of which a tool asks a default export are left out.
 * - `export-place`: each exported value: where it is declared, or in a list. Defaults and re-exports are left out.
 * - `re-export`: each re-export of another file, by whether it names what it passes on; those of types left out.
 */
export function exportFacts(code: Code): void {
  const values: number[] = [];
  for (const at of code.outermost("export")) {
    const next = code.text(at + 1);
    if (next === "*") code.emit("re-export", code.is(at + 2, "as") ? "export * as" : "export *", at);
    else if (next === "{") {
      const close = code.partner(at + 1);
      if (close === -1) continue;
      if (code.is(close + 1, "from")) code.emit("re-export", "by name", at, close);
      else if (listFacts(code, at + 1)) values.push(at);
    } else if (VALUES.has(next)) {
      values.push(at);
      if (next !== "default") code.emit("export-place", "at the declaration", at);
    }
  }
  const [first] = values;
  if (first === undefined || DICTATED.test(code.path)) return;
  const withDefault = values.find((at) => code.is(at + 1, "default"));
  code.emit("export-form", withDefault === undefined ? "named only" : "default", withDefault ?? first);
}

/** Whether the list has any names of values. */
function listFacts(code: Code, open: number): boolean {
  const entries = code.entries(open).filter((entry) => !isTypeEntry(code, entry));
  for (const entry of entries) code.emit("export-place", "in a list", entry);
  return entries.length > 0;
}
