import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./state.ts";

const READY_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

export interface Workers {
  url: string;
  /** Resolves when the Workers have ended by themselves. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/** @returns the configuration files of all Workers, the public one first. */
export function workerConfigs(): string[] {
  const groups = readdirSync(join(ROOT, "functions"), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== "edge",
  );
  return ["wrangler.toml", ...groups.map(({ name }) => `functions/${name}/wrangler.toml`).sort()];
}

/**
 * Runs every Worker in workerd, in one session of wrangler, and waits until all of them answer.
 *
 * @param variables the environment that the Workers see.
 * @throws Error with the last lines of wrangler when the Workers do not come up.
 */
export async function startWorkers({ port, variables }: { port: number; variables: Record<string, string> }): Promise<Workers> {
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const configs = workerConfigs().flatMap((config) => ["-c", config]);
  // Node itself, not `npx`: a signal must reach wrangler, or workerd is left behind.
  const child = spawn(
    process.execPath,
    [wrangler, "dev", ...configs, "--port", String(port), "--ip", "127.0.0.1", "--show-interactive-dev-session=false"],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        ...variables,
        CLOUDFLARE_INCLUDE_PROCESS_ENV: "true",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const output: string[] = [];
  const remember = (chunk: Buffer) => {
    output.push(chunk.toString());
    if (output.length > 400) output.splice(0, 200);
  };
  child.stdout.on("data", remember);
  child.stderr.on("data", remember);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const url = `http://localhost:${port}`;
  try {
    await waitUntilReady({ url, hasEnded: () => child.exitCode !== null, output });
  } catch (error) {
    await close();
    throw error;
  }
  return { url, ended, close };
}

async function waitUntilReady({
  url,
  hasEnded,
  output,
}: {
  url: string;
  hasEnded: () => boolean;
  output: string[];
}): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline && !hasEnded()) {
    const isReady = await fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new Error(`The Workers did not come up. The last that wrangler said:\n${output.join("").slice(-4_000)}`);
}
