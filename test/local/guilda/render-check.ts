import { SEVERITIES, type Severity } from "../../../shared/craft/conventions-file.ts";
import type { CheckedConvention, FoundViolation } from "../../../shared/craft/find-violations.ts";
import { messageOf } from "../../../shared/craft/format-sarif.ts";
import type { CheckReport } from "./check.ts";
import { escapeHtml } from "./escape-html.ts";
import { printable } from "./printable.ts";
import { renderPage } from "./render-page.ts";

const MAX_ROWS = 200;

/** What is to be done about a violation: nothing when it was there before, or is let off. */
export interface Row {
  severity: Severity;
  name: string;
  violation: FoundViolation;
}

/** The violations that count: neither let off nor in the baseline. The severest first, then by path and line. */
export function rowsOf({ checked, known }: { checked: readonly CheckedConvention[]; known: ReadonlySet<string> }): Row[] {
  return checked
    .flatMap(({ convention: { severity, name }, violations }) =>
      violations
        .filter(({ waiver, fingerprint }) => waiver === undefined && !known.has(fingerprint))
        .map((violation) => ({ severity, name, violation })),
    )
    .sort(
      (left, right) =>
        SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity) ||
        compare(left.violation.path, right.violation.path) ||
        left.violation.line - right.violation.line,
    );
}

/** For a terminal. */
export function renderCheckText({ report, known }: { report: CheckReport; known: ReadonlySet<string> }): string {
  const rows = rowsOf({ checked: report.checked, known });
  const cells = rows.slice(0, MAX_ROWS).map(({ severity, name, violation }) => ({
    severity,
    place: printable(`${violation.path}:${violation.line}`),
    message: printable(messageOf({ name, violation })),
  }));
  const width = Math.max(0, ...cells.map(({ place }) => place.length));
  return [
    ...cells.map(({ severity, place, message }) => `${severity.padEnd(7)}  ${place.padEnd(width)}  ${message}`),
    ...(rows.length > MAX_ROWS ? [`… and ${rows.length - MAX_ROWS} more, which --json and --html have`] : []),
    ...summaryOf({ report, known }),
    "",
  ].join("\n");
}

/** As a page. */
export function renderCheckHtml({ report, known }: { report: CheckReport; known: ReadonlySet<string> }): string {
  const rows = rowsOf({ checked: report.checked, known });
  return renderPage({
    title: `Conventions checked in ${report.name}`,
    paragraphs: summaryOf({ report, known }),
    body: [
      `<h2>violations</h2>\n<table>\n<tr><th>severity<th>where<th>what</tr>\n${rows.map(renderRow).join("\n")}\n</table>`,
      `<h2>conventions</h2>\n<table>\n<tr><th>convention<th>severity<th>followed</tr>\n${report.checked.map(renderConvention).join("\n")}\n</table>`,
    ],
  });
}

/** For programs, and for a later check as its baseline. */
export function renderCheckJson({ report, known }: { report: CheckReport; known: ReadonlySet<string> }): string {
  return JSON.stringify({
    name: report.name,
    sources: report.sources,
    conventions: report.checked.map(({ convention: { id, name, severity }, opportunities, hits }) => ({
      id,
      name,
      severity,
      opportunities,
      hits,
    })),
    violations: report.checked.flatMap(({ convention: { id, severity }, violations }) =>
      violations.map(({ path, line, endLine, value, fingerprint, waiver }) => ({
        convention: id,
        severity,
        path,
        line,
        endLine,
        value,
        fingerprint,
        isKnown: known.has(fingerprint),
        ...(waiver === undefined ? {} : { waived: waiver.reason }),
      })),
    ),
  });
}

function summaryOf({ report, known }: { report: CheckReport; known: ReadonlySet<string> }): string[] {
  const { name, sources, since, checked } = report;
  const rows = rowsOf({ checked, known });
  const all = checked.flatMap(({ violations }) => violations);
  const waived = all.filter(({ waiver }) => waiver !== undefined).length;
  const counts = SEVERITIES.map(
    (severity) => `${rows.filter((row) => row.severity === severity).length} of severity ${severity}`,
  );
  const others = [
    ...(all.length > rows.length + waived ? [`${all.length - rows.length - waived} in the baseline`] : []),
    ...(waived > 0 ? [`${waived} waived`] : []),
  ];
  return [
    `${name}: ${checked.length} conventions checked in ${sources} files of source${since === undefined ? "" : `, changes since ${since}`}`,
    [...counts, ...others].join(", "),
  ].map(printable);
}

function renderRow({ severity, name, violation }: Row): string {
  return `<tr><td>${severity}<td><code>${escapeHtml(`${violation.path}:${violation.line}`)}</code><td>${escapeHtml(messageOf({ name, violation }))}</tr>`;
}

function renderConvention({ convention: { name, description, severity }, opportunities, hits }: CheckedConvention): string {
  return `<tr><td>${escapeHtml(name)}<br><small>${escapeHtml(description)}</small><td>${severity}<td class="figure">${hits} of ${opportunities}</tr>`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
