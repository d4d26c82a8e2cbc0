import { beforeAll, describe, expect, it } from "vitest";
import { describeConvention, WORDS } from "../../functions/ingestion/mining/describe-convention.ts";
import { isPathSlot } from "../../shared/craft/path-slots.ts";
import { COUNTED_SLOTS, countBySyntaxTree } from "./count-by-syntax-tree.ts";
import { lexAndExtract } from "./lex-and-extract.ts";
import { readCorpus } from "./read-corpus.ts";
import { JAVASCRIPT_CASES, JSX_CASES, type SlotCases, TEST_CASES, TYPESCRIPT_CASES } from "./slot-cases.ts";

const CASES: readonly { path: string; cases: SlotCases }[] = [
  { path: "src/a.ts", cases: TYPESCRIPT_CASES },
  { path: "src/a.js", cases: JAVASCRIPT_CASES },
  { path: "src/a.tsx", cases: JSX_CASES },
  { path: "src/a.test.ts", cases: TEST_CASES },
];

describe.each(CASES)("in $path", ({ path, cases }) => {
  const rows = Object.entries(cases).flatMap(([slot, own]) => own.map(([source, ...facts]) => ({ slot, source, facts })));

  it.each(rows)("$slot counts $facts", ({ slot, source, facts }) => {
    const found = lexAndExtract({ path, source })
      .filter((fact) => fact.slot === slot)
      .sort((left, right) => left.line - right.line);
    expect(found.map(({ value, line, endLine }) => `${line === endLine ? line : `${line}-${endLine}`}: ${value}`)).toEqual(facts);
  });
});

it("shows each slot and each of its values in a case above", () => {
  const shown = new Set(
    CASES.flatMap(({ cases }) =>
      Object.entries(cases).flatMap(([slot, own]) =>
        own.flatMap(([, ...facts]) => facts.map((fact) => `${nameOf(slot)} ${fact.replace(/^[\d-]+: /, "")}`)),
      ),
    ),
  );
  const shownSlots = new Set([...shown].map((each) => each.split(" ")[0]));
  for (const [slot, { values = {} }] of Object.entries(WORDS)) {
    // Layers show in a tree of files: `layer-facts.test.ts`.
    if (isPathSlot(slot) || slot === "layer") continue;
    expect(shownSlots).toContain(slot);
    for (const value of Object.keys(values)) expect(shown).toContain(`${slot} ${value}`);
  }
});

describe.each([
  { corpus: "node_modules/zod/src/v4/classic", facts: 15_000 },
  { corpus: "node_modules/zod/src/v4/core", facts: 12_000 },
  { corpus: "node_modules/@trpc/server/src", facts: 5_000 },
  { corpus: "node_modules/@trpc/client/src", facts: 2_000 },
  { corpus: "node_modules/@tanstack/query-core/src", facts: 2_500 },
  { corpus: "node_modules/undici/lib", facts: 12_000 },
])("in $corpus", ({ corpus, facts }) => {
  const files = readCorpus(corpus);
  const found = new Map<string, ReturnType<typeof lexAndExtract>>();

  beforeAll(() => {
    for (const file of files) found.set(file.path, lexAndExtract(file));
  });

  it(`counts more than ${facts} facts as TypeScript's own syntax tree does, file by file`, () => {
    const counted = new Set(COUNTED_SLOTS);
    const differences: string[] = [];
    let total = 0;
    for (const file of files) {
      const own = new Map<string, number>();
      for (const { slot, value } of found.get(file.path) ?? []) {
        if (!counted.has(slot)) continue;
        own.set(`${slot} ${value}`, (own.get(`${slot} ${value}`) ?? 0) + 1);
        total += 1;
      }
      const tree = countBySyntaxTree(file);
      for (const key of new Set([...own.keys(), ...tree.keys()]))
        if (own.get(key) !== tree.get(key))
          differences.push(`${file.path}: ${key}: ${own.get(key) ?? 0}, not ${tree.get(key) ?? 0}`);
    }
    expect(differences).toEqual([]);
    expect(total).toBeGreaterThan(facts);
  }, 60_000);

  it("names lines that are in the file, and has words for all that it finds", () => {
    for (const { path, source } of files) {
      const lineCount = source.split("\n").length;
      for (const { slot, value, line, endLine } of found.get(path) ?? []) {
        if (!(line >= 1 && line <= endLine && endLine <= lineCount)) throw new Error(`${path}:${line}-${endLine}: ${slot}`);
        if (!slot.startsWith("~")) describeConvention({ slot, value });
      }
    }
  });
});

function nameOf(slot: string): string {
  return slot.split(":")[0] ?? slot;
}
