import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFolder } from "../../local/guilda/list-folder.ts";

/** A package that ships its sources and the configuration of its linter or formatter, in two releases. */
export interface Corpus {
  name: string;
  version: string;
  nextVersion: string;
  tree: TreeFile[];
  /** The same package, released later. */
  next: TreeFile[];
}

export interface TreeFile {
  /** From the root of the package, with `/`. */
  path: string;
  bytes: Uint8Array;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ALIAS = "corpus-";
const NEXT = "-next";
/** Such a folder at the root of a published package is built from the rest, and is no part of the repository. */
const BUILT = /^(?:dist|build|es|esm|cjs|umd)\//;

/** The packages that the project's own manifest pins under the alias `corpus-<name>`, by name; all of them unless some are named. */
export function openCorpora(names?: readonly string[]): Corpus[] {
  const { devDependencies } = readManifest(ROOT);
  return Object.keys(devDependencies)
    .filter((alias) => alias.startsWith(ALIAS) && !alias.endsWith(NEXT))
    .map((alias) => alias.slice(ALIAS.length))
    .filter((name) => names === undefined || names.includes(name))
    .sort()
    .map((name) => {
      const folder = join(ROOT, "node_modules", `${ALIAS}${name}`);
      const next = `${folder}${NEXT}`;
      return {
        name,
        version: readManifest(folder).version,
        nextVersion: readManifest(next).version,
        tree: readTree(folder),
        next: readTree(next),
      };
    });
}

function readTree(folder: string): TreeFile[] {
  return listFolder(folder)
    .filter((path) => !BUILT.test(path))
    .map((path) => ({ path, bytes: readFileSync(join(folder, path)) }));
}

function readManifest(folder: string): { version: string; devDependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
