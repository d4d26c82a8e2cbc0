import { expect, test } from "vitest";
import { type CorpusMeasures, measureCorpus, type Share } from "../bench/mining/measure-corpus.ts";
import { openCorpora } from "../bench/mining/open-corpora.ts";

type Floors = Readonly<Partial<Record<"recall" | "precision" | "hold" | "holdNext" | "mutations", number>>> & {
  /** The share of files at most that a convention speaks of where it should not. */
  noiseOfDeclared: number;
};

/** As measured: a change of the miner may raise them, and is looked at when it does not reach them. */
const FLOORS: Readonly<Record<string, Floors>> = {
  ajv: { recall: 1, precision: 1, hold: 1, holdNext: 1, mutations: 0.95, noiseOfDeclared: 0 },
  execa: { recall: 0.85, precision: 1, hold: 1, holdNext: 1, mutations: 1, noiseOfDeclared: 0.025 },
  leaflet: { recall: 1, precision: 1, hold: 1, holdNext: 1, mutations: 1, noiseOfDeclared: 0.11 },
};

for (const corpus of openCorpora(Object.keys(FLOORS))) {
  test(`of ${corpus.name}, what its linter declares is mined, never contradicted, and shown where it really is`, async () => {
    const measures = await measureCorpus(corpus);
    const { noiseOfDeclared, ...floors } = FLOORS[corpus.name] ?? { noiseOfDeclared: 0 };

    expect(measures.contradictions).toEqual([]);
    expect(measures.evidence.failures).toEqual([]);
    expect(measures.evidence.of).toBeGreaterThan(100);
    for (const [name, floor] of Object.entries(floors)) {
      const share = measures[name as keyof CorpusMeasures] as Share;
      expect(share.of, name).toBeGreaterThan(0);
      expect(share.hits / share.of, `${name}: ${share.failures.join("; ")}`).toBeGreaterThanOrEqual(floor);
    }
    expect(measures.noiseOfDeclared.hits / measures.noiseOfDeclared.of).toBeLessThanOrEqual(noiseOfDeclared);
  }, 60_000);
}
