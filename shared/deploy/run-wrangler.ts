import { spawn } from "node:child_process";
import { join } from "node:path";

/**
 * Runs wrangler without a terminal, so that it asks nothing.
 *
 * @param variables what its environment has besides ours; `CLOUDFLARE_API_BASE_URL` sends it to another API.
 * @returns what it said.
 * @throws Error with the last of what it said when it fails.
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
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", NO_COLOR: "1", FORCE_COLOR: "0", CI: "1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const said = output.join("").trim();
  if (code !== 0) throw new Error(`wrangler ${parameters[0]} failed: ${said.slice(-2_000)}`);
  return said;
}
