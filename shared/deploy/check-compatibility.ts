import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "./read-workers.ts";

/** @returns what forbids the compatibility dates of the Workers: they differ, or the installed workerd, which the tests ran on, does not know them. */
export function checkCompatibility({
  workers,
  runtimeDate,
}: {
  workers: readonly Pick<Worker, "name" | "compatibilityDate">[];
  runtimeDate: string;
}): string[] {
  const dates = [...new Set(workers.map(({ compatibilityDate }) => compatibilityDate))].sort();
  return [
    ...(dates.length > 1 ? [`compatibility dates differ: ${dates.join(", ")}`] : []),
    ...dates
      .filter((date) => date > runtimeDate)
      .map(
        (date) =>
          `compatibility date ${date} is later than the installed workerd (${runtimeDate}), so nothing was tested with it`,
      ),
  ];
}

/** @returns the day whose behaviour the installed workerd has, from its version: `1.20261102.1` is 2026-11-02. */
export function readRuntimeDate(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/workerd/package.json"), "utf8")) as { version: string };
  const [, year, month, day] = /^\d+\.(\d{4})(\d{2})(\d{2})\./.exec(version) ?? [];
  if (day === undefined) throw new Error(`workerd ${version} does not say its date`);
  return `${year}-${month}-${day}`;
}
