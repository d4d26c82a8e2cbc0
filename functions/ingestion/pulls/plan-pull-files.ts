import { type ChangedFile, changedLinesOfPatch, type LineRange } from "../../../shared/craft/changed-lines.ts";
import type { GitAttributes } from "../archive/git-attributes.ts";
import { judgeFile } from "../archive/judge-file.ts";
import { isStorablePath, type ListedFile } from "../scan/plan-files.ts";
import type { PullLimits } from "./pull-limits.ts";

/** A file as GitHub shows that a pull request changes it, on the new side. */
export interface PullFile {
  filename: string;
  status: string;
  changes: number;
  patch?: string | undefined;
}

/** A file that a pull request changes. */
export interface PullChange extends ChangedFile {
  /** Whether the diff shows its lines, so that a comment can stand there. */
  isInDiff: boolean;
}

export interface PullPlan {
  /** Source code with lines to be checked. */
  toRead: { file: ListedFile; change: PullChange }[];
  /** Files that count by their path alone. */
  toNote: PullChange[];
  /** Changed files that are left out, by reason, and their paths. */
  leftOut: Record<string, number>;
  leftOutPaths: string[];
  /** Files of source code with changes, whether they can be read or not. */
  sources: number;
}

const NEW_PATH: readonly string[] = ["added", "renamed", "copied"];
const GONE: readonly string[] = ["removed", "unchanged"];
const WHOLE: LineRange = { line: 1, endLine: Number.MAX_SAFE_INTEGER };

/**
 * What is to be done about the files of a pull request. What only loses lines has nothing to be checked.
 *
 * @param tree the regular files of its head, by path.
 * @param attributes of the base: a pull request does not excuse itself.
 */
export function planPullFiles({
  files,
  tree,
  attributes,
  limits,
}: {
  files: readonly PullFile[];
  tree: ReadonlyMap<string, ListedFile>;
  attributes: GitAttributes;
  limits: PullLimits;
}): PullPlan {
  const plan: PullPlan = { toRead: [], toNote: [], leftOut: {}, leftOutPaths: [], sources: 0 };
  let bytes = 0;
  for (const pullFile of files) {
    const path = pullFile.filename;
    const change = readChange(pullFile);
    if (change === "none") continue;
    const file = tree.get(path);
    const { kind, reason } = isStorablePath(path) ? judgeFile({ path, size: file?.size ?? 0, attributes }) : UNUSABLE;
    if (kind === "source" || kind === "too_big") plan.sources += 1;
    const size = file?.size ?? 0;
    if (kind !== "source" && kind !== "other") leaveOut({ plan, path, reason });
    else if (file === undefined) leaveOut({ plan, path, reason: "unlisted" });
    else if (change === "unknown") leaveOut({ plan, path, reason: "no_patch" });
    else if (kind === "other") plan.toNote.push(change);
    else if (plan.toRead.length >= limits.readFiles || bytes + size > limits.readBytes)
      leaveOut({ plan, path, reason: "too_many" });
    else {
      plan.toRead.push({ file, change });
      bytes += size;
    }
  }
  return plan;
}

const UNUSABLE = { kind: "unusable", reason: "bad_name" } as const;

export function leaveOut({ plan, path, reason }: { plan: PullPlan; path: string; reason: string }): void {
  plan.leftOut[reason] = (plan.leftOut[reason] ?? 0) + 1;
  if (isStorablePath(path)) plan.leftOutPaths.push(path);
}

/** GitHub leaves out what is binary or too long to be shown; of a new file, that is all of it. */
function readChange({ filename, status, changes, patch }: PullFile): PullChange | "none" | "unknown" {
  if (GONE.includes(status)) return "none";
  const isNewPath = NEW_PATH.includes(status);
  const file = { path: filename, isNewPath, isInDiff: patch !== undefined };
  if (patch === undefined && changes > 0) return status === "added" ? { ...file, added: [WHOLE] } : "unknown";
  const added = changedLinesOfPatch(patch ?? "");
  return added.length > 0 || isNewPath ? { ...file, added } : "none";
}
