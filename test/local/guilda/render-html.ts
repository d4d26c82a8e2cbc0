import type { Candidate, Evidence } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { escapeHtml } from "./escape-html.ts";
import type { MineReport } from "./mine.ts";
import { renderPage } from "./render-page.ts";
import { summaryOf, wordsOf } from "./render-table.ts";

/** The report as one page. */
export function renderHtml(report: MineReport): string {
  const groups = [...Map.groupBy(report.candidates, ({ kind }) => kind)];
  return renderPage({
    title: `Conventions of ${report.name}`,
    paragraphs: summaryOf(report),
    body: groups.map(([kind, candidates]) => renderGroup({ kind, candidates })),
  });
}

function renderGroup({ kind, candidates }: { kind: string; candidates: readonly Candidate[] }): string {
  return `<h2>${escapeHtml(kind)}</h2>
<table>
<tr><th>convention<th>where<th>adoption<th>at least<th>trend<th>seen at<th>others</tr>
${candidates.map(renderCandidate).join("\n")}
</table>`;
}

function renderCandidate(candidate: Candidate): string {
  const { where, adoption, atLeast, trend, others } = wordsOf(candidate);
  return `<tr>
<td>${escapeHtml(candidate.name)}<br><small>${escapeHtml(candidate.description)}</small>
<td><code>${escapeHtml(where)}</code>
<td class="figure">${escapeHtml(adoption)}
<td class="figure">${escapeHtml(atLeast)}
<td>${escapeHtml(trend)}
<td>${candidate.evidence.slice(0, 3).map(renderPlace).join("<br>")}
<td>${escapeHtml(others)}<br>${candidate.counterExamples.slice(0, 3).map(renderPlace).join("<br>")}
</tr>`;
}

function renderPlace({ path, line }: Evidence): string {
  return `<code>${escapeHtml(`${path}:${line}`)}</code>`;
}
