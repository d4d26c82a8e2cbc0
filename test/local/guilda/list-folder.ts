import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const PRUNED = new Set([".git", "node_modules"]);
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * The files below a folder, relative to it and with `/`: in a repository those that git knows or would add, elsewhere all of them but
 * installed packages. `.gitattributes` comes first, as in an archive that git made.
 */
export function listFolder(folder: string): string[] {
  const known = listByGit(folder);
  const paths = known.length > 0 ? known : walk({ root: folder, below: "" });
  return paths.sort(
    (left, right) => Number(right === ".gitattributes") - Number(left === ".gitattributes") || compare(left, right),
  );
}

function listByGit(folder: string): string[] {
  // The folder may be a stranger's, whose configuration could name a command to run.
  const args = ["-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  try {
    const list = execFileSync("git", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"], maxBuffer: MAX_LIST_BYTES });
    return [...new Set(list.toString().split("\0"))].filter((path) => path !== "");
  } catch {
    return [];
  }
}

/** Links are not followed. */
function walk({ root, below }: { root: string; below: string }): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return PRUNED.has(entry.name) ? [] : walk({ root, below: path });
    return entry.isFile() ? [path] : [];
  });
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
