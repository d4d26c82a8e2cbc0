import { spawn } from "node:child_process";

/** What git said when it ended with a status that the caller did not expect. */
export class GitError extends Error {
  readonly status: number | null;

  constructor({ args, status, stderr }: { args: readonly string[]; status: number | null; stderr: string }) {
    super(`git ${args[0] ?? ""}: ${stderr.trim() || `status ${status}`}`);
    this.name = "GitError";
    this.status = status;
  }
}

/** No configuration but the repository's own, which is ours: a served folder never brings hooks, filters or aliases. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

export interface GitOutput {
  status: number;
  stdout: Buffer;
}

/**
 * Runs git on a bare repository, without a shell.
 *
 * @param directory the repository itself.
 * @param accepts exit statuses that are an answer.
 * @throws GitError for any other status.
 */
export async function git({
  directory,
  args,
  input,
  env = {},
  accepts = [0],
}: {
  directory: string;
  args: readonly string[];
  input?: string | Buffer;
  env?: Record<string, string>;
  accepts?: readonly number[];
}): Promise<GitOutput> {
  const child = spawn("git", ["--git-dir", directory, "--literal-pathspecs", "-c", "core.hooksPath=/dev/null", ...args], {
    cwd: "/",
    env: { ...ENVIRONMENT, ...env },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // Git may end before it has read everything; its status says so.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (status === null || !accepts.includes(status)) {
    throw new GitError({ args, status, stderr: Buffer.concat(stderr).toString() });
  }
  return { status, stdout: Buffer.concat(stdout) };
}

/** @returns the size of a repository's objects, in KiB. */
export async function repositorySize(directory: string): Promise<number> {
  const counts = await gitText({ directory, args: ["count-objects", "-v"] });
  return [...counts.matchAll(/^size(?:-pack)?: (\d+)$/gm)].reduce((sum, [, size]) => sum + Number(size), 0);
}

/** As `git`. @returns what it wrote, as text without the last line break. */
export async function gitText(input: Parameters<typeof git>[0]): Promise<string> {
  return (await git(input)).stdout.toString().replace(/\n$/, "");
}
