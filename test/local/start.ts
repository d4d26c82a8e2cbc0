import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { scheduleTick } from "../../shared/jobs/schedule-tick.ts";
import { DEMO, type Demo, ensureDemo } from "./demo.ts";
import { type Stack, startStack } from "./stack.ts";
import { loadDotEnv, stateFolder, writeRunningPlatform } from "./state.ts";
import { playStory } from "./story.ts";
import { startWorkers, type Workers } from "./workers.ts";

const DEFAULT_PORT = 8787;
const STARTED_AT = performance.now();

const { values: options } = parseArgs({ options: { reset: { type: "boolean" }, empty: { type: "boolean" } } });

let stack: Stack | undefined;
let workers: Workers | undefined;
let isStopping = false;

process.once("SIGINT", () => void stop(0));
process.once("SIGTERM", () => void stop(0));

try {
  await start();
} catch (error) {
  if (!isStopping) console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  await stop(1);
}

async function start(): Promise<void> {
  loadDotEnv();
  const port = Number(process.env.PORT ?? DEFAULT_PORT);
  const folder = stateFolder();
  if (options.reset && existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  await requireFreePort(port);
  stack = await startStack({
    folder,
    publicUrl: process.env.PUBLIC_URL ?? `http://localhost:${port}`,
    environment: process.env,
    progress,
  });
  writeRunningPlatform(folder, { variables: stack.variables, standIns: stack.standIns });
  progress("starting the Workers");
  const running = stack;
  let demo: Demo | undefined;
  [workers, demo] = await Promise.all([
    startWorkers({ port, variables: running.variables }),
    options.empty ? undefined : ensureDemo({ stack: running }),
  ]);
  void workers.ended.then(() => stop(1));
  const { QSTASH_URL = "", QSTASH_TOKEN = "", PUBLIC_URL = "" } = running.variables;
  await scheduleTick({ url: QSTASH_URL, token: QSTASH_TOKEN, publicUrl: PUBLIC_URL });
  progress("every Worker answers");
  console.log(`guilda ready http://localhost:${port}`);
  if (demo !== undefined) {
    console.log("\nThe story, through the front door:");
    await playStory({ stack: running, demo, say: console.log });
    console.log("The story is told.");
  }
  printBanner({ url: running.variables.PUBLIC_URL ?? "", folder, standIns: running.standIns });
}

/** Ends everything that was started here, and nothing else. */
async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await workers?.close();
  await stack?.close();
  process.exit(code);
}

function progress(text: string): void {
  console.log(`[${((performance.now() - STARTED_AT) / 1_000).toFixed(1)} s] ${text}`);
}

async function requireFreePort(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", () =>
      reject(new Error(`Port ${port} is taken. Stop what uses it, or choose another: PORT=8788 npm start`)),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

function printBanner({ url, folder, standIns }: { url: string; folder: string; standIns: Stack["standIns"] }): void {
  console.log(`
  Guilda        ${url}
  stand-ins     ${Object.entries(standIns)
    .map(([name, { port }]) => `${name} :${port}`)
    .join("  ")}
  state         ${folder} (wiped by npm start -- --reset)
  sign in       npm run --silent token -- --email ${DEMO.owner.email}
  try it        curl -H "authorization: Bearer $(npm run --silent token -- --email ${DEMO.owner.email})" ${url}/api/trpc/leads.list
  schedules     npm run cron -- finance.remind-due-charges
  stop          Ctrl-C
`);
}
