import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Build, buildWorker, STARTUP_BUDGET_MS, toKib } from "./build-worker.ts";
import { checkCompatibility, readRuntimeDate } from "./check-compatibility.ts";
import { requiredVariables } from "./check-configuration.ts";
import type { Worker } from "./read-workers.ts";

const BUILDS_AT_ONCE = 2;

/**
 * Everything short of touching an account, offline: builds every Worker, weighs it and starts it.
 *
 * @throws Error that lists everything that forbids a deploy.
 */
export async function rehearseDeploy({
  root,
  workers,
  say,
}: {
  root: string;
  workers: readonly Worker[];
  say: (line: string) => void;
}): Promise<void> {
  const runtimeDate = readRuntimeDate(root);
  const folder = mkdtempSync(join(tmpdir(), "guilda-build-"));
  try {
    const builds = await buildAll({ root, workers, folder });
    say(table({ workers, builds }));
    say(
      `compatibility date ${workers[0]?.compatibilityDate}, workerd of ${runtimeDate}, ${requiredVariables(workers).length} variables needed`,
    );
    const problems = [
      ...checkCompatibility({ workers, runtimeDate }),
      ...builds.flatMap((build) => build.problems.map((problem) => `${build.worker} ${problem}`)),
    ];
    if (problems.length > 0) throw new Error(`${problems.join("\n")}\nCorrect this first; nothing was changed.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what a deploy of these Workers does, in order. */
export function listSteps({ root, workers }: { root: string; workers: readonly Worker[] }): string[] {
  const migrations = readdirSync(join(root, "migrations")).filter((name) => name.endsWith(".sql"));
  return [
    `apply to the database those of ${migrations.join(", ")} that it has not seen`,
    ...workers.map(({ name, secrets }) => `deploy ${name} with ${secrets.join(", ")}`),
    "set the QStash schedule that ticks each minute",
    "wait until PUBLIC_URL/health/ready says that every Worker and the database are up",
  ];
}

async function buildAll({
  root,
  workers,
  folder,
}: {
  root: string;
  workers: readonly Worker[];
  folder: string;
}): Promise<Build[]> {
  const builds: Build[] = [];
  const queue = workers.entries();
  const work = async () => {
    for (const [index, worker] of queue) builds[index] = await buildWorker({ root, worker, folder });
  };
  await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, work));
  return builds;
}

function table({ workers, builds }: { workers: readonly Worker[]; builds: readonly Build[] }): string {
  const rows = builds.map(({ worker, gzipBytes, budgetBytes, startupMs, problems }, index) => [
    String(index + 1),
    worker,
    toKib(gzipBytes),
    toKib(budgetBytes),
    `${startupMs.toFixed(0)} ms${startupMs > STARTUP_BUDGET_MS ? ` (over ${STARTUP_BUDGET_MS})` : ""}`,
    String(workers[index]?.secrets.length ?? 0),
    problems.length === 0 ? "ok" : "refused",
  ]);
  const lines = [["", "Worker", "gzip", "budget", "start-up", "secrets", ""], ...rows];
  const widths = rows[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
