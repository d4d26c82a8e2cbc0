import { type ConventionKind, describeConvention } from "./describe-convention.ts";
import { EMERGING, type Finding, findConventions } from "./find-conventions.ts";
import { fingerprint } from "./fingerprint.ts";
import {
  compareSamples,
  compareText,
  emptyState,
  type MiningState,
  SAMPLE_SIZE,
  type Sample,
  type SlotTally,
} from "./mining-state.ts";
import { findShifting, type Trend, tellTrend } from "./tell-shift.ts";

/** A place that shows a value. Lines count from 1. */
export interface Evidence {
  path: string;
  line: number;
  endLine: number;
}

/** A convention that holds in a scope: proposed, for people to judge. */
export interface Candidate {
  /** The same in each run in which the convention holds at this scope. */
  fingerprint: string;
  kind: ConventionKind;
  slot: string;
  value: string;
  /** The folder that it holds in; empty for the whole repository. */
  scope: string;
  /** What is shifting holds in recent files alone: its figures and places are theirs. */
  strength: "established" | "emerging" | "shifting";
  trend: Trend;
  name: string;
  description: string;
  /** Opportunities in which the value was chosen. */
  hits: number;
  opportunities: number;
  /** Files with a hit. */
  files: number;
  /** Files with an opportunity, and those of them in which something else was chosen at least once. */
  choiceFiles: number;
  breakingFiles: number;
  /** Whether so few files break it that what it says of a change is news: at most `MAX_BREAKING_SHARE` of those with an opportunity. */
  speaks: boolean;
  /** `hits / opportunities`, from 0 to 1. */
  adoption: number;
  /** The lower end of its 95 % Wilson interval. */
  lowerBound: number;
  /** What the ranking goes by: how sure the share is above what emerges, times the files. */
  score: number;
  /** At most `SAMPLE_SIZE` hits, of as many files. */
  evidence: readonly Evidence[];
  /** Opportunities in which something else was chosen: at most `SAMPLE_SIZE`, of as many files. */
  counterExamples: readonly Evidence[];
}

const ESTABLISHED = 0.85;
/**
 * Adoption counts places: a convention that one place in ten breaks is true, and would speak of every other file. What people are told on a
 * change goes by files.
 */
export const MAX_BREAKING_SHARE = 0.03;

/**
 * The conventions that hold, best first: what `findConventions` finds, with what recent files say of it, and what these alone hold.
 *
 * @param recent the state of the files that were added or changed lately; left out, no trend is known.
 */
export async function proposeCandidates(state: MiningState, recent: MiningState = emptyState()): Promise<Candidate[]> {
  const found = findConventions(state).map((finding) => {
    const strength = finding.lowerBound >= ESTABLISHED ? ("established" as const) : ("emerging" as const);
    return toCandidate({ finding, strength, trend: tellTrend({ finding, whole: state, recent }) });
  });
  const shifting = findShifting({ whole: state, recent }).map((finding) =>
    toCandidate({ finding, strength: "shifting", trend: "rising" }),
  );
  const candidates = await Promise.all([...found, ...shifting]);
  return candidates.sort((left, right) => right.score - left.score || compareText(left.fingerprint, right.fingerprint));
}

async function toCandidate({
  finding: { scope, slot, value, own, tally, opportunities, lowerBound },
  strength,
  trend,
}: {
  finding: Finding;
  strength: Candidate["strength"];
  trend: Trend;
}): Promise<Candidate> {
  const { kind, name, description } = describeConvention({ slot, value });
  const adoption = own.occurrences / opportunities;
  const breakingFiles = tally.files - own.filesAlone;
  return {
    fingerprint: await fingerprint({ kind, slot, value, scope }),
    kind,
    slot,
    value,
    scope,
    strength,
    trend,
    name,
    description: strength === "shifting" ? `${description} In recent files alone.` : description,
    hits: own.occurrences,
    opportunities,
    files: own.files,
    choiceFiles: tally.files,
    breakingFiles,
    speaks: strength !== "shifting" && breakingFiles <= tally.files * MAX_BREAKING_SHARE,
    adoption,
    lowerBound,
    score: zAbove({ share: adoption, opportunities }) * own.files,
    evidence: own.samples.map(toEvidence),
    counterExamples: samplesOfOthers({ tally, value }).map(toEvidence),
  };
}

/** As the samples of one value are: the first by their hash, one of a file. */
function samplesOfOthers({ tally, value }: { tally: SlotTally; value: string }): Sample[] {
  const ofFile = new Map<string, Sample>();
  for (const [other, { samples }] of tally.values) {
    if (other === value) continue;
    for (const sample of samples) {
      const known = ofFile.get(sample.path);
      if (known === undefined || compareSamples(sample, known) < 0) ofFile.set(sample.path, sample);
    }
  }
  return [...ofFile.values()].sort(compareSamples).slice(0, SAMPLE_SIZE);
}

/** How many standard errors a share is above what emerges. */
function zAbove({ share, opportunities }: { share: number; opportunities: number }): number {
  return (share - EMERGING) / Math.sqrt((EMERGING * (1 - EMERGING)) / opportunities);
}

function toEvidence({ path, line, endLine }: Sample): Evidence {
  return { path, line, endLine };
}
