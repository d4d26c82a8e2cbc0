import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { conventionOf, formatConventions } from "../../../shared/craft/conventions-file.ts";
import { type MineReport, mine } from "./mine.ts";
import { printable } from "./printable.ts";
import { clearProgress, showProgress } from "./progress.ts";
import { renderHtml } from "./render-html.ts";
import { renderTable } from "./render-table.ts";

export const MINE_USAGE = "mine <folder|file.tgz> [--json] [--html <out.html>] [--conventions <out.json>] [--emerging]";

const OPTIONS = {
  json: { type: "boolean" },
  html: { type: "string" },
  conventions: { type: "string" },
  emerging: { type: "boolean" },
} as const;

/** Mines and reports. @throws Error with one sentence for people. */
export async function runMine(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0) throw new Error(`Usage: npm run guilda -- ${MINE_USAGE}`);
  const mined = await mine({ target, onFile: showProgress });
  clearProgress();
  const report: MineReport = {
    ...mined,
    candidates: mined.candidates.filter(({ strength }) => values.emerging || strength !== "emerging"),
  };
  const commit = report.commitId;
  // What is shifting is for people to judge first.
  const held = report.candidates.flatMap(({ strength, ...rest }) => (strength === "shifting" ? [] : [{ ...rest, strength }]));
  if (values.html !== undefined) writeFileSync(values.html, renderHtml(report));
  if (values.conventions !== undefined)
    writeFileSync(values.conventions, formatConventions(held.map((candidate) => conventionOf({ candidate, commit }))));
  const files = [values.html, values.conventions].filter((file) => file !== undefined);
  if (values.json) console.log(printable(JSON.stringify(report)));
  else if (files.length === 0) process.stdout.write(renderTable(report));
  else console.log(`${report.candidates.length} conventions are in ${printable(files.join(" and in "))}`);
}
