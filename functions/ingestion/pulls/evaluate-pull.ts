import { type ChangedFile, touchesRange } from "../../../shared/craft/changed-lines.ts";
import type { Checker } from "../../../shared/craft/checker.ts";
import type { Convention, Severity } from "../../../shared/craft/conventions-file.ts";
import { evaluateChecker } from "../../../shared/craft/evaluate-checker.ts";
import type { Fact } from "../../../shared/craft/fact.ts";
import { findViolations } from "../../../shared/craft/find-violations.ts";
import { type FactIndex, indexFacts } from "../../../shared/craft/index-facts.ts";
import { isPathSlot } from "../../../shared/craft/path-slots.ts";
import { layerFacts } from "../mining/layer-facts.ts";
import { compareText } from "../mining/mining-state.ts";
import { pathFacts } from "../mining/path-facts.ts";
import { openFactReader } from "../mining/read-facts.ts";
import { tallyFile } from "../mining/tally-file.ts";
import type { PullChange } from "./plan-pull-files.ts";
import { storableText } from "./pull-facts.ts";

const MAX_VALUE_CHARS = 200;
const SEVERITY_ORDER: readonly Severity[] = ["error", "warning", "info"];

/** A changed file, with its content where that was read. */
export interface ReadChange {
  change: PullChange;
  source?: string;
}

export interface PullViolation {
  patternId: string;
  fingerprint: string;
  path: string;
  startLine: number;
  endLine: number;
  value: string;
  severity: Severity;
  /** A line of it that the diff shows as added. */
  diffLine: number | null;
  isDismissed: boolean;
}

export interface PullEvaluation {
  /** Of each pattern that had an opportunity on the changed lines: each that is no hit is a violation that counts. */
  counts: { patternId: string; opportunities: number; hits: number }[];
  /** Worst first, then by path and line; those that are dismissed among them, those that are waived not. */
  violations: PullViolation[];
  waived: number;
  dismissed: number;
}

/**
 * What conventions say of the lines that a pull request added or changed; of a file as such only where its path is new. What was there
 * before is never held against it.
 *
 * @param conventions named by the id of their pattern.
 * @param treePaths of the hand-written files of its head.
 * @param dismissed fingerprints of violations that a person has let off.
 */
export async function evaluatePull({
  conventions,
  files,
  treePaths,
  dismissed,
  now,
}: {
  conventions: readonly Convention[];
  files: readonly ReadChange[];
  treePaths: readonly string[];
  dismissed: ReadonlySet<string>;
  now: Date;
}): Promise<PullEvaluation> {
  const changed = new Map(files.map(({ change }) => [change.path, change]));
  const sources = new Map(files.map(({ change, source = "" }) => [change.path, source]));
  const { index, ofLines, ofFiles } = indexPull({ conventions, files, treePaths });
  const found = await findViolations({ conventions, index, changed, now, sourceOf: (path) => sources.get(path) ?? "" });
  const evaluation: PullEvaluation = { counts: [], violations: [], waived: 0, dismissed: 0 };
  for (const { convention, violations } of found) {
    const { id: patternId, severity, checker } = convention;
    const { opportunities, hits } = evaluateChecker({ checker, index: isAboutFiles(checker) ? ofFiles : ofLines });
    const kept = violations
      .filter(({ waiver }) => waiver === undefined)
      .map(({ fingerprint, path, line, endLine, value }) => ({
        patternId,
        fingerprint,
        path,
        startLine: line,
        endLine,
        value: storableText({ text: value, maxChars: MAX_VALUE_CHARS }),
        severity,
        diffLine: lineInDiff({ change: changed.get(path), line, endLine }),
        isDismissed: dismissed.has(fingerprint),
      }));
    const letOff = violations.length - kept.length + kept.filter(({ isDismissed }) => isDismissed).length;
    if (opportunities > letOff) evaluation.counts.push({ patternId, opportunities: opportunities - letOff, hits });
    evaluation.violations.push(...kept);
    evaluation.waived += violations.length - kept.length;
  }
  evaluation.dismissed = evaluation.violations.filter(({ isDismissed }) => isDismissed).length;
  evaluation.violations.sort(byWeight);
  return evaluation;
}

/** Whether a checker needs to know which other files there are. */
export function needsTree({ checker }: Convention): boolean {
  return checker.kind === "pair" || (checker.kind === "decision" && (isPathSlot(checker.slot) || isLayerSlot(checker.slot)));
}

/** Whether what a checker finds is the file as such, and none of its lines. */
function isAboutFiles(checker: Checker): boolean {
  switch (checker.kind) {
    case "file-name":
    case "pair":
      return true;
    case "call":
      return checker.must !== undefined;
    case "decision":
      return isPathSlot(checker.slot);
    case "import":
      return false;
  }
}

/** Of all that the changed files say, of what their changed lines say, and of what the files say whose path is new. */
function indexPull({
  conventions,
  files,
  treePaths,
}: {
  conventions: readonly Convention[];
  files: readonly ReadChange[];
  treePaths: readonly string[];
}): { index: FactIndex; ofLines: FactIndex; ofFiles: FactIndex } {
  const facts = readAllFacts({ conventions, files, treePaths });
  const all = files.map(({ change }) => ({ change, path: change.path, facts: facts.get(change.path) ?? [] }));
  const tree = new Set(treePaths);
  const isOnChangedLine = (change: ChangedFile, { slot, line, endLine }: Fact) =>
    !isPathSlot(slot) && touchesRange({ ranges: change.added, line, endLine });
  return {
    index: indexFacts({ files: all, tree }),
    ofLines: indexFacts({
      files: all.map(({ change, path, facts: own }) => ({ path, facts: own.filter((fact) => isOnChangedLine(change, fact)) })),
      tree,
    }),
    ofFiles: indexFacts({ files: all.filter(({ change }) => change.isNewPath), tree }),
  };
}

function readAllFacts({
  conventions,
  files,
  treePaths,
}: {
  conventions: readonly Convention[];
  files: readonly ReadChange[];
  treePaths: readonly string[];
}): Map<string, Fact[]> {
  const readFacts = openFactReader();
  const facts = new Map(
    files.map(({ change: { path }, source }) => [path, source === undefined ? [] : readFacts({ path, source })]),
  );
  const slots = conventions.flatMap(({ checker }) => (checker.kind === "decision" ? [checker.slot] : []));
  const ofTree = [
    ...(slots.some(isPathSlot) ? pathFacts(treePaths) : []),
    ...(slots.some(isLayerSlot)
      ? layerFacts({
          files: [...facts].map(([path, own]) => ({ path, tally: tallyFile({ path, facts: own }) })),
          paths: treePaths,
        })
      : []),
  ];
  for (const { path, ...fact } of ofTree) facts.get(path)?.push(fact);
  return facts;
}

function isLayerSlot(slot: string): boolean {
  return slot.startsWith("layer:");
}

function lineInDiff({ change, line, endLine }: { change: PullChange | undefined; line: number; endLine: number }): number | null {
  if (change?.isInDiff !== true) return null;
  const range = change.added.findLast((each) => each.line <= endLine && line <= each.endLine);
  return range === undefined ? null : Math.min(range.endLine, endLine);
}

function byWeight(left: PullViolation, right: PullViolation): number {
  return (
    SEVERITY_ORDER.indexOf(left.severity) - SEVERITY_ORDER.indexOf(right.severity) ||
    compareText(left.path, right.path) ||
    left.startLine - right.startLine ||
    compareText(left.fingerprint, right.fingerprint)
  );
}
