import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChangedFile, changedLinesOfDiff } from "../../../shared/craft/changed-lines.ts";
import { git } from "./git.ts";

/** More lines than any file has. */
const WHOLE_FILE = { line: 1, endLine: Number.MAX_SAFE_INTEGER };
const DIFF = [
  "-c",
  "core.fsmonitor=false",
  "diff",
  "-U0",
  "--inter-hunk-context=0",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--find-renames",
  "--ignore-submodules=all",
  "--src-prefix=a/",
  "--dst-prefix=b/",
  "--relative",
];

/**
 * What changed in a folder since a commit, with what is not committed yet: by path from the folder. Files that git does not know are new.
 *
 * @param since anything that names a commit to git.
 * @throws Error with one sentence when git knows no such commit.
 */
export function listChanges({ folder, since }: { folder: string; since: string }): Map<string, ChangedFile> {
  const commit = resolveCommit({ folder, since });
  const untracked = git({ folder, args: ["-c", "core.fsmonitor=false", "ls-files", "-z", "--others", "--exclude-standard"] })
    .split("\0")
    .filter((path) => path !== "")
    .map((path) => ({ path, isNewPath: true, added: [WHOLE_FILE] }));
  return new Map([...changedLinesOfDiff(diff({ folder, commit })), ...untracked].map((file) => [file.path, file]));
}

function resolveCommit({ folder, since }: { folder: string; since: string }): string {
  try {
    return git({ folder, args: ["rev-parse", "--verify", "--quiet", "--end-of-options", `${since}^{commit}`] }).trim();
  } catch {
    throw new Error(`git knows no commit ${since} in ${folder}.`);
  }
}

/**
 * To compare with files on disk, git runs the filters that the configuration of a repository names. The folder may be a stranger's, so
 * its objects and index are read from a repository of our own, which has no configuration.
 */
function diff({ folder, commit }: { folder: string; commit: string }): string {
  const ask = (...args: string[]) => git({ folder, args: ["rev-parse", ...args] }).replace(/\n$/, "");
  const own = mkdtempSync(join(tmpdir(), "guilda-changes-"));
  try {
    const format = ask("--show-object-format");
    git({ folder, args: ["init", "--quiet", "--bare", "--template=", `--object-format=${format}`, own] });
    const env = {
      GIT_DIR: own,
      GIT_WORK_TREE: ask("--show-toplevel"),
      GIT_OBJECT_DIRECTORY: ask("--path-format=absolute", "--git-path", "objects"),
      GIT_INDEX_FILE: ask("--path-format=absolute", "--git-path", "index"),
      GIT_OPTIONAL_LOCKS: "0",
      GIT_NO_LAZY_FETCH: "1",
    };
    return git({ folder, args: [...DIFF, commit, "--"], env });
  } finally {
    rmSync(own, { recursive: true });
  }
}
