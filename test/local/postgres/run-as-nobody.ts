import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Postgres refuses to run as root; root lends it the user that owns nothing (`nobody`). */
const NOBODY_ID = 65_534;

/** Whether Postgres, which refuses to run as root, must be run as somebody else. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Options of a child process that Postgres agrees to run in. */
export function identity() {
  const env = { ...process.env, LC_ALL: "C" };
  return isRoot() ? { env, cwd: "/", uid: NOBODY_ID, gid: NOBODY_ID } : { env };
}

/** The data folder, or where its link leads when root keeps it in a place such as `/root` that nobody else may enter. */
export function reachableFolder({ dataDir }: { dataDir: string }): string {
  mkdirSync(dirname(dataDir), { recursive: true });
  if (!isRoot() || canNobodyEnter(dirname(dataDir))) return dataDir;
  removeIfEmpty(dataDir);
  const outside = outsidePath(dataDir);
  if (!existsSync(dataDir)) {
    // Deleting the link is how people delete the data, so what it led to is stale.
    for (const stale of [dataDir, outside]) rmSync(stale, { recursive: true, force: true });
    mkdirSync(outside, { mode: 0o700 });
    symlinkSync(outside, dataDir);
  }
  return realpathSync(dataDir);
}

/** Copies the binaries once to where the user lent to Postgres can run them. */
export function copyOutside(installed: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, "..", "package.json"), "utf8")) as { version: string };
  const copy = outsidePath(`${installed}@${version}`);
  if (!existsSync(copy)) {
    const making = `${copy}.${process.pid}.new`;
    cpSync(installed, making, { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", making]);
    renameSync(making, copy);
  }
  if (lstatSync(copy).uid !== 0)
    throw new Error(`Postgres does not run from ${copy} because root did not make it: delete that folder.`);
  return copy;
}

function outsidePath(path: string): string {
  return join("/var/tmp", `guilda-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`);
}

/** Whether every folder of a path lets strangers pass. */
export function canNobodyEnter(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0;
  return open && (dirname(path) === path || canNobodyEnter(dirname(path)));
}

/** Hands paths over to the user that Postgres runs as. */
export function giveAway(paths: string[]): void {
  if (isRoot()) for (const path of paths) chownSync(path, NOBODY_ID, NOBODY_ID);
}

export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
