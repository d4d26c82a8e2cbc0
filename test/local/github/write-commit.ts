import { git, gitText } from "./git.ts";

/** One file of a new commit; `content` null removes it. */
export interface FileChange {
  path: string;
  mode: "100644" | "100755" | "120000";
  content: Buffer | null;
}

export interface Author {
  name: string;
  email: string;
  date: Date;
}

/**
 * Commits changes on top of `parent` and moves the branch there.
 *
 * @param parent the commit below; null begins a history.
 * @returns the sha of the new commit.
 */
export async function writeCommit({
  directory,
  branch,
  parent,
  changes,
  message,
  author,
}: {
  directory: string;
  branch: string;
  parent: string | null;
  changes: readonly FileChange[];
  message: string;
  author: Author;
}): Promise<string> {
  const who = `${author.name} <${author.email}> ${Math.floor(author.date.getTime() / 1000)} +0000`;
  const head = [
    `commit refs/heads/${branch}\nauthor ${who}\ncommitter ${who}\ndata ${Buffer.byteLength(message)}\n${message}\n`,
    parent === null ? "" : `from ${parent}\n`,
  ];
  const stream = Buffer.concat([...head.map((text) => Buffer.from(text)), ...changes.flatMap(lines), Buffer.from("\ndone\n")]);
  await git({ directory, args: ["fast-import", "--quiet", "--force", "--done"], input: stream });
  return gitText({ directory, args: ["rev-parse", "--verify", `refs/heads/${branch}`] });
}

function lines({ path, mode, content }: FileChange): Buffer[] {
  const quoted = `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  if (content === null) return [Buffer.from(`D ${quoted}\n`)];
  return [Buffer.from(`M ${mode} inline ${quoted}\ndata ${content.length}\n`), content, Buffer.from("\n")];
}
