import type { Candidate } from "../../../functions/ingestion/mining/propose-candidates.ts";
import type { MineReport } from "./mine.ts";
import { printable } from "./printable.ts";

const MAX_NAME_CHARS = 76;
const HEADINGS = ["", "where", "adoption", "at least", "trend", "seen at", "others"];

/** The report as text for a terminal: candidates as rows, grouped by kind, the best first. */
export function renderTable(report: MineReport): string {
  const groups = [...Map.groupBy(report.candidates, ({ kind }) => kind)];
  const rows = groups.map(([kind, candidates]) => ({ kind, cells: candidates.map(cellsOf) }));
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.flatMap(({ cells }) => cells.map((row) => row[column]?.length ?? 0))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    ...summaryOf(report),
    ...rows.flatMap(({ kind, cells }) => ["", line([kind, ...HEADINGS.slice(1)]), ...cells.map(line)]),
    ...(rows.length === 0 ? ["", "No convention holds surely enough to be proposed."] : []),
    "",
  ].join("\n");
}

/** Says what was read, what was left out and why. */
export function summaryOf({ name, commitId, sources, sourceBytes, skipped, candidates }: MineReport): string[] {
  const reasons = Object.entries(skipped).sort(([, left], [, right]) => right - left);
  return [
    `${name}${commitId === undefined ? "" : ` at ${commitId}`}: ${count(candidates.length)} conventions from ${count(sources)} files of source (${count(Math.ceil(sourceBytes / 1024))} KiB)`,
    ...(reasons.length === 0 ? [] : [`left out: ${reasons.map(([reason, files]) => `${count(files)} ${reason}`).join(", ")}`]),
  ].map(printable);
}

/** The same words in every format. */
export function wordsOf({ scope, strength, trend, hits, opportunities, adoption, lowerBound }: Candidate) {
  return {
    where: scope === "" ? "everywhere" : `${scope}/`,
    adoption: `${percent(adoption)} (${count(hits)} of ${count(opportunities)})`,
    atLeast: `${percent(lowerBound)}${strength === "established" ? "" : ` ${strength}`}`,
    trend: trend === "unknown" ? "" : trend,
    others: count(opportunities - hits),
  };
}

function cellsOf(candidate: Candidate): string[] {
  const { where, adoption, atLeast, trend, others } = wordsOf(candidate);
  const [seen] = candidate.evidence;
  const name = candidate.name.length > MAX_NAME_CHARS ? `${candidate.name.slice(0, MAX_NAME_CHARS - 1)}…` : candidate.name;
  return [`  ${name}`, where, adoption, atLeast, trend, seen === undefined ? "" : `${seen.path}:${seen.line}`, others].map(
    printable,
  );
}

/** Rounded down, so that only what has no exception is 100 %. */
function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
