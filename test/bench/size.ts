import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker, STARTUP_BUDGET_MS, toKib } from "../../shared/deploy/build-worker.ts";
import { readWorkers } from "../../shared/deploy/read-workers.ts";
import { ROOT } from "../local/state.ts";
import type { Report, Row } from "./measure.ts";

/** What a deploy would upload, and how long it takes to start, against the budgets. */
export async function benchSize(): Promise<Report> {
  const rows: Row[] = [];
  for (const worker of readWorkers(ROOT)) {
    const folder = mkdtempSync(join(tmpdir(), "guilda-size-"));
    try {
      const { gzipBytes, budgetBytes, startupMs } = await buildWorker({ root: ROOT, worker, folder });
      rows.push(budgetRow(`${worker.name}, gzip`, gzipBytes, budgetBytes, toKib));
      rows.push(budgetRow(`${worker.name}, start-up`, startupMs, STARTUP_BUDGET_MS, (ms) => `${ms.toFixed(0)} ms`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { name: "size", rows, limitedBy: "the packages: drizzle with the Neon client, tRPC, zod" };
}

function budgetRow(what: string, value: number, budget: number, show: (value: number) => string): Row {
  return {
    what,
    ours: show(value),
    baseline: "",
    ratio: (value / budget).toFixed(2),
    target: `≤ ${show(budget)}`,
    verdict: value <= budget ? "met" : "missed",
  };
}
