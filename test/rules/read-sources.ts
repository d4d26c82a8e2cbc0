import { readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Import {
  /** As written. */
  specifier: string;
  /** Path from the root of the repository, for a relative import; the specifier itself for a package. */
  target: string;
  isTypeOnly: boolean;
  /** The statement up to the specifier, on one line: `import * as z from`. */
  clause: string;
}

export interface Source {
  /** From the root of the repository, with `/`. */
  path: string;
  /** Without comments; strings stay. */
  code: string;
  imports: Import[];
}

/** @returns every TypeScript source below the given folders, in the order of their paths. */
export function readSources(folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => listFiles(folder, ".ts"))
    .map((path) => parseSource(path, readFileSync(join(ROOT, path), "utf8")));
}

/** @returns paths from the root of the repository. */
export function listFiles(folder: string, extension: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension) && !entry.name.endsWith(".d.ts"))
    .map((entry) => posix.join(posix.relative(ROOT, entry.parentPath), entry.name))
    .filter((path) => !path.includes("node_modules/") && !path.includes(".wrangler/"))
    .sort();
}

const IMPORT = /(?:^|;)[ \t]*(import|export)\b((?:\s+type\b)?[\w\s{},*$]*?)(?:\bfrom\s*)?(["'])([^"'\n]+)\3/gm;
const DYNAMIC_IMPORT = /\b(typeof\s+)?import\s*\(\s*(["'])([^"'\n]+)\2/g;

export function parseSource(path: string, text: string): Source {
  const code = stripComments(text);
  const imports: Import[] = [];
  for (const [statement, keyword = "", clause = "", , specifier = ""] of code.matchAll(IMPORT)) {
    const isStatement = clause.trim() === "" ? keyword === "import" : /\bfrom\s*["']/.test(statement);
    if (isStatement) imports.push(toImport({ path, specifier, clause: `${keyword} ${clause}`, isTypeOnly: isTypeOnly(clause) }));
  }
  for (const [, typeOf, , specifier = ""] of code.matchAll(DYNAMIC_IMPORT)) {
    imports.push(toImport({ path, specifier, clause: "import()", isTypeOnly: typeOf !== undefined }));
  }
  return { path, code, imports };
}

function toImport({
  path,
  specifier,
  clause,
  isTypeOnly,
}: {
  path: string;
  specifier: string;
  clause: string;
  isTypeOnly: boolean;
}): Import {
  const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
  return { specifier, target, isTypeOnly, clause: clause.replace(/\s+/g, " ").trim() };
}

/** `import type …`, or every name of the list marked `type`. */
function isTypeOnly(clause: string): boolean {
  if (/^\s+type\b(?!\s*,)/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    ?.split(",")
    .filter((name) => name.trim() !== "");
  return names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

/** One pass over strings, templates, regular expressions that hold quotes, and comments: only the last are blanked. */
function stripComments(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*/g,
    (piece) => (piece.startsWith("/*") || piece.startsWith("//") ? " " : piece),
  );
}
