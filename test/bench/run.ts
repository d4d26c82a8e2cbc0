import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stateFolder } from "../local/state.ts";
import { benchDrain } from "./drain.ts";
import { benchLedger } from "./ledger.ts";
import { benchList } from "./list.ts";
import { type Report, startLoader } from "./measure.ts";
import { benchMining } from "./mining.ts";
import { openGround } from "./open-ground.ts";
import { benchSize } from "./size.ts";
import { benchStorm } from "./storm-report.ts";
import { benchWebhook } from "./webhook.ts";

/** Without a name, all but the storm, which takes minutes. */
const DEFAULT = ["list", "webhook", "drain", "ledger", "size", "mining"];
const NAMES = [...DEFAULT, "storm"];

const { values, positionals } = parseArgs({ options: { quick: { type: "boolean", default: false } }, allowPositionals: true });
const unknown = positionals.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(", ")}: there are ${NAMES.join(", ")}`);
const names = positionals.length > 0 ? positionals : DEFAULT;
const { quick } = values;
const rounds = quick ? 2 : 5;

const reports: Report[] = [];
for (const name of names) {
  const report = await runBench(name);
  reports.push(report);
  print(report);
}
const folder = join(stateFolder(), "bench");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "results.json"), `${JSON.stringify({ at: new Date().toISOString(), quick, reports }, null, 2)}\n`);
console.log(`\nwritten to ${join(folder, "results.json")}`);

/** Each on fresh ground: what one leaves behind slows the next. */
async function runBench(name: string): Promise<Report> {
  if (name === "size") return await benchSize();
  if (name === "mining") return await benchMining({ rounds, sizesMb: quick ? [5, 20] : [36, 5, 200] });
  const ground = await openGround();
  const loader = startLoader();
  try {
    if (name === "list") return await benchList({ ground, loader, rounds, durationMs: quick ? 300 : 1_000 });
    if (name === "webhook") return await benchWebhook({ ground, loader, rounds, calls: quick ? 100 : 600 });
    if (name === "drain") return await benchDrain({ ground, rounds: quick ? 1 : 3, jobs: quick ? 200 : 2_000 });
    if (name === "ledger") return await benchLedger({ ground, events: quick ? 20 : 200, entries: quick ? 2_000 : 50_000 });
    return await benchStorm({ ground, events: quick ? 300 : 10_000 });
  } finally {
    loader.close();
    await ground.close();
  }
}

function print({ name, rows, limitedBy }: Report): void {
  const table = [
    { what: name, ours: "ours", baseline: "baseline", ratio: "ratio", target: "target", verdict: "" },
    ...rows.map((row) => ({ ...row, verdict: row.verdict === "info" ? "" : row.verdict })),
  ];
  const columns = ["what", "ours", "baseline", "ratio", "target", "verdict"] as const;
  const widths = columns.map((column) => Math.max(...table.map((row) => row[column].length)));
  console.log("");
  for (const row of table) console.log(columns.map((column, index) => row[column].padEnd(widths[index] ?? 0)).join(" | "));
  console.log(`limited by: ${limitedBy}`);
}
