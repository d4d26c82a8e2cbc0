import { git, gitText } from "./git.ts";
import type { Author } from "./write-commit.ts";

const CONFLICT = 1;

export async function canMerge({ directory, base, head }: { directory: string; base: string; head: string }): Promise<boolean> {
  return (await mergeTree({ directory, base, head })) !== undefined;
}

/** @returns the merge commit, which no branch holds yet; undefined when the two are in conflict. */
export async function mergeCommit({
  directory,
  base,
  head,
  message,
  author,
}: {
  directory: string;
  base: string;
  head: string;
  message: string;
  author: Author;
}): Promise<string | undefined> {
  const tree = await mergeTree({ directory, base, head });
  if (tree === undefined) return undefined;
  const date = `${Math.floor(author.date.getTime() / 1000)} +0000`;
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  };
  return gitText({ directory, args: ["commit-tree", tree, "-p", base, "-p", head, "-m", message], env });
}

async function mergeTree({
  directory,
  base,
  head,
}: {
  directory: string;
  base: string;
  head: string;
}): Promise<string | undefined> {
  const { status, stdout } = await git({
    directory,
    args: ["merge-tree", "--write-tree", "--allow-unrelated-histories", base, head],
    accepts: [0, CONFLICT],
  });
  return status === CONFLICT ? undefined : stdout.toString().trim();
}
