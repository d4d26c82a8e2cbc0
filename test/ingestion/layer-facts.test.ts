import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openTreeFold } from "../../functions/ingestion/mining/fold-tree.ts";
import { layerFacts } from "../../functions/ingestion/mining/layer-facts.ts";
import { proposeCandidates } from "../../functions/ingestion/mining/propose-candidates.ts";
import type { FileTally } from "../../functions/ingestion/mining/tally-file.ts";
import { ROOT } from "../local/state.ts";

/** Facts of a tree whose files import what is named, as `slot: value`. */
function layersOf(imports: Readonly<Record<string, readonly string[]>>): string[] {
  const files = Object.entries(imports).map(([path, specifiers]) => ({ path, tally: importing(specifiers) }));
  return layerFacts({ files, paths: Object.keys(imports) }).map(({ path, slot, value }) => `${path} ${slot}: ${value}`);
}

function importing(specifiers: readonly string[]): FileTally {
  return { "~import": Object.fromEntries(specifiers.map((specifier, index) => [specifier, [1, index + 1, index + 1]])) };
}

describe("direction between folders", () => {
  it("is decided by each import between two folders of one parent, whichever way it goes", () => {
    expect(
      layersOf({
        "src/services/pay.ts": ["../outbound/asaas.ts"],
        "src/outbound/asaas.ts": ["../services/pay.ts"],
      }),
    ).toEqual([
      "src/outbound/asaas.ts layer:src/outbound | src/services: src/outbound → src/services",
      "src/services/pay.ts layer:src/outbound | src/services: src/services → src/outbound",
    ]);
  });

  it("is that of the folders in which two paths part, however deep the files are", () => {
    expect(layersOf({ "a/b/c/one.ts": ["../../../x/y/two.ts"], "x/y/two.ts": [] })).toEqual(["a/b/c/one.ts layer:a | x: a → x"]);
  });

  it.each([
    ["without extension", "../lib/tool"],
    ["with the extension that it is compiled to", "../lib/tool.js"],
    ["by its folder's index", "../lib"],
    ["with a slash at its end", "../lib/"],
    ["by a detour", "./../app/../lib/tool.ts"],
  ])("finds what is imported %s", (_, specifier) => {
    expect(layersOf({ "app/main.ts": [specifier], "lib/tool.ts": [], "lib/index.ts": [] })).toEqual([
      "app/main.ts layer:app | lib: app → lib",
    ]);
  });

  it.each([
    ["a package", "lib/tool"],
    ["what is not there", "../lib/nothing.ts"],
    ["the own folder", "./other.ts"],
    ["a folder around", "../top.ts"],
    ["a folder inside", "./inner/deep.ts"],
    ["out of the repository", "../../lib/tool.ts"],
  ])("is not decided by an import of %s", (_, specifier) => {
    const tree = { "app/main.ts": [specifier], "app/other.ts": [], "app/inner/deep.ts": [], "top.ts": [], "lib/tool.ts": [] };
    expect(layersOf(tree)).toEqual([]);
  });

  it("counts an import as often as it stands there", () => {
    const files = [
      { path: "app/main.ts", tally: { "~import": { "../lib/tool.ts": [3, 7, 7] } } as FileTally },
      { path: "lib/tool.ts", tally: {} },
    ];
    expect(layerFacts({ files, paths: files.map(({ path }) => path) })).toEqual(
      Array.from({ length: 3 }, () => ({
        path: "app/main.ts",
        slot: "layer:app | lib",
        value: "app → lib",
        line: 7,
        endLine: 7,
      })),
    );
  });

  it("depends on the files alone, not on their order", () => {
    const tree = { "a/1.ts": ["../b/2.ts", "../c/3.ts"], "b/2.ts": ["../c/3.ts"], "c/3.ts": ["../a/1.ts"] };
    expect(layersOf(Object.fromEntries(Object.entries(tree).reverse()))).toEqual(layersOf(tree));
  });

  it("agrees on this project's own sources with a search for the words: `functions` imports `shared`, never the other way", () => {
    const paths = globSync("{functions,shared}/**/*.ts", { cwd: ROOT }).sort();
    const specifiers = new Map(
      paths.map((path) => [
        path,
        [...readFileSync(join(ROOT, path), "utf8").matchAll(/^(?:import|export|\}) .*?from "(\.[^"]+)";$/gm)].map(
          ([, found]) => found ?? "",
        ),
      ]),
    );
    const crossing = [...specifiers].flatMap(([path, found]) =>
      found.filter(
        (specifier) => path.startsWith("functions/") && relative(".", join(dirname(path), specifier)).startsWith("shared/"),
      ),
    );
    const facts = layerFacts({ files: [...specifiers].map(([path, found]) => ({ path, tally: counted(found) })), paths });
    const values = facts.filter(({ slot }) => slot === "layer:functions | shared").map(({ value }) => value);
    expect(crossing.length).toBeGreaterThan(100);
    expect(values).toEqual(crossing.map(() => "functions → shared"));
  });
});

function counted(specifiers: readonly string[]): FileTally {
  const counts = new Map<string, number>();
  for (const specifier of specifiers) counts.set(specifier, (counts.get(specifier) ?? 0) + 1);
  return { "~import": Object.fromEntries([...counts].map(([specifier, count]) => [specifier, [count, 1, 1]])) };
}

describe("a tree that is mined", () => {
  it("has the direction between its folders among its conventions, from any order of its files", async () => {
    const paths = Array.from({ length: 24 }, (_, index) => [
      `src/services/part-${index}.ts`,
      `src/outbound/part-${index}.ts`,
    ]).flat();
    const files = paths.map((path) => ({
      path,
      tally: importing(path.includes("services") ? [`../outbound/${basename(path)}`] : []),
    }));
    for (const ordered of [files, files.toReversed()]) {
      const fold = openTreeFold();
      for (const file of ordered) fold.add(file);
      const candidates = await proposeCandidates(fold.finish(paths));
      expect(candidates.filter(({ slot }) => slot.startsWith("layer:"))).toMatchObject([
        {
          name: "Imports between two folders go `src/services → src/outbound`",
          kind: "dependency",
          strength: "established",
          hits: 24,
          opportunities: 24,
        },
      ]);
    }
  });
});
