import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface SourceFile {
  /** From the folder above the corpus, with `/`. */
  path: string;
  source: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const SCRIPT = /(?<!\.d)\.(?:[cm]?[jt]s|[jt]sx)$/;

/** The hand-written files below a folder of this repository, in the order of the paths: TypeScript and JavaScript, if no other names are asked for. */
export function readCorpus(folder: string, names: RegExp = SCRIPT): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => names.test(name))
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => !name.startsWith("node_modules/"))
    .sort()
    .map((name) => ({ path: `${folder}/${name}`, source: readFileSync(join(ROOT, folder, name), "utf8") }));
}
