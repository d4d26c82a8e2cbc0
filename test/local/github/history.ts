import { git, gitText } from "./git.ts";

/** A commit as git keeps it. Dates are ISO 8601 with the author's own offset. */
export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: { name: string; email: string; date: string };
  committer: { name: string; email: string; date: string };
  message: string;
}

export const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

const FORMAT = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"];
const SHA = /^[0-9a-f]{40}$/;
/** What a branch or tag may be called, near enough; above all no option, no range and no `^{…}`. */
const REF = /^(?!-)(?!.*(\.\.|@\{|\/\/))[^\s~^:?*[\\\0]+$/;

export function isSha(text: string): boolean {
  return SHA.test(text);
}

/** @param ref a branch, a tag, `heads/…`, `tags/…`, `refs/…` or a commit, also shortened. @returns its commit, if there is one. */
export async function resolveCommit({ directory, ref }: { directory: string; ref: string }): Promise<string | undefined> {
  if (!REF.test(ref)) return undefined;
  const names = isSha(ref) ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`, ref];
  for (const name of names.filter((each) => each !== ref || /^(refs\/.+|[0-9a-f]{4,40})$/.test(each))) {
    const args = ["rev-parse", "--quiet", "--verify", "--end-of-options", `${name}^{commit}`];
    const { status, stdout } = await git({ directory, args, accepts: [0, 1, 128] });
    if (status === 0) return stdout.toString().trim();
  }
  return undefined;
}

/**
 * @param range one commit, or `a..b`; both resolved already.
 * @returns commits, newest first.
 */
export async function listCommits({
  directory,
  range,
  options = [],
  path,
}: {
  directory: string;
  range: string;
  options?: readonly string[];
  path?: string;
}): Promise<Commit[]> {
  const args = ["log", "-z", `--format=${FORMAT.join("%x00")}`, ...options, range, "--", ...(path === undefined ? [] : [path])];
  const fields = (await git({ directory, args })).stdout.toString().split("\0");
  const commits: Commit[] = [];
  for (let at = 0; at + FORMAT.length <= fields.length; at += FORMAT.length) commits.push(readCommit(fields.slice(at)));
  return commits;
}

export async function countCommits({
  directory,
  range,
  options = [],
  path,
}: {
  directory: string;
  range: string;
  options?: readonly string[];
  path?: string;
}): Promise<number> {
  const args = ["rev-list", "--count", ...options, range, "--", ...(path === undefined ? [] : [path])];
  return Number(await gitText({ directory, args }));
}

/** @param sha must exist. */
export async function getCommit({ directory, sha }: { directory: string; sha: string }): Promise<Commit> {
  const [commit] = await listCommits({ directory, range: sha, options: ["--max-count=1"] });
  if (commit === undefined) throw new Error(`no commit ${sha}`);
  return commit;
}

/** @returns the newest common ancestor, if there is one. */
export async function mergeBase({
  directory,
  shas,
}: {
  directory: string;
  shas: readonly [string, string];
}): Promise<string | undefined> {
  const { status, stdout } = await git({ directory, args: ["merge-base", ...shas], accepts: [0, 1] });
  return status === 0 ? stdout.toString().trim() : undefined;
}

function readCommit(fields: string[]): Commit {
  const [sha = "", tree = "", parents = "", an = "", ae = "", ad = "", cn = "", ce = "", cd = "", message = ""] = fields;
  return {
    sha,
    tree,
    parents: parents.split(" ").filter(Boolean),
    author: { name: an, email: ae, date: ad },
    committer: { name: cn, email: ce, date: cd },
    message: message.replace(/\n+$/, ""),
  };
}
