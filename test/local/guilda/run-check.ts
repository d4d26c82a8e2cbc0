import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as z from "zod";
import { formatSarif } from "../../../shared/craft/format-sarif.ts";
import { check } from "./check.ts";
import { printable } from "./printable.ts";
import { clearProgress, showProgress } from "./progress.ts";
import { readConventions } from "./read-conventions.ts";
import { renderCheckHtml, renderCheckJson, renderCheckText, rowsOf } from "./render-check.ts";

export const CHECK_USAGE =
  "check <folder> [--conventions <file>] [--since <git ref>] [--baseline <json of a check>] [--sarif <out>] [--html <out>] [--json]";

const OPTIONS = {
  conventions: { type: "string" },
  since: { type: "string" },
  baseline: { type: "string" },
  sarif: { type: "string" },
  html: { type: "string" },
  json: { type: "boolean" },
} as const;

const baselineFile = z.object({ violations: z.array(z.object({ fingerprint: z.string() })) });

/**
 * Checks and reports. The exit code is 1 when a violation of severity error counts, and only then.
 *
 * @throws Error with one sentence for people.
 */
export async function runCheck(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) throw new Error(`Usage: npm run guilda -- ${CHECK_USAGE}`);
  const conventions = readConventions({ file: values.conventions, folder });
  const baseline = values.baseline === undefined ? undefined : readBaseline(values.baseline);
  const report = await check({ folder, conventions, since: values.since, now: new Date(), onFile: showProgress });
  clearProgress();
  const known = baseline ?? new Set<string>();
  if (values.sarif !== undefined) writeFileSync(values.sarif, formatSarif({ checked: report.checked, known: baseline }));
  if (values.html !== undefined) writeFileSync(values.html, renderCheckHtml({ report, known }));
  if (values.json) console.log(printable(renderCheckJson({ report, known })));
  else process.stdout.write(renderCheckText({ report, known }));
  if (rowsOf({ checked: report.checked, known }).some(({ severity }) => severity === "error")) process.exitCode = 1;
}

function readBaseline(file: string): Set<string> {
  try {
    return new Set(baselineFile.parse(JSON.parse(readFileSync(file, "utf8"))).violations.map(({ fingerprint }) => fingerprint));
  } catch {
    throw new Error(`${file} is not what check --json wrote.`);
  }
}
