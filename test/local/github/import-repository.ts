import { copyFileSync, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { git, gitText } from "./git.ts";
import { type FileChange, writeCommit } from "./write-commit.ts";

/** When, by whom and how the one commit of a plain folder is made: the same files are the same commit everywhere. */
const FOLDER_COMMIT = {
  message: "Import",
  author: { name: "Guilda", email: "import@guilda.test", date: new Date("2026-01-01T00:00:00Z") },
};
const FOLDER_BRANCH = "main";
const LEFT_OUT = [".git", "node_modules"];
const SERVED_REFS = /^refs\/(heads|tags)\//;

/**
 * Makes a bare repository of our own from a folder. Of a git repository the objects, branches and tags are copied; its
 * configuration and hooks are never read. A plain folder becomes one commit of all its files but `node_modules`.
 *
 * @returns the default branch.
 * @throws Error when the folder has no commit.
 */
export async function importRepository({
  source,
  directory,
}: {
  source: string;
  directory: string;
}): Promise<{ defaultBranch: string }> {
  const places = findGitDirectory(source);
  const refs = places === undefined ? undefined : readRefs(places);
  const defaultBranch = refs?.defaultBranch ?? FOLDER_BRANCH;
  await git({ directory, args: ["init", "--quiet", "--bare", "--template=", `--initial-branch=${defaultBranch}`] });
  if (places === undefined || refs === undefined) {
    await writeCommit({ directory, branch: FOLDER_BRANCH, parent: null, changes: readFiles(source), ...FOLDER_COMMIT });
  } else {
    const shallow = join(places.common, "shallow");
    if (existsSync(shallow)) copyFileSync(shallow, join(directory, "shallow"));
    await copyObjects({ objects: join(places.common, "objects"), directory, tips: [...refs.shas.values()] });
    const lines = [...refs.shas].map(([name, sha]) => `create ${name} ${sha}\n`).join("");
    await git({ directory, args: ["update-ref", "--stdin"], input: lines });
  }
  return { defaultBranch };
}

/** Brings a commit, and all that it stands on, from the folder that a repository was imported from. */
export async function importCommit({
  source,
  directory,
  sha,
}: {
  source: string;
  directory: string;
  sha: string;
}): Promise<void> {
  const places = findGitDirectory(source);
  if (places === undefined) throw new Error(`${source} is no git repository: it has no commit ${sha}`);
  await copyObjects({ objects: join(places.common, "objects"), directory, tips: [sha] });
}

/** `own` has HEAD; `common` has objects and refs, and differs for a linked working tree. */
interface GitDirectory {
  own: string;
  common: string;
}

function findGitDirectory(source: string): GitDirectory | undefined {
  const dotGit = join(source, ".git");
  if (existsSync(dotGit)) {
    const own = statSync(dotGit).isDirectory() ? dotGit : resolve(source, readWord(dotGit).replace(/^gitdir: /, ""));
    const commonFile = join(own, "commondir");
    return { own, common: existsSync(commonFile) ? resolve(own, readWord(commonFile)) : own };
  }
  const isBare = existsSync(join(source, "HEAD")) && existsSync(join(source, "objects"));
  return isBare ? { own: source, common: source } : undefined;
}

function readRefs({ own, common }: GitDirectory): { defaultBranch: string; shas: Map<string, string> } {
  const shas = new Map<string, string>();
  const packed = join(common, "packed-refs");
  if (existsSync(packed)) {
    for (const [, sha = "", name = ""] of readFileSync(packed, "utf8").matchAll(/^([0-9a-f]{40}) (\S+)$/gm)) shas.set(name, sha);
  }
  for (const name of listFiles(join(common, "refs"))) shas.set(`refs/${name}`, readWord(join(common, "refs", name)));
  const head = readWord(join(own, "HEAD"));
  const branch = /^ref: refs\/heads\/(.+)$/.exec(head)?.[1];
  const served = new Map([...shas].filter(([name]) => SERVED_REFS.test(name)));
  if (branch === undefined) served.set(`refs/heads/${FOLDER_BRANCH}`, head);
  const defaultBranch = branch ?? FOLDER_BRANCH;
  if (!served.has(`refs/heads/${defaultBranch}`)) throw new Error(`${own}: the branch ${defaultBranch} has no commit`);
  return { defaultBranch, shas: served };
}

/** The other repository is only an object store here: git looks into its `objects`, and nowhere else. */
async function copyObjects({ objects, directory, tips }: { objects: string; directory: string; tips: string[] }): Promise<void> {
  await gitText({
    directory,
    args: ["pack-objects", "--quiet", "--revs", join(directory, "objects/pack/pack")],
    input: tips.map((tip) => `${tip}\n`).join(""),
    env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: objects },
  });
}

function readFiles(folder: string): FileChange[] {
  return listFiles(folder).map((path) => {
    const full = join(folder, path);
    const stats = lstatSync(full);
    if (stats.isSymbolicLink()) return { path, mode: "120000", content: Buffer.from(readlinkSync(full)) };
    return { path, mode: stats.mode & 0o100 ? "100755" : "100644", content: readFileSync(full) };
  });
}

/** @returns paths of files and symbolic links below the folder, sorted, with `/`. */
function listFiles(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.includes(entry.name)) return [];
    if (entry.isDirectory()) return listFiles(join(folder, entry.name)).map((path) => `${entry.name}/${path}`);
    return entry.isFile() || entry.isSymbolicLink() ? [entry.name] : [];
  });
  return files.sort();
}

function readWord(path: string): string {
  return readFileSync(path, "utf8").trim();
}
