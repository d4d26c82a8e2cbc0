import { globSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathFacts } from "../../functions/ingestion/mining/path-facts.ts";
import { ROOT } from "../local/state.ts";

describe("case of names", () => {
  it.each<[name: string, value: string | undefined]>([
    ["create-lead.ts", "kebab-case"],
    ["createLead.ts", "camelCase"],
    ["CreateLead.ts", "PascalCase"],
    ["create_lead.ts", "snake_case"],
    ["create-Lead.ts", "mixed case"],
    ["Lead.ts", "PascalCase"],
    ["_create-lead.ts", "kebab-case"],
    ["create-lead.router.ts", "kebab-case"],
    ["lead.ts", undefined],
    ["v4.ts", undefined],
    ["index.ts", undefined],
    [".eslintrc.js", undefined],
    ["[leadId].ts", undefined],
    ["$leadId.ts", undefined],
  ])("%s: %s", (name, value) => {
    expect(valuesOf([`src/${name}`], "file-case:code")).toEqual(value === undefined ? [] : [value]);
  });

  it("is counted by the role of the extension, and tests by themselves", () => {
    const facts = pathFacts([
      "a/CardList.tsx",
      "a/card-list.css",
      "a/use-card.ts",
      "a/use-card.test.ts",
      "a/HOW-TO.md",
      "a/how-to.md",
    ]);
    expect(countsOf(facts, /^file-case:/)).toEqual({
      "file-case:component PascalCase": 1,
      "file-case:style kebab-case": 1,
      "file-case:code kebab-case": 1,
      "file-case:test kebab-case": 1,
      "file-case:document kebab-case": 1,
    });
  });

  it("counts each folder once, however many files are below it", () => {
    const facts = pathFacts(["my-app/a/x.ts", "my-app/a/y.ts", "my-app/userList/z.ts", "plain/w.ts"]);
    expect(countsOf(facts, /^folder-case$/)).toEqual({ "folder-case kebab-case": 1, "folder-case camelCase": 1 });
  });
});

describe("tests", () => {
  it("tell how they are named and where they are", () => {
    const facts = pathFacts([
      "src/a.test.ts",
      "src/b.spec.ts",
      "test/c_test.js",
      "src/__tests__/d.test.tsx",
      "test/helper.ts",
      "src/latest.ts",
    ]);
    expect(countsOf(facts, /^test-/)).toEqual({
      "test-mark .test": 2,
      "test-mark .spec": 1,
      "test-mark _test": 1,
      "test-place beside the code": 2,
      "test-place in test/": 1,
      "test-place in __tests__/": 1,
    });
  });

  it("are paired with what they test, wherever they are in the package", () => {
    const facts = pathFacts([
      ...[
        "a/package.json",
        "a/src/one.ts",
        "a/src/two.ts",
        "a/src/three.ts",
        "a/src/index.ts",
        "a/src/types.ts",
        "a/vite.config.ts",
      ],
      ...["a/src/one.test.ts", "a/test/deep/two.test.ts", "b/package.json", "b/test/three.test.ts"],
    ]);
    expect(countsOf(facts, /^pair:test$/)).toEqual({
      "pair:test paired with a test of the same name": 2,
      "pair:test without a test of the same name": 1,
    });
  });

  it("are no convention of a package in which fewer than half of the files have one", () => {
    expect(valuesOf(["a.ts", "b.ts", "c.ts", "a.test.ts"], "pair:test")).toEqual([]);
  });
});

describe("companions and folders", () => {
  it("pair a component with the files of its name, and count those without", () => {
    const facts = pathFacts(
      ["a.tsx", "a.module.css", "a.stories.tsx", "b.tsx", "b.module.css", "c.tsx"].map((name) => `ui/${name}`),
    );
    expect(countsOf(facts, /^pair:/)).toEqual({
      "pair:.tsx:.module.css paired, .tsx with .module.css": 2,
      "pair:.tsx:.module.css unpaired, .tsx without .module.css": 1,
    });
  });

  it("say whether a folder of several files has an index", () => {
    const facts = pathFacts(["a/index.ts", "a/x.ts", "b/x.ts", "b/y.ts", "c/only.ts", "test/x.ts", "test/y.ts"]);
    expect(countsOf(facts, /^folder-index$/)).toEqual({
      "folder-index entered through an index file": 1,
      "folder-index without an index file": 1,
    });
    expect(facts.filter(({ slot }) => slot === "folder-index").map(({ path }) => path)).toEqual(["a/index.ts", "b/x.ts"]);
  });

  it("give the suffix that is usual in folders of a name", () => {
    const facts = pathFacts([
      "a/routers/x.router.ts",
      "b/routers/y.router.ts",
      "b/routers/z.ts",
      "b/routers/index.ts",
      "lib/x.ts",
      "lib/y.ts",
    ]);
    expect(countsOf(facts, /^suffix-in:/)).toEqual({ "suffix-in:routers .router": 2, "suffix-in:routers no suffix": 1 });
  });

  it("give the kind of file in folders of a name where it is not the usual one", () => {
    const facts = pathFacts([
      "components/a.tsx",
      "components/b.tsx",
      "components/c.ts",
      ..."pqrstuv".split("").map((each) => `lib/${each}.ts`),
    ]);
    expect(countsOf(facts, /^extension-in:/)).toEqual({ "extension-in:components .tsx": 2, "extension-in:components .ts": 1 });
  });

  it("tell modules of styles from other styles", () => {
    expect(valuesOf(["a.module.css", "b.css"], "extension:style")).toEqual([".module.css", ".css"]);
  });
});

it("depends on the set of paths alone, and names only paths that it was given", () => {
  const segment = fc.constantFrom(
    "src",
    "test",
    "routers",
    "my-app",
    "a.ts",
    "b.test.ts",
    "c.tsx",
    "c.module.css",
    "package.json",
    "CardList.tsx",
  );
  const paths = fc.uniqueArray(
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((each) => each.join("/")),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(paths, fc.infiniteStream(fc.nat()), (given, order) => {
      const facts = pathFacts(given);
      const keys = new Map(given.map((path) => [path, order.next().value]));
      expect(pathFacts([...given].sort((left, right) => (keys.get(left) ?? 0) - (keys.get(right) ?? 0)))).toEqual(facts);
      for (const { path, line, endLine } of facts) expect([given.includes(path), line, endLine]).toEqual([true, 1, 1]);
    }),
  );
});

it("finds what holds in this repository: files in kebab-case, tests in folders of their own", () => {
  const paths = globSync("{functions,shared,test}/**/*.ts", { cwd: ROOT }).map((path) => path.replaceAll("\\", "/"));
  const counts = countsOf(pathFacts(paths.filter((path) => !path.startsWith(join("test", "bench")))), /^(file-case:code|test-)/);
  expect(counts["file-case:code kebab-case"]).toBeGreaterThan(200);
  expect(counts["file-case:code camelCase"]).toBeUndefined();
  expect(Object.keys(counts).filter((key) => key.startsWith("test-"))).toEqual(["test-mark .test", "test-place in test/"]);
});

it("takes names that an attacker chose: words of the language's own objects, and thousands of dots", () => {
  const names = [
    "__proto__/__proto__.ts",
    "constructor/toString.ts",
    "constructor/valueOf.ts",
    "constructor/a.ts",
    `${".".repeat(5_000)}.ts`,
  ];
  expect(() => pathFacts(names)).not.toThrow();
  expect(pathFacts(["a.constructor", "b.__proto__"])).toEqual([]);
});

function valuesOf(paths: readonly string[], slot: string): string[] {
  return pathFacts(paths)
    .filter((fact) => fact.slot === slot)
    .map(({ value }) => value);
}

function countsOf(facts: ReturnType<typeof pathFacts>, slots: RegExp): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { slot, value } of facts) if (slots.test(slot)) counts[`${slot} ${value}`] = (counts[`${slot} ${value}`] ?? 0) + 1;
  return counts;
}
