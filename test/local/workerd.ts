import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { readWorkers } from "../../shared/deploy/read-workers.ts";
import { ROOT } from "./state.ts";
import { type CapnpWorker, writeCapnp } from "./workerd/capnp.ts";

const READY_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 20;
const EDGE = "guilda-edge";

export interface RawWorkers {
  url: string;
  pid: number;
  /** Ends the process with this signal and resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

/** Bundles every Worker, minified, as a deploy would: `<outDir>/<name of the Worker>.js`. */
export async function buildWorkers({ outDir }: { outDir: string }): Promise<void> {
  mkdirSync(outDir, { recursive: true });
  const entries = readWorkers(ROOT).map(({ name, group }) => [name, join(ROOT, "functions", group, "worker.ts")] as const);
  await Promise.all(entries.map(([name, entry]) => bundleWorker({ entry, outfile: join(outDir, `${name}.js`) })));
}

/** Bundles one Worker with the settings of wrangler's own bundler. */
export async function bundleWorker({ entry, outfile }: { entry: string; outfile: string }): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    keepNames: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
}

/**
 * Runs every Worker in one raw workerd, without wrangler's proxy in front: for load and for sudden death. Resolves when all are ready.
 *
 * @param outDir where `buildWorkers` has put them; configuration and log are written there too.
 * @param variables each Worker sees only those it requires.
 */
export async function serveWorkers({
  outDir,
  variables,
  port,
}: {
  outDir: string;
  variables: Readonly<Record<string, string>>;
  port: number;
}): Promise<RawWorkers> {
  const workers = readWorkers(ROOT).map(({ name, compatibilityDate, services, secrets, vars }) => ({
    name,
    file: `${name}.js`,
    compatibilityDate,
    services,
    variables: pick(variables, [...secrets, ...Object.keys(vars)]),
  }));
  return await serveCapnp({ outDir, workers, publicWorker: EDGE, port, readyPath: "/health/ready" });
}

/** Runs the given Workers in a workerd of their own. @param readyPath answers 200 when they are ready. */
export async function serveCapnp({
  outDir,
  workers,
  publicWorker,
  port,
  readyPath,
}: {
  outDir: string;
  workers: readonly CapnpWorker[];
  publicWorker: string;
  port: number;
  readyPath: string;
}): Promise<RawWorkers> {
  const config = join(outDir, `${publicWorker}.capnp`);
  // It holds the secrets of the local platform.
  writeFileSync(config, writeCapnp({ workers, publicWorker, port }), { mode: 0o600 });
  const log = openSync(join(outDir, `${publicWorker}.log`), "a");
  const child = spawn(join(ROOT, "node_modules/workerd/bin/workerd"), ["serve", config], { stdio: ["ignore", log, log] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const kill = async (signal: NodeJS.Signals) => {
    if (isAlive(child)) child.kill(signal);
    await ended;
  };
  const url = `http://localhost:${port}`;
  try {
    await waitUntilReady({ url: `${url}${readyPath}`, child });
  } catch (error) {
    await kill("SIGKILL");
    throw error;
  }
  return { url, pid: child.pid ?? 0, kill, close: () => kill("SIGTERM") };
}

/** @returns a port that nobody listens at now. */
export async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

function pick(variables: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])));
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function waitUntilReady({ url, child }: { url: string; child: ChildProcess }): Promise<void> {
  let last = "no answer";
  for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline && isAlive(child); ) {
    try {
      const response = await fetch(url);
      last = `${response.status} ${(await response.text()).slice(0, 500)}`;
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new Error(`workerd did not come up at ${url} (exit ${child.exitCode}): ${last}`);
}
