import { git } from "./git.ts";

const YEAR_SECONDS = 365 * 24 * 60 * 60;
/** The folder may be a stranger's, whose configuration could name commands to run: none of these starts one. */
const QUIET = ["-c", "core.fsmonitor=false"];
const ENV = { GIT_NO_LAZY_FETCH: "1", GIT_OPTIONAL_LOCKS: "0" };

/**
 * Tells which files of a checkout are recent: their content, as it is staged, was nowhere in the tree a year before the newest commit. A file
 * that was only moved is not, one that git does not know is.
 *
 * @returns undefined where no commit is that old, as in a young repository, a shallow clone, or a folder without git.
 */
export function findRecent(folder: string): ((path: string) => boolean) | undefined {
  const ask = (...args: string[]) => git({ folder, args: [...QUIET, ...args], env: ENV });
  try {
    const [newest = ""] = ask("rev-list", "--max-count=1", "--timestamp", "HEAD", "--").split(" ");
    const before = `--before=${Number(newest) - YEAR_SECONDS}`;
    const commit = ask("rev-list", "--max-count=1", "--first-parent", before, "HEAD", "--").trim();
    if (commit === "") return undefined;
    const known = new Set(entriesOf(ask("ls-tree", "-r", "-z", "--full-tree", commit)).map(({ blob }) => blob));
    const staged = new Map(entriesOf(ask("ls-files", "--stage", "-z")).map(({ path, blob }) => [path, blob]));
    return (path) => !known.has(staged.get(path) ?? "");
  } catch {
    return undefined;
  }
}

/** `mode type blob<tab>path` of a tree, `mode blob stage<tab>path` of what is staged. */
function entriesOf(list: string): { path: string; blob: string }[] {
  return list.split("\0").flatMap((entry) => {
    const [, blob, path] = /^\d+ (?:blob )?([0-9a-f]+)(?: \d)?\t(.*)$/s.exec(entry) ?? [];
    return blob === undefined || path === undefined ? [] : [{ path, blob }];
  });
}
