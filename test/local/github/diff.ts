import { git } from "./git.ts";

/** One file of a diff. `patch` begins with `@@`, and is absent for binary files, changes of mode alone and very long ones. */
export interface FileDiff {
  path: string;
  previousPath?: string;
  status: "added" | "removed" | "modified" | "renamed" | "changed";
  /** Blob after the change, of a removed file before it. */
  sha: string;
  additions: number;
  deletions: number;
  patch?: string;
}

/** One line of a patch. */
export interface PatchLine {
  kind: " " | "+" | "-";
  left: number;
  right: number;
  /** Counts from the line below the first `@@`, later `@@` lines included: its index within the patch. */
  position: number;
  /** Index of the `@@` line above it. */
  hunk: number;
}

/** Beyond this a diff is not shown. @see https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits */
const MAX_PATCH_LINES = 20_000;

/**
 * @param from a commit or tree.
 * @param to a commit or tree.
 * @param path limits the diff to one file, without looking for renames.
 */
export async function diffFiles({
  directory,
  from,
  to,
  path,
}: {
  directory: string;
  from: string;
  to: string;
  path?: string;
}): Promise<FileDiff[]> {
  const limits = path === undefined ? ["-M", from, to] : [from, to, "--", path];
  const common = ["diff-tree", "-r", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short"];
  const [summary, patches] = await Promise.all([
    git({ directory, args: [...common, "--raw", "--numstat", "-z", "--no-abbrev", ...limits] }),
    git({ directory, args: [...common, "--patch", ...limits] }),
  ]);
  return joinPatches(readSummary(summary.stdout.toString()), patches.stdout.toString());
}

/** @returns the lines of a patch that belong to a file, with where they stand. */
export function readPatch(patch: string): PatchLine[] {
  const lines: PatchLine[] = [];
  let left = 0;
  let right = 0;
  let hunk = 0;
  for (const [index, text] of patch.split("\n").entries()) {
    const start = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (start !== null) {
      [left, right, hunk] = [Number(start[1]), Number(start[2]), index];
      continue;
    }
    const kind = text[0];
    if (kind !== " " && kind !== "+" && kind !== "-") continue;
    lines.push({ kind, left, right, position: index, hunk });
    if (kind !== "+") left += 1;
    if (kind !== "-") right += 1;
  }
  return lines;
}

/** @returns where a line of the old file stands in the new one; undefined when it was changed or removed. */
export function followLine({ patch, line }: { patch: string; line: number }): number | undefined {
  let shift = 0;
  for (const each of readPatch(patch)) {
    if (each.left > line) break;
    if (each.kind === "-" && each.left === line) return undefined;
    if (each.kind === "-") shift -= 1;
    if (each.kind === "+") shift += 1;
  }
  return line + shift;
}

interface Summary {
  file: FileDiff;
  /** A file that turns into a link is shown as two patches. */
  patches: 1 | 2;
}

function readSummary(text: string): Summary[] {
  const tokens = text.split("\0");
  let at = 0;
  const next = () => tokens[at++] ?? "";
  const summaries: Summary[] = [];
  while (tokens[at]?.startsWith(":")) {
    const [, , oldSha = "", newSha = "", letter = ""] = next().split(" ");
    const first = next();
    const isRename = letter.startsWith("R");
    const path = isRename ? next() : first;
    const status = statusOf({ letter, isSameBlob: oldSha === newSha });
    const file: FileDiff = { path, status, sha: status === "removed" ? oldSha : newSha, additions: 0, deletions: 0 };
    summaries.push({ file: isRename ? { ...file, previousPath: first } : file, patches: letter === "T" ? 2 : 1 });
  }
  for (const { file } of summaries) {
    const [additions = "", deletions = "", path = ""] = next().split("\t");
    if (path === "") at += 2;
    file.additions = Number(additions) || 0;
    file.deletions = Number(deletions) || 0;
  }
  return summaries;
}

function statusOf({ letter, isSameBlob }: { letter: string; isSameBlob: boolean }): FileDiff["status"] {
  switch (letter.charAt(0)) {
    case "A":
      return "added";
    case "D":
      return "removed";
    case "R":
      return "renamed";
    default:
      return isSameBlob ? "changed" : "modified";
  }
}

/** Both lists are in the same order. A line of a file never begins a patch: each has a sign before it. */
function joinPatches(summaries: Summary[], text: string): FileDiff[] {
  const pieces = `\n${text}`.split("\ndiff --git ").slice(1);
  let at = 0;
  return summaries.map(({ file, patches }) => {
    const piece = pieces[at] ?? "";
    at += patches;
    const start = piece.indexOf("\n@@ ");
    if (start === -1) return file;
    const patch = piece.slice(start + 1).replace(/\n$/, "");
    return patch.split("\n").length > MAX_PATCH_LINES ? file : { ...file, patch };
  });
}
