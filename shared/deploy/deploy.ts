import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { migrate } from "../../migrations/migrate.ts";
import { scheduleTick } from "../jobs/schedule-tick.ts";
import { type Build, buildWorker, STARTUP_BUDGET_MS, toKib } from "./build-worker.ts";
import { checkCompatibility, readRuntimeDate } from "./check-compatibility.ts";
import { checkConfiguration, type Environment, requiredVariables } from "./check-configuration.ts";
import { orderWorkers } from "./order-workers.ts";
import { publishWorker } from "./publish-worker.ts";
import { readWorkers, type Worker } from "./read-workers.ts";
import { waitUntilHealthy } from "./wait-until-healthy.ts";

/**
 * `npm run deploy [-- --dry-run]`: checks everything that can be checked here, then migrates, deploys every Worker (those that others
 * bind to first, the edge last), sets the tick's schedule and asks the platform how it is. It asks nothing of the person who runs it.
 */
const ROOT = resolve(import.meta.dirname, "../..");
const BUILDS_AT_ONCE = 2;

const { values: options } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });

try {
  if (existsSync(join(ROOT, ".env"))) process.loadEnvFile(join(ROOT, ".env"));
  const workers = orderWorkers(readWorkers(ROOT));
  const problems = checkConfiguration({ workers, environment: process.env });
  if (options["dry-run"]) await rehearse({ workers, problems });
  else await deploy({ workers, problems, environment: process.env });
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Everything short of touching an account: it works offline, and without a single variable set. */
async function rehearse({ workers, problems }: { workers: Worker[]; problems: string[] }): Promise<void> {
  await check(workers);
  const missing = problems.length === 0 ? "complete" : `not complete for a real deploy\n     ${problems.join("\n     ")}`;
  console.log(`\nconfiguration: ${missing}\n\nA real deploy would`);
  const migrations = readdirSync(join(ROOT, "migrations")).filter((name) => name.endsWith(".sql"));
  const steps = [
    `apply to the database those of ${migrations.join(", ")} that it has not seen`,
    ...workers.map(({ name, secrets }) => `deploy ${name} with ${secrets.join(", ")}`),
    "set the QStash schedule that ticks each minute",
    "wait until PUBLIC_URL/health/ready says that every Worker and the database are up",
  ];
  console.log(steps.map((step, index) => `${String(index + 1).padStart(4)}. ${step}`).join("\n"));
}

async function deploy({
  workers,
  problems,
  environment,
}: {
  workers: Worker[];
  problems: string[];
  environment: Environment;
}): Promise<void> {
  if (problems.length > 0) {
    throw new Error(
      `Configuration: ${problems.join(", ")}. Set them in the environment or in .env (docs/deploy.md); nothing was changed.`,
    );
  }
  await check(workers);
  const { DATABASE_URL = "", PUBLIC_URL = "", QSTASH_URL = "", QSTASH_TOKEN = "" } = environment;
  const publicUrl = PUBLIC_URL.replace(/\/$/, "");

  await step({
    says: "migrating",
    cure: "Nothing was deployed. Correct the migration or the database and deploy again.",
    act: async () => {
      const { applied } = await migrate({ url: withoutPooler(DATABASE_URL), directory: join(ROOT, "migrations") });
      return applied.length === 0 ? "up to date" : applied.join(", ");
    },
  });
  for (const worker of workers) {
    await step({
      says: `deploying ${worker.name}`,
      cure: "The Workers before it are new, it and those after it are old; both work with the database as it is. Deploy again.",
      act: async () => {
        await publishWorker({ root: ROOT, worker, environment });
        return "done";
      },
    });
  }
  await step({
    says: "setting the tick's schedule",
    cure: "The cron trigger ticks meanwhile. Check QSTASH_URL and QSTASH_TOKEN and deploy again.",
    act: async () => {
      await scheduleTick({ url: QSTASH_URL, token: QSTASH_TOKEN, publicUrl });
      return "each minute";
    },
  });
  await step({
    says: "asking whether everything is up",
    cure: "Everything was deployed, but not everything answers: see the Workers' logs, or roll back (docs/deploy.md).",
    act: async () => {
      await waitUntilHealthy({ publicUrl });
      return "everything is";
    },
  });
  console.log(`\ndeployed: ${publicUrl}`);
}

/** Builds every Worker and prints what came of it. @throws Error that lists everything that forbids a deploy. */
async function check(workers: readonly Worker[]): Promise<void> {
  const runtimeDate = readRuntimeDate(ROOT);
  const compatibility = checkCompatibility({ workers, runtimeDate });
  const folder = mkdtempSync(join(tmpdir(), "guilda-build-"));
  try {
    const builds = await buildAll({ workers, folder });
    printBuilds({ workers, builds });
    console.log(
      `compatibility date ${workers[0]?.compatibilityDate}, workerd of ${runtimeDate}, ${requiredVariables(workers).length} variables needed`,
    );
    const problems = [
      ...compatibility,
      ...builds.flatMap(({ worker, problems }) => problems.map((problem) => `${worker} ${problem}`)),
    ];
    if (problems.length > 0) throw new Error(`${problems.join("\n")}\nCorrect this first; nothing was changed.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildAll({ workers, folder }: { workers: readonly Worker[]; folder: string }): Promise<Build[]> {
  const builds: Build[] = [];
  const queue = workers.entries();
  const work = async () => {
    for (const [index, worker] of queue) builds[index] = await buildWorker({ root: ROOT, worker, folder });
  };
  await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, work));
  return builds;
}

function printBuilds({ workers, builds }: { workers: readonly Worker[]; builds: readonly Build[] }): void {
  const rows = builds.map(({ worker, gzipBytes, budgetBytes, startupMs, problems }, index) => [
    String(index + 1),
    worker,
    toKib(gzipBytes),
    toKib(budgetBytes),
    `${startupMs.toFixed(0)} ms${startupMs > STARTUP_BUDGET_MS ? ` (over ${STARTUP_BUDGET_MS})` : ""}`,
    String(workers[index]?.secrets.length ?? 0),
    problems.length === 0 ? "ok" : "refused",
  ]);
  const table = [["", "Worker", "gzip", "budget", "start-up", "secrets", ""], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  console.log(
    table
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd(),
      )
      .join("\n"),
  );
}

async function step({ says, cure, act }: { says: string; cure: string; act: () => Promise<string> }): Promise<void> {
  const startedAt = performance.now();
  try {
    const outcome = await act();
    console.log(`${says}: ${outcome} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
  } catch (error) {
    throw new Error(`Stopped while ${says}: ${error instanceof Error ? error.message : String(error)}\n${cure}`, {
      cause: error,
    });
  }
}

/** Neon's pooler lends a connection for one transaction at a time, so the lock of a migration would not hold behind it. */
function withoutPooler(url: string): string {
  const direct = new URL(url);
  direct.hostname = direct.hostname.replace(/-pooler\./, ".");
  return direct.href;
}
