import type { Checker } from "../../../shared/craft/checker.ts";
import { type Evaluation, evaluateChecker, type Violation } from "../../../shared/craft/evaluate-checker.ts";
import { indexTallies } from "../../../shared/craft/index-facts.ts";
import type { TallyPage } from "./tally-query.ts";

export interface CheckerReport {
  opportunities: number;
  hits: number;
  /** Opportunities that are no hit. */
  violations: number;
  filesWithViolations: number;
  /** The first of them by path; of each value that was found instead, the place that stands for the file. */
  files: { path: string; violations: Omit<Violation, "path">[] }[];
  /** Whether all files were looked at, and not only the first of too many. */
  isComplete: boolean;
}

/** What a checker says of the files of a repository as they were read last. */
export function judgeFiles({ checker, page }: { checker: Checker; page: TallyPage }): Evaluation {
  const slot = slotOf(checker);
  const files = page.files
    .filter(([, kind]) => kind !== "skipped")
    .map(([path, , values]) => ({ path, tallies: slot === undefined || values === null ? {} : { [slot]: values } }));
  return evaluateChecker({ checker, index: indexTallies({ files, tree: new Set(page.files.map(([path]) => path)) }) });
}

/** @param limit how many files with violations are shown. */
export function reportOf({ evaluation, page, limit }: { evaluation: Evaluation; page: TallyPage; limit: number }): CheckerReport {
  const { opportunities, hits } = evaluation;
  const byPath = new Map<string, Omit<Violation, "path">[]>();
  for (const { path, ...violation } of evaluation.violations) byPath.set(path, [...(byPath.get(path) ?? []), violation]);
  return {
    opportunities,
    hits,
    violations: opportunities - hits,
    filesWithViolations: byPath.size,
    files: [...byPath].slice(0, limit).map(([path, violations]) => ({ path, violations })),
    isComplete: isComplete(page),
  };
}

export function isComplete({ files, total }: TallyPage): boolean {
  return files.length === total;
}

function slotOf(checker: Checker): string | undefined {
  switch (checker.kind) {
    case "decision":
      return checker.slot;
    case "import":
      return "~import";
    case "call":
      return "~call";
    case "file-name":
    case "pair":
      return undefined;
  }
}
