import { folderOf, resolvePath } from "../../../shared/craft/repository-path.ts";
import { compareText } from "./mining-state.ts";
import type { PathFact } from "./path-facts.ts";
import type { FileTally } from "./tally-file.ts";

/** What a specifier may leave out, or write for a source that is compiled to it. */
const CODE_EXTENSION = /\.(?:[cm]?[jt]sx?|d\.[cm]?ts)$/;
const RELATIVE = /^\.\.?(?:\/|$)/;

/**
 * Which of two folders imports the other: one decision for each import between two folders with the same parent, or between what is in
 * them. The slot names both, in order, so that each pair has a denominator of its own. Imports of packages, of what is not in the tree, and
 * to or from a file beside the folders decide nothing.
 *
 * @param files all that were read, in any order, each path once.
 * @param paths those of the whole tree.
 */
export function layerFacts({
  files,
  paths,
}: {
  files: Iterable<{ path: string; tally: FileTally }>;
  paths: readonly string[];
}): PathFact[] {
  const folderByModule = moduleFolders(paths);
  const facts: PathFact[] = [];
  for (const { path, tally } of files)
    for (const [specifier, [occurrences, line, endLine]] of Object.entries(tally["~import"] ?? {})) {
      const target = RELATIVE.test(specifier) ? folderByModule.get(moduleOf(`${folderOf(path)}/${specifier}`)) : undefined;
      const edge = target === undefined ? undefined : edgeBetween({ source: folderOf(path), target });
      for (let count = 0; edge !== undefined && count < occurrences; count += 1) facts.push({ path, ...edge, line, endLine });
    }
  return facts.sort(
    (left, right) => compareText(left.path, right.path) || left.line - right.line || compareText(left.slot, right.slot),
  );
}

/** By what can be imported, the folder that it is in: a file without its extension, and a folder that has an index. */
function moduleFolders(paths: readonly string[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    if (!CODE_EXTENSION.test(path)) continue;
    const module = moduleOf(path);
    folders.set(module, folderOf(path));
    if (module === "index" || module.endsWith("/index")) folders.set(folderOf(path), folderOf(path));
  }
  return folders;
}

function moduleOf(path: string): string {
  return resolvePath(path).replace(CODE_EXTENSION, "");
}

/** The siblings in which two folders part; undefined where one contains the other. */
function edgeBetween({ source, target }: { source: string; target: string }): { slot: string; value: string } | undefined {
  const from = source.split("/");
  const to = target.split("/");
  let depth = 0;
  while (depth < from.length && depth < to.length && from[depth] === to[depth]) depth += 1;
  const importer = from.slice(0, depth + 1).join("/");
  const imported = to.slice(0, depth + 1).join("/");
  if (depth === from.length || depth === to.length || importer === "" || imported === "") return undefined;
  return { slot: `layer:${[importer, imported].sort(compareText).join(" | ")}`, value: `${importer} → ${imported}` };
}
