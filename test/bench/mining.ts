import { MAX_BREAKING_SHARE } from "../../functions/ingestion/mining/propose-candidates.ts";
import type { Report, Row } from "./measure.ts";
import { type CorpusMeasures, measureCorpus, type Share } from "./mining/measure-corpus.ts";
import { measureSpeed } from "./mining/measure-speed.ts";
import { openCorpora } from "./mining/open-corpora.ts";

type ShareName = { [Key in keyof CorpusMeasures]: CorpusMeasures[Key] extends Share ? Key : never }[keyof CorpusMeasures];

interface Measure {
  name: ShareName;
  what: string;
  /** The least share, or with `isMost` the greatest; left out, the row only informs. */
  target?: number;
  isMost?: boolean;
}

const MEASURES: readonly Measure[] = [
  { name: "recall", what: "recall of declared rules", target: 0.9 },
  { name: "precision", what: "strict precision: judged by a declared rule and confirmed", target: 0.8 },
  { name: "hold", what: "conventions of one half that hold in the other", target: 0.97 },
  { name: "holdNext", what: "conventions that hold in the changed files of a later release", target: 0.97 },
  { name: "noise", what: "files of the other half that a convention speaks of", target: 0.05, isMost: true },
  { name: "noiseOfDeclared", what: "  that a convention with a declared rule speaks of" },
  {
    name: "noiseOfKept",
    what: `  of those that speak, for ≤ ${100 * MAX_BREAKING_SHARE} % of the learnt files break them`,
    target: 0.05,
    isMost: true,
  },
  { name: "kept", what: "  conventions that speak among all" },
  { name: "mutations", what: "breaks made in one place that are flagged" },
  { name: "alone", what: "  that break nothing else" },
  { name: "breakable", what: "  conventions that could be broken so" },
  { name: "evidence", what: "evidence that shows the construct", target: 1 },
];

/** How right the miner is on sources whose linter is known, and how much processor time it takes. */
export async function benchMining({ rounds, sizesMb }: { rounds: number; sizesMb: readonly number[] }): Promise<Report> {
  const corpora = openCorpora();
  const measured: CorpusMeasures[] = [];
  for (const corpus of corpora) measured.push(await measureCorpus(corpus));
  return {
    name: "mining",
    rows: [
      ...MEASURES.map((measure) => sumRow({ measure, measured })),
      coverageRow(measured),
      ...measured.map(corpusRow),
      ...measureSpeed({ corpora, sizesMb, rounds }),
    ],
    limitedBy: "one thread: lexing and slots, then adding up",
    details: measured,
  };
}

function sumRow({
  measure: { name, what, target, isMost = false },
  measured,
}: {
  measure: Measure;
  measured: CorpusMeasures[];
}): Row {
  const sum = measured.reduce((all, each) => ({ hits: all.hits + each[name].hits, of: all.of + each[name].of }), {
    hits: 0,
    of: 0,
  });
  const share = sum.hits / sum.of;
  const isMet = target === undefined || (isMost ? share < target : share >= target);
  return {
    what,
    ours: `${sum.hits} of ${sum.of}`,
    baseline: "",
    ratio: percent(sum),
    target: target === undefined ? "" : `${isMost ? "<" : "≥"} ${100 * target} %`,
    verdict: target === undefined ? "info" : isMet ? "met" : "missed",
  };
}

function coverageRow(measured: readonly CorpusMeasures[]): Row {
  const of = measured.reduce((sum, { declaredRules }) => sum + declaredRules, 0);
  const hits = measured.reduce((sum, { expressedRules }) => sum + expressedRules, 0);
  const ours = `${hits} of ${of}`;
  return {
    what: "declared rules that a slot can express",
    ours,
    baseline: "",
    ratio: percent({ hits, of }),
    target: "",
    verdict: "info",
  };
}

function corpusRow({ name, sources, candidates, ...shares }: CorpusMeasures): Row {
  const of = (key: ShareName) => `${shares[key].hits}/${shares[key].of}`;
  return {
    what: `${name}: ${sources} sources, ${candidates} conventions`,
    ours: `recall ${of("recall")}, precision ${of("precision")}, hold ${of("hold")}, next ${of("holdNext")}`,
    baseline: `noise ${of("noise")}, flagged ${of("mutations")}, evidence ${of("evidence")}`,
    ratio: "",
    target: "",
    verdict: "info",
  };
}

function percent({ hits, of }: { hits: number; of: number }): string {
  return of === 0 ? "–" : `${((100 * hits) / of).toFixed(1)} %`;
}
