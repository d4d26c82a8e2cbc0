import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addFile,
  addTally,
  emptyState,
  hashState,
  MAX_FOLDER_DEPTH,
  type MiningState,
  mergeStates,
  SAMPLE_SIZE,
  serializeState,
} from "../../functions/ingestion/mining/mining-state.ts";
import { proposeCandidates } from "../../functions/ingestion/mining/propose-candidates.ts";
import { type FileTally, tallyFile } from "../../functions/ingestion/mining/tally-file.ts";
import type { Fact } from "../../shared/craft/fact.ts";
import { lexAndExtract } from "./lex-and-extract.ts";
import { readCorpus } from "./read-corpus.ts";

interface FileFacts {
  path: string;
  facts: readonly Fact[];
}

const FILES: readonly FileFacts[] = readCorpus("node_modules/@trpc/server/src").map((file) => ({
  path: file.path,
  facts: lexAndExtract(file),
}));
const WHOLE = serializeState(mine(FILES));

const HOSTILE = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "",
  "0",
  "é",
  "日本語",
  "a b",
  "a\0b",
  "\ud800",
  "a`b",
  "~",
];

describe("a state", () => {
  it("is the same for any order of the files", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...FILES], { minLength: FILES.length }), (shuffled) => {
        expect(serializeState(mine(shuffled))).toBe(WHOLE);
      }),
      { numRuns: 20 },
    );
  });

  it.each([1, 4, 16])("is the same from %i shards, however the files are divided", async (shardCount) => {
    const shardOf = fc.array(fc.nat(shardCount - 1), { minLength: FILES.length, maxLength: FILES.length });
    const wholeHash = await hashState(mine(FILES));
    await fc.assert(
      fc.asyncProperty(shardOf, async (shards) => {
        const states = Array.from({ length: shardCount }, (_, shard) =>
          mine(FILES.filter((_, index) => shards[index] === shard)),
        );
        expect(await hashState(states.reduce(mergeStates))).toBe(wholeHash);
      }),
      { numRuns: 10 },
    );
  });

  it("is the same for any tree of merges", () => {
    const choices = fc.infiniteStream(fc.tuple(fc.nat(), fc.nat()));
    fc.assert(
      fc.property(choices, (stream) => {
        const states = Array.from({ length: 12 }, (_, shard) => mine(FILES.filter((_, index) => index % 12 === shard)));
        while (states.length > 1) {
          const [first, second] = stream.next().value;
          const [left = emptyState()] = states.splice(first % states.length, 1);
          const [right = emptyState()] = states.splice(second % states.length, 1);
          states.push(mergeStates(left, right));
        }
        expect(states.map(serializeState)).toEqual([WHOLE]);
      }),
      { numRuns: 20 },
    );
  });

  it("has a neutral element, and a merge leaves both sides as they were", () => {
    const left = mine(FILES.slice(0, 40));
    const right = mine(FILES.slice(40));
    const before = [serializeState(left), serializeState(right)];
    expect(serializeState(mergeStates(left, right))).toBe(WHOLE);
    expect([serializeState(left), serializeState(right)]).toEqual(before);
    expect(serializeState(mergeStates(emptyState(), left))).toBe(before[0]);
    expect(serializeState(mergeStates(left, emptyState()))).toBe(before[0]);
  });

  it("is another one as soon as one fact is another one", () => {
    const [first, ...rest] = FILES;
    if (first === undefined) throw new Error("The corpus is empty.");
    expect(serializeState(mine([{ ...first, facts: first.facts.slice(1) }, ...rest]))).not.toBe(WHOLE);
    expect(serializeState(mine([{ ...first, path: `${first.path}x` }, ...rest]))).not.toBe(WHOLE);
    expect(serializeState(mine([...rest, first, first]))).not.toBe(WHOLE);
  });

  it("counts as a plain count does, in each folder that a file is in", () => {
    const state = mine(FILES);
    for (const folder of ["", "node_modules/@trpc/server", "node_modules/@trpc/server/src"]) {
      const facts = FILES.filter(({ path }) => path.startsWith(folder)).flatMap(({ path, facts }) =>
        facts.filter(({ slot }) => slot === "quotes").map((fact) => ({ path, ...fact })),
      );
      const tally = state.scopes.get(folder)?.get("quotes");
      for (const value of ["single", "double"]) {
        const own = facts.filter((fact) => fact.value === value);
        expect(tally?.values.get(value)?.occurrences ?? 0).toBe(own.length);
        expect(tally?.values.get(value)?.files ?? 0).toBe(new Set(own.map(({ path }) => path)).size);
      }
      expect(tally?.files).toBe(new Set(facts.map(({ path }) => path)).size);
    }
  });

  it("keeps at most so many samples of a value, each of another file and a place where the value is", () => {
    const places = new Set(
      FILES.flatMap(({ path, facts }) => facts.map(({ slot, value, line, endLine }) => place(slot, value, path, line, endLine))),
    );
    let mostSamples = 0;
    for (const slots of mine(FILES).scopes.values())
      for (const [slot, { values }] of slots)
        for (const [value, { samples, files }] of values) {
          expect(samples.length).toBe(Math.min(files, SAMPLE_SIZE));
          expect(new Set(samples.map(({ path }) => path)).size).toBe(samples.length);
          for (const { path, line, endLine } of samples) expect(places).toContain(place(slot, value, path, line, endLine));
          mostSamples = Math.max(mostSamples, samples.length);
        }
    expect(mostSamples).toBe(SAMPLE_SIZE);
  });

  it("grows with the names in it and not with the files: ten times the files take less than two more bytes each", () => {
    const [first] = FILES;
    const copies = (count: number) =>
      mine(
        Array.from({ length: count }, (_, index) => ({ path: `src/file-${1_000_000 + index}.ts`, facts: first?.facts ?? [] })),
      );
    const [few, many] = [serializeState(copies(100)).length, serializeState(copies(1_000)).length];
    expect(many - few).toBeLessThan(900 * 2);
  });

  it("knows no folder deeper than its limit, however deep the tree is", () => {
    const state = emptyState();
    addFile(state, { path: `${"a/".repeat(5_000)}b.ts`, facts: [fact("quotes", "double")] });
    expect([...state.scopes.keys()]).toEqual(["", "a", "a/a", "a/a/a", "a/a/a/a"]);
    expect(state.scopes.size).toBe(MAX_FOLDER_DEPTH + 1);
  });
});

describe("what one file says", () => {
  it("gives the same state after it was stored as JSON, and beside files that were read anew", async () => {
    const stored = FILES.map(({ path, facts }) => ({ path, text: JSON.stringify(tallyFile({ path, facts })) }));
    const state = emptyState();
    for (const [index, { path, text }] of stored.entries()) {
      if (index % 3 === 0) addFile(state, { path, facts: FILES[index]?.facts ?? [] });
      else addTally(state, { path, tally: JSON.parse(text) as FileTally });
    }
    expect(await hashState(state)).toBe(await hashState(mine(FILES)));
  });

  it("may be replaced for files that changed, came or went: that is mining the new tree from its beginning", () => {
    const change = fc.record({ index: fc.nat(FILES.length - 1), source: fc.nat(FILES.length - 1), isGone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const tree = new Map(FILES.map(({ path, facts }) => [path, facts]));
        const stored = new Map(FILES.map(({ path, facts }) => [path, JSON.stringify(tallyFile({ path, facts }))]));
        for (const { index, source, isGone } of changes) {
          const path = FILES[index]?.path ?? "";
          const facts = FILES[source]?.facts ?? [];
          const added = `${path}.new.ts`;
          if (isGone) for (const each of [tree, stored]) each.delete(path);
          else {
            for (const each of [path, added]) {
              tree.set(each, facts);
              stored.set(each, JSON.stringify(tallyFile({ path: each, facts })));
            }
          }
        }
        const folded = emptyState();
        for (const [path, text] of [...stored].reverse()) addTally(folded, { path, tally: JSON.parse(text) as FileTally });
        expect(serializeState(folded)).toBe(serializeState(mine([...tree].map(([path, facts]) => ({ path, facts })))));
      }),
      { numRuns: 15 },
    );
  });

  it("does not depend on the order of the facts", () => {
    const [{ path, facts } = { path: "", facts: [] }] = FILES.toSorted((left, right) => right.facts.length - left.facts.length);
    const [expected] = [sortedTally(tallyFile({ path, facts }))];
    fc.assert(
      fc.property(fc.shuffledSubarray([...facts], { minLength: facts.length }), (shuffled) => {
        expect(sortedTally(tallyFile({ path, facts: shuffled }))).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it("says how often, and where: one of the places", () => {
    const facts = [
      fact("quotes", "double", 3),
      fact("quotes", "double", 9, 12),
      fact("quotes", "single", 4),
      fact("equality", "strict", 5),
    ];
    expect([
      { quotes: { double: [2, 3, 3], single: [1, 4, 4] } },
      { quotes: { double: [2, 9, 12], single: [1, 4, 4] } },
    ]).toContainEqual({ quotes: tallyFile({ path: "a.ts", facts }).quotes });
    expect(tallyFile({ path: "a.ts", facts }).equality).toEqual({ strict: [1, 5, 5] });
  });

  it("is safe with names that an attacker chose, which stay names", () => {
    const name = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 20 }));
    const facts = fc.array(
      fc.record({ slot: name.map((each) => `import-form:${each}`), value: name, line: fc.nat(99), endLine: fc.nat(99) }),
    );
    fc.assert(
      fc.property(facts, (given) => {
        const text = JSON.stringify(tallyFile({ path: "a.ts", facts: given }));
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/[\p{Cc}`]|\\u0000|\\ud[89a-f]/u);
        const state = emptyState();
        addTally(state, { path: "a.ts", tally: JSON.parse(text) as FileTally });
        const readable = given.filter(({ slot, value }) =>
          [slot, value].every((each) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}`]/u.test(each)),
        );
        const counts = new Map<string, number>();
        for (const { slot, value } of readable) counts.set(`${slot} ${value}`, (counts.get(`${slot} ${value}`) ?? 0) + 1);
        const found = [...(state.scopes.get("") ?? [])].flatMap(([slot, { values }]) =>
          [...values].map(([value, { occurrences }]) => [`${slot} ${value}`, occurrences] as const),
        );
        expect(new Map(found)).toEqual(counts);
      }),
    );
    expect(Object.prototype).not.toHaveProperty("double");
  });

  it.each(["__proto__", "constructor", "toString"])("keeps a slot, a value and a folder that are named %s", (name) => {
    const state = emptyState();
    const tally = JSON.parse(JSON.stringify(tallyFile({ path: `${name}/${name}`, facts: [fact(name, name)] }))) as FileTally;
    addTally(state, { path: `${name}/${name}`, tally });
    expect(state.scopes.get(name)?.get(name)?.values.get(name)?.occurrences).toBe(1);
  });

  it("leaves out names of more than 200 characters", () => {
    expect(
      tallyFile({ path: "a.ts", facts: [fact("a", "b".repeat(200)), fact("c", "d".repeat(201)), fact("e".repeat(201), "f")] }),
    ).toEqual({ a: { ["b".repeat(200)]: [1, 1, 1] } });
  });

  it("keeps what a file uses, which is no decision: it comes into no state and no proposal", async () => {
    const state = emptyState();
    for (let index = 0; index < 40; index += 1) {
      const path = `src/${index}.ts`;
      const tally = tallyFile({ path, facts: [fact("~call", "console.log"), fact("~import", "zod")] });
      expect(tally).toEqual({ "~call": { "console.log": [1, 1, 1] }, "~import": { zod: [1, 1, 1] } });
      addTally(state, { path, tally });
    }
    expect(serializeState(state)).toBe(serializeState(emptyState()));
    expect(await proposeCandidates(state)).toEqual([]);
  });
});

function mine(files: readonly FileFacts[]): MiningState {
  const state = emptyState();
  for (const file of files) addFile(state, file);
  return state;
}

function fact(slot: string, value: string, line = 1, endLine = line): Fact {
  return { slot, value, line, endLine };
}

function place(...parts: readonly (string | number)[]): string {
  return parts.join("\n");
}

function sortedTally(tally: FileTally): unknown {
  return Object.entries(tally)
    .map(([slot, values]) => [slot, Object.entries(values).sort()])
    .sort();
}
