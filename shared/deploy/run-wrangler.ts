import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** What wrangler adds below an error without saying more about it. */
const EPILOGUE = /\n\s*(If you think this is a bug|🪵)[\s\S]*$/;

/**
 * Runs wrangler without a terminal, so that it asks nothing.
 *
 * @param variables what its environment has besides ours; `CLOUDFLARE_API_BASE_URL` sends it to another API.
 * @returns what it said.
 * @throws Error with its own error when it fails.
 */
export async function runWrangler({
  root,
  parameters,
  variables = {},
}: {
  root: string;
  parameters: readonly string[];
  variables?: Record<string, string>;
}): Promise<string> {
  // Node itself, not `npx`: a signal must reach wrangler.
  const child = spawn(process.execPath, [join(root, "node_modules/wrangler/bin/wrangler.js"), ...parameters], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  // Whoever stops us stops wrangler, which then ends as if all were well; what must be tidied up after it still is.
  let isInterrupted = false;
  const passOn = (signal: NodeJS.Signals) => {
    isInterrupted = true;
    child.kill(signal);
  };
  process.on("SIGINT", passOn).on("SIGTERM", passOn);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => process.off("SIGINT", passOn).off("SIGTERM", passOn));
  const said = stripVTControlCharacters(Buffer.concat(output).toString()).trim();
  if (isInterrupted || code === null) throw new Error(`wrangler ${parameters[0]} was interrupted`);
  if (code !== 0) throw new Error(`wrangler ${parameters[0]} failed: ${errorOf(said)}`);
  return said;
}

function errorOf(said: string): string {
  const start = said.indexOf("[ERROR]");
  return (start === -1 ? said.slice(-2_000) : said.slice(start + "[ERROR]".length)).replace(EPILOGUE, "").trim();
}
