import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./state.ts";

/** `npm run check`: format, lint, types, import rules. Needs no database; the parts run two at a time. */
const PARTS: [title: string, command: string, ...parameters: string[]][] = [
  ["types of functions and shared", "tsc", "--noEmit", "--singleThreaded", "-p", "tsconfig.json"],
  ["format and lint", "biome", "check", "--error-on-warnings", "."],
  ["promises and exhaustive switches", "oxlint", "--type-aware", "functions", "shared", "migrations", "test"],
  ["types of tests and scripts", "tsc", "--noEmit", "--singleThreaded", "-p", "test/tsconfig.json"],
  ["generated types of bindings", "node", "test/local/types.ts", "--check"],
  ["rules of the house", "vitest", "run", "--config", "test/rules/vitest.config.ts"],
];
const AT_ONCE = 2;

const startedAt = performance.now();
const queue = [...PARTS];
const failures: string[] = [];

async function work(): Promise<void> {
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    const [title, command, ...parameters] = part;
    const partStartedAt = performance.now();
    const { code, output } = await run(command, parameters);
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${title} (${seconds(partStartedAt)} s)`);
    if (code !== 0) failures.push(`${title}\n${output}`);
  }
}

function run(command: string, parameters: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(join(ROOT, "node_modules/.bin", command), parameters, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output: Buffer.concat(output).toString() })));
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
for (const failure of failures) console.error(`\n${failure}`);
console.log(
  failures.length === 0 ? `all ${PARTS.length} checks passed in ${seconds(startedAt)} s` : `${failures.length} checks failed`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
