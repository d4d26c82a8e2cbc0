import { execFileSync } from "node:child_process";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** What git answers in a folder. @throws Error when it fails, or when there is no git. */
export function git({
  folder,
  args,
  env,
}: {
  folder: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}): string {
  return execFileSync("git", args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, ...env },
  }).toString();
}
