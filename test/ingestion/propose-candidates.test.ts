import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeConvention, WORDS } from "../../functions/ingestion/mining/describe-convention.ts";
import { fingerprint } from "../../functions/ingestion/mining/fingerprint.ts";
import { addFile, emptyState, type MiningState, SAMPLE_SIZE } from "../../functions/ingestion/mining/mining-state.ts";
import { type Candidate, proposeCandidates } from "../../functions/ingestion/mining/propose-candidates.ts";
import type { Fact } from "../../shared/craft/fact.ts";
import { wilsonLowerBound } from "../../shared/craft/wilson.ts";
import { lexAndExtract } from "./lex-and-extract.ts";
import { readCorpus } from "./read-corpus.ts";

/** So many files in a folder, each with the same values, so often each. */
interface Group {
  folder: string;
  files: number;
  slot?: string;
  values: Readonly<Record<string, number>>;
}

const REAL = ["node_modules/@trpc/server/src", "node_modules/undici/lib", "node_modules/@tanstack/query-core/src"].map(
  (corpus) => ({
    corpus,
    files: readCorpus(corpus).map((file) => ({ path: file.path, facts: lexAndExtract(file) })),
  }),
);

describe("the gate", () => {
  it("asks for 20 opportunities", async () => {
    expect(await proposed([{ folder: "src", files: 19, values: { double: 1 } }])).toEqual([]);
    expect(await proposed([{ folder: "src", files: 20, values: { double: 1 } }])).toEqual(["emerging double in /"]);
  });

  it("asks for 8 files", async () => {
    expect(await proposed([{ folder: "src", files: 7, values: { double: 50 } }])).toEqual([]);
    expect(await proposed([{ folder: "src", files: 8, values: { double: 50 } }])).toEqual(["established double in /"]);
  });

  it("asks for more than half of the files in which there was a choice", async () => {
    const full = { folder: "src", files: 10, values: { double: 100 } };
    expect(await proposed([full, { folder: "lib", files: 10, values: { single: 1 } }])).not.toContain("established double in /");
    expect(await proposed([full, { folder: "lib", files: 9, values: { single: 1 } }])).toContain("established double in /");
  });

  it("calls established what has a lower bound of 0.85, emerging what has 0.70, and says nothing of the rest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 400 }), fc.nat(100), async (opportunities, percent) => {
        const misses = Math.floor((opportunities * percent) / 100);
        const hits = opportunities - misses;
        const bound = lowerBoundByBisection(hits, opportunities);
        const expected = hits < 8 || bound < 0.7 ? [] : [`${bound >= 0.85 ? "established" : "emerging"} double in /`];
        const groups: readonly Group[] = [
          { folder: "a", files: hits, values: { double: 1 } },
          { folder: "b", files: misses, values: { single: 1 } },
        ];
        const found = await proposed(groups);
        expect(found.filter((each) => each.endsWith("double in /"))).toEqual(expected);
      }),
    );
  });

  it("has bounds between 0 and the share that rise with the hits, and with the opportunities at the same share", () => {
    const share = fc.tuple(fc.nat(1_000), fc.nat(1_000)).filter(([left, right]) => left + right > 0);
    fc.assert(
      fc.property(share, ([hits, misses]) => {
        const opportunities = hits + misses;
        const bound = wilsonLowerBound({ hits, opportunities });
        expect(bound).toBeCloseTo(lowerBoundByBisection(hits, opportunities), 6);
        expect(bound).toBeGreaterThanOrEqual(0);
        expect(bound).toBeLessThanOrEqual(hits / opportunities + 1e-12);
        expect(wilsonLowerBound({ hits: hits + 1, opportunities: opportunities + 1 })).toBeGreaterThan(bound);
        if (hits > 0) expect(wilsonLowerBound({ hits: hits * 2, opportunities: opportunities * 2 })).toBeGreaterThan(bound);
      }),
    );
    expect(wilsonLowerBound({ hits: 0, opportunities: 0 })).toBe(0);
  });
});

describe("the scope", () => {
  it("is the highest in which a convention holds, and folders below say nothing of their own", async () => {
    const groups: readonly Group[] = ["a", "a/b", "a/b/c", "d"].map((folder) => ({ folder, files: 30, values: { double: 2 } }));
    expect(await proposed(groups)).toEqual(["established double in /"]);
  });

  it("is a folder where another value holds than around it", async () => {
    const groups: readonly Group[] = [
      { folder: "src/new", files: 200, values: { double: 1 } },
      { folder: "src/old", files: 30, values: { single: 1 } },
    ];
    expect((await proposed(groups)).sort()).toEqual(["emerging double in /", "established single in src/old"]);
  });

  it("is a folder where nothing holds around it and the rest is unlike it", async () => {
    const groups: readonly Group[] = [
      { folder: "src/new", files: 60, values: { double: 1 } },
      { folder: "src/old", files: 60, values: { single: 1 } },
    ];
    expect((await proposed(groups)).sort()).toEqual(["established double in src/new", "established single in src/old"]);
  });

  it("is no folder that differs from the rest by no more than chance", async () => {
    const like: readonly Group[] = [
      { folder: "src/a", files: 50, values: { double: 1 } },
      { folder: "src/a", files: 10, values: { single: 1 } },
      { folder: "src/b", files: 28, values: { double: 1 } },
      { folder: "src/b", files: 12, values: { single: 1 } },
    ];
    expect(wilsonLowerBound({ hits: 50, opportunities: 60 })).toBeGreaterThan(0.7);
    expect(wilsonLowerBound({ hits: 78, opportunities: 100 })).toBeLessThan(0.7);
    expect(await proposed(like)).toEqual([]);
    const unlike: readonly Group[] = like.map((group) => (group.folder === "src/b" ? { ...group, files: 20 } : group));
    expect(await proposed(unlike)).toEqual(["emerging double in src/a"]);
  });

  it("turns back to the value of the whole in a folder within a folder that deviates", async () => {
    const groups: readonly Group[] = [
      { folder: "src", files: 300, values: { double: 1 } },
      { folder: "src/old", files: 40, values: { single: 1 } },
      { folder: "src/old/fresh", files: 20, values: { double: 1 } },
    ];
    expect((await proposed(groups)).filter((each) => !each.endsWith("in /"))).not.toContain(
      "established single in src/old/fresh",
    );
    const deep: readonly Group[] = [
      { folder: "src", files: 900, values: { double: 1 } },
      { folder: "src/old", files: 200, values: { single: 1 } },
      { folder: "src/old/fresh", files: 30, values: { double: 1 } },
    ];
    expect((await proposed(deep)).sort()).toEqual(
      ["emerging double in /", "emerging single in src/old", "established double in src/old/fresh"].sort(),
    );
  });
});

describe("what anyone would write anyway", () => {
  const slot = "interface-prefix";

  it("is no convention where nobody did otherwise", async () => {
    expect(await proposed([{ folder: "src", files: 50, slot, values: { none: 1 } }])).toEqual([]);
  });

  it("is one where somebody in the repository did otherwise, and what is unusual is one at once", async () => {
    const usual = { folder: "src", files: 50, slot, values: { none: 1 } };
    expect(await proposed([usual, { folder: "lib", files: 1, slot, values: { I: 1 } }])).toEqual(["established none in /"]);
    expect(await proposed([{ ...usual, values: { I: 1 } }])).toEqual(["established I in /"]);
  });
});

describe("a candidate", () => {
  it("says how many of how many, in how many files, what share that is and how sure", async () => {
    const [candidate] = await candidatesOf([
      { folder: "src", files: 30, values: { double: 3, single: 0 } },
      { folder: "lib", files: 5, values: { double: 1, single: 1 } },
    ]);
    expect(candidate).toMatchObject({ kind: "structural", slot: "quotes", value: "double", scope: "", strength: "established" });
    expect(candidate).toMatchObject({ hits: 95, opportunities: 100, files: 35, adoption: 0.95 });
    expect(candidate?.lowerBound).toBeCloseTo(lowerBoundByBisection(95, 100), 9);
    expect(candidate?.counterExamples.map(({ path }) => path).sort()).toEqual([0, 1, 2, 3, 4].map((index) => `lib/${index}.ts`));
  });

  it("says how many of the files with a choice chose anything else, however often and besides what", async () => {
    const [candidate] = await candidatesOf([
      { folder: "src", files: 90, values: { double: 3 } },
      { folder: "lib", files: 2, values: { double: 1, single: 9, backtick: 1 } },
      { folder: "old", files: 1, values: { single: 1, backtick: 1 } },
    ]);
    expect(candidate).toMatchObject({ value: "double", files: 92, choiceFiles: 93, breakingFiles: 3 });
  });

  it("speaks of a change while at most 3 files in 100 break it, whatever share of places they are", async () => {
    const speaks = async (breaking: number, values: Group["values"]) => {
      const groups = [
        { folder: "src", files: 100 - breaking, values: { double: 50 } },
        { folder: "lib", files: breaking, values },
      ];
      return (await candidatesOf(groups)).map((each) => [each.value, each.strength, each.speaks]);
    };
    expect(await speaks(3, { single: 60 })).toEqual([["double", "established", true]]);
    expect(await speaks(4, { double: 99, single: 1 })).toEqual([["double", "established", false]]);
  });

  it("shows at most one place of a file, also where the others chose several values", async () => {
    const [candidate] = await candidatesOf([
      { folder: "src", files: 60, values: { double: 10 } },
      { folder: "lib", files: 6, values: { single: 1, backtick: 1, none: 1 } },
    ]);
    expect(candidate?.evidence.length).toBe(SAMPLE_SIZE);
    expect(new Set(candidate?.evidence.map(({ path }) => path)).size).toBe(SAMPLE_SIZE);
    expect(candidate?.counterExamples.length).toBe(6);
    expect(new Set(candidate?.counterExamples.map(({ path }) => path)).size).toBe(6);
  });

  it("has the same fingerprint whatever its counts, evidence and strength are", async () => {
    const prints = await Promise.all(
      [20, 60, 500].map(
        async (files) => (await candidatesOf([{ folder: `f${files}`, files, values: { double: 2 } }]))[0]?.fingerprint,
      ),
    );
    expect(new Set(prints).size).toBe(1);
    expect(prints[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has another fingerprint with another kind, slot, value or scope, also where their texts together are the same", async () => {
    const one = { kind: "naming", slot: "a", value: "b", scope: "c" };
    const others = [one, { ...one, kind: "api" }, { ...one, slot: "x" }, { ...one, value: "x" }, { ...one, scope: "" }];
    const shifted = [
      { ...one, slot: "ab", value: "" },
      { ...one, slot: "", value: "ab" },
      { ...one, slot: 'a","b', value: "c", scope: "" },
    ];
    const prints = await Promise.all([...others, ...shifted].map(fingerprint));
    expect(new Set(prints).size).toBe(prints.length);
    expect(prints[0]).toBe("5de4b559e1cfe6b4208ba6aca6b8921360c5827474eea09032e04d8711f253b3");
  });
});

describe.each(REAL)("in $corpus", ({ files }) => {
  it("every place that is shown is a fact of the slot: with the value as evidence, with another one against it", async () => {
    const facts = new Map(files.map((file) => [file.path, file.facts]));
    const candidates = await proposeCandidates(mine(files));
    expect(candidates.length).toBeGreaterThan(15);
    for (const { slot, value, scope, evidence, counterExamples, hits, opportunities } of candidates) {
      const holds = ({ path, line, endLine }: { path: string; line: number; endLine: number }, isHit: boolean) =>
        path.startsWith(scope) &&
        facts
          .get(path)
          ?.some(
            (each) => each.slot === slot && (each.value === value) === isHit && each.line === line && each.endLine === endLine,
          );
      expect(evidence.filter((each) => !holds(each, true))).toEqual([]);
      expect(counterExamples.filter((each) => !holds(each, false))).toEqual([]);
      expect([evidence.length > 0, counterExamples.length > 0]).toEqual([true, hits < opportunities]);
    }
  });

  it("the proposals and their order depend on no order of the files, and no two of a scope say the same", async () => {
    const candidates = await proposeCandidates(mine(files));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...files], { minLength: files.length }), async (shuffled) => {
        expect(await proposeCandidates(mine(shuffled))).toEqual(candidates);
      }),
      { numRuns: 5 },
    );
    expect(candidates.map(({ score }) => score)).toEqual(
      candidates.map(({ score }) => score).sort((left, right) => right - left),
    );
    expect(new Set(candidates.map(({ scope, name }) => `${scope} ${name}`)).size).toBe(candidates.length);
    expect(new Set(candidates.map((each) => each.fingerprint)).size).toBe(candidates.length);
  });

  it("all that is found has a sentence that needs no knowledge of slots", () => {
    const hyphenated = Object.keys(WORDS).filter((slot) => slot.includes("-") && slot !== "re-export");
    const found = new Map(files.flatMap(({ facts }) => facts.map(({ slot, value }) => [`${slot} ${value}`, { slot, value }])));
    for (const { slot, value } of found.values()) {
      if (slot.startsWith("~")) continue;
      const { name, description } = describeConvention({ slot, value });
      expect(name).toMatch(/^[A-Z`][^{}]*(?:\{ … \}.*)?$/);
      expect(description).toMatch(/^.+\. Counted: .+\.$/);
      expect(hyphenated.filter((each) => name.includes(each))).toEqual([]);
      expect(`${name} ${description}`.replaceAll("`undefined`", "")).not.toMatch(/undefined|\[object|\{(?:value|subject)\}/);
    }
  });
});

describe("the wording", () => {
  it("takes names of anything for names: of members that all objects have, and with the signs of a replacement", () => {
    expect(describeConvention({ slot: "catch-name", value: "constructor" }).name).toBe("What is caught is named `constructor`");
    expect(describeConvention({ slot: "quotes", value: "toString" }).name).toBe("Strings have toString quotes");
    expect(describeConvention({ slot: "import-form:$&", value: "$1" }).name).toBe("`$&` is imported as `$1`");
  });

  it.each(["constructor", "nothing", "__proto__:a", ""])("refuses a slot without words: %j", (slot) => {
    expect(() => describeConvention({ slot, value: "a" })).toThrow(`The slot ${slot} has no words.`);
  });
});

async function proposed(groups: readonly Group[]): Promise<string[]> {
  return (await candidatesOf(groups)).map(
    ({ strength, value, scope }) => `${strength} ${value} in ${scope === "" ? "/" : scope}`,
  );
}

function candidatesOf(groups: readonly Group[]): Promise<Candidate[]> {
  const files = groups.flatMap(({ folder, files, slot = "quotes", values }, group) =>
    Array.from({ length: files }, (_, index) => ({
      path: `${folder}/${groups.findIndex((each) => each.folder === folder) === group ? "" : `${group}-`}${index}.ts`,
      facts: Object.entries(values).flatMap(([value, count]) =>
        Array.from({ length: count }, (_, line): Fact => ({ slot, value, line: line + 1, endLine: line + 1 })),
      ),
    })),
  );
  return proposeCandidates(mine(files));
}

function mine(files: readonly { path: string; facts: readonly Fact[] }[]): MiningState {
  const state = emptyState();
  for (const file of files) addFile(state, file);
  return state;
}

/** The smallest share that a 95 % test of the normal approximation does not refuse: what Wilson's formula solves. */
function lowerBoundByBisection(hits: number, opportunities: number): number {
  const share = hits / opportunities;
  let [low, high] = [0, share];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    const isRefused = share - middle > 1.959964 * Math.sqrt((middle * (1 - middle)) / opportunities);
    if (isRefused) low = middle;
    else high = middle;
  }
  return high;
}
