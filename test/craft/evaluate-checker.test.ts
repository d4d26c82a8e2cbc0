import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathFacts } from "../../functions/ingestion/mining/path-facts.ts";
import { tallyFile } from "../../functions/ingestion/mining/tally-file.ts";
import { type Checker, checker } from "../../shared/craft/checker.ts";
import { type Evaluation, evaluateChecker } from "../../shared/craft/evaluate-checker.ts";
import type { Fact } from "../../shared/craft/fact.ts";
import { indexFacts, indexTallies } from "../../shared/craft/index-facts.ts";
import { isPathSlot } from "../../shared/craft/path-slots.ts";
import { lexAndExtract } from "../ingestion/lex-and-extract.ts";
import { readCorpus } from "../ingestion/read-corpus.ts";

/** What is found, in short: hits of opportunities, and `path:line value` of each violation. */
function found({ opportunities, hits, violations }: Evaluation): string[] {
  return [`${hits} of ${opportunities}`, ...violations.map(({ path, line, value }) => `${path}:${line} ${value}`)];
}

function evaluate(own: unknown, sources: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(sources).map(([path, source]) => ({ path, facts: lexAndExtract({ path, source }) }));
  return found(evaluateChecker({ checker: checker.parse(own), index: indexFacts({ files }) }));
}

describe("a decision", () => {
  const sources = { "src/a.ts": `f("x");\nf('y');\n`, "src/deep/a.test.ts": `f('z');\n`, "srcs/b.ts": `f('w');\n` };

  it("asks each opportunity of the slot for one of the values", () => {
    const quotes = { kind: "decision", slot: "quotes", allow: ["double"], in: { folder: "" } };
    expect(evaluate(quotes, sources)).toEqual([
      "1 of 4",
      "src/a.ts:2 single",
      "src/deep/a.test.ts:1 single",
      "srcs/b.ts:1 single",
    ]);
    expect(evaluate({ ...quotes, allow: ["double", "single"] }, sources)).toEqual(["4 of 4"]);
  });

  it("is asked of a folder only, and there of the files that the globs choose", () => {
    const quotes = { kind: "decision", slot: "quotes", allow: ["double"] };
    expect(evaluate({ ...quotes, in: { folder: "src" } }, sources)).toEqual([
      "1 of 3",
      "src/a.ts:2 single",
      "src/deep/a.test.ts:1 single",
    ]);
    expect(evaluate({ ...quotes, in: { folder: "src", include: ["*.ts"] } }, sources)).toEqual(["1 of 2", "src/a.ts:2 single"]);
    expect(evaluate({ ...quotes, in: { folder: "src", exclude: ["**/*.test.ts"] } }, sources)).toEqual([
      "1 of 2",
      "src/a.ts:2 single",
    ]);
  });

  it("takes a name that fits several cases for no opportunity", () => {
    const cases = { kind: "decision", slot: "function-case", allow: ["camelCase"], in: { folder: "" } };
    expect(evaluate(cases, { "a.ts": "function read() {}\nfunction readAll() {}\nfunction read_one() {}\n" })).toEqual([
      "1 of 2",
      "a.ts:3 snake_case",
    ]);
  });

  it("knows which of the mined decisions are about the file as such", () => {
    const corpus = readCorpus("node_modules/@trpc/server/src");
    const ofPaths = pathFacts([
      ...corpus.map(({ path }) => path),
      "a/make-it.router.ts",
      "a/two-it.router.ts",
      "a/three-it.router.ts",
    ]);
    expect(ofPaths.filter(({ slot }) => !isPathSlot(slot))).toEqual([]);
    expect(corpus.flatMap(lexAndExtract).filter(({ slot }) => isPathSlot(slot))).toEqual([]);
  });
});

describe("a file name", () => {
  it("has a case, unless it fits several", () => {
    const sources = { "a/read-file.ts": "", "a/readFile.test.ts": "", "a/index.ts": "", "README.md": "", "a/.my-rc.js": "" };
    const own = { kind: "file-name", in: { folder: "" }, case: "kebab-case" };
    expect(evaluate(own, sources)).toEqual(["2 of 3", "a/readFile.test.ts:1 readFile.test.ts"]);
  });

  it("has a prefix and a suffix, whatever else", () => {
    const own = { kind: "file-name", in: { folder: "hooks" }, prefix: "use-", suffix: ".ts", case: "kebab-case" };
    expect(
      evaluate(own, { "hooks/use-x.ts": "", "hooks/x.ts": "", "hooks/use-x.js": "", "hooks/use-X.ts": "", "x.ts": "" }),
    ).toEqual(["1 of 4", "hooks/x.ts:1 x.ts", "hooks/use-x.js:1 use-x.js", "hooks/use-X.ts:1 use-X.ts"]);
  });
});

describe("an import", () => {
  const sources = {
    "functions/a/x.ts": `import "../b/y.ts";\nimport z from "zod";\nexport * from "../../shared/z.ts";\nconst p = require("pg");\nimport("./own.ts");\n`,
    "shared/z.ts": `import { x } from "../functions/a/x.ts";\nimport type { P } from "pg/types";\n`,
  };

  it("may never be of what is named, as a package or as a path from the root", () => {
    const own = { kind: "import", in: { folder: "" }, never: { packages: ["pg/**"], paths: ["functions/b/**"] } };
    expect(evaluate(own, sources)).toEqual([
      "4 of 7",
      "functions/a/x.ts:1 ../b/y.ts",
      "functions/a/x.ts:4 pg",
      "shared/z.ts:2 pg/types",
    ]);
  });

  it("may only be of what is named", () => {
    const own = { kind: "import", in: { folder: "shared" }, only: { paths: ["shared/**"], packages: ["zod"] } };
    expect(evaluate(own, sources)).toEqual(["0 of 2", "shared/z.ts:1 ../functions/a/x.ts", "shared/z.ts:2 pg/types"]);
  });

  it("that leads out of the repository is of no path in it", () => {
    const own = { kind: "import", in: { folder: "" }, only: { paths: ["etc/**"] } };
    expect(evaluate(own, { "a.ts": `import "../etc/x.ts";\nimport "./etc/y.ts";\n` })).toEqual(["1 of 2", "a.ts:1 ../etc/x.ts"]);
  });
});

describe("a call", () => {
  const sources = {
    "a.ts": `console.log(1);\nlogger.log(2);\nnew Date();\nprocess.exit(1);\n`,
    "b.ts": `function consoleLog() {}\nconst console2 = { log() {} };\n`,
    "c.md": "",
  };

  it("may never be made: each is a violation, and each file of code without one a hit", () => {
    expect(evaluate({ kind: "call", in: { folder: "" }, never: ["console.*", "process.exit", "new Date"] }, sources)).toEqual([
      "1 of 4",
      "a.ts:1 console.log",
      "a.ts:3 new Date",
      "a.ts:4 process.exit",
    ]);
  });

  it("must be made in each file of code", () => {
    expect(evaluate({ kind: "call", in: { folder: "" }, must: ["logger.*", "log"] }, sources)).toEqual([
      "1 of 2",
      "b.ts:1 no call of logger.* or log",
    ]);
  });
});

describe("a pair", () => {
  const own = {
    kind: "pair",
    in: { folder: "src", exclude: ["**/*.test.ts"] },
    siblings: ["{dir}/{stem}.test.{ext}", "test/{stem}.ts"],
  };

  it("has one of the siblings that the templates name", () => {
    expect(
      evaluate(own, { "src/a.ts": "", "src/a.test.ts": "", "src/b.ts": "", "test/b.ts": "", "src/c.ts": "", "d.ts": "" }),
    ).toEqual(["2 of 3", "src/c.ts:1 src/c.test.ts"]);
  });

  it("is looked for in the whole tree when only some files are read, and is never the file itself", () => {
    const files = [{ path: "src/a.ts", facts: [] }];
    const tree = new Set(["src/a.ts", "src/a.test.ts"]);
    expect(found(evaluateChecker({ checker: checker.parse(own), index: indexFacts({ files, tree }) }))).toEqual(["1 of 1"]);
    const self = checker.parse({ kind: "pair", in: { folder: "" }, siblings: ["{dir}/{stem}.{ext}"] });
    expect(evaluateChecker({ checker: self, index: indexFacts({ files, tree }) }).hits).toBe(0);
  });
});

describe("stored tallies", () => {
  const corpus = readCorpus("node_modules/@trpc/server/src").map(({ path, source }) => ({
    path,
    facts: lexAndExtract({ path, source }),
  }));
  const checkers: Checker[] = [
    { kind: "decision", slot: "quotes", allow: ["single"], in: { folder: "" } },
    { kind: "decision", slot: "variable-keyword", allow: ["const or let"], in: { folder: "", exclude: ["**/adapters/**"] } },
    { kind: "import", never: { paths: ["**/vendor/**"] }, in: { folder: "" } },
    { kind: "file-name", case: "camelCase", in: { folder: "" } },
    { kind: "call", must: ["**.forEach", "Object.*"], in: { folder: "" } },
  ];

  it("give the same hits and opportunities as the facts, and violations in the same files with the same values", () => {
    const facts = indexFacts({ files: corpus });
    const tallies = indexTallies({
      files: corpus.map(({ path, facts: own }) => ({ path, tallies: tallyFile({ path, facts: own }) })),
    });
    for (const each of checkers) {
      const [ofFacts, ofTallies] = [facts, tallies].map((index) => evaluateChecker({ checker: each, index }));
      expect(ofFacts?.opportunities).toBeGreaterThan(20);
      expect({ ...ofTallies, violations: keysOf(ofTallies) }).toEqual({ ...ofFacts, violations: keysOf(ofFacts) });
    }
  });

  function keysOf(evaluation: Evaluation | undefined): Set<string> {
    return new Set(evaluation?.violations.map(({ path, value }) => `${path} ${value}`));
  }
});

it("counts each opportunity as one hit or one violation, for any facts and any order of files", () => {
  const fact = fc.record({
    slot: fc.constantFrom("a", "~import", "~call"),
    value: fc.constantFrom("x", "./y", "b.c"),
    line: fc.nat(9),
  });
  const facts = fc.array(
    fact.map((each): Fact => ({ ...each, endLine: each.line })),
    { maxLength: 6 },
  );
  const files = fc.uniqueArray(fc.record({ path: fc.constantFrom("a.ts", "d/b-c.ts", "d/bC.js", "e.md"), facts }), {
    selector: ({ path }) => path,
  });
  const own = fc.constantFrom<Checker>(
    { kind: "decision", slot: "a", allow: ["x"], in: { folder: "" } },
    { kind: "import", only: { paths: ["d/**"] }, in: { folder: "" } },
    { kind: "call", never: ["b.*"], in: { folder: "" } },
    { kind: "call", must: ["b.*"], in: { folder: "d" } },
    { kind: "file-name", case: "kebab-case", in: { folder: "" } },
    { kind: "pair", siblings: ["{stem}.md"], in: { folder: "" } },
  );
  fc.assert(
    fc.property(own, files, (each, tree) => {
      const forward = evaluateChecker({ checker: each, index: indexFacts({ files: tree }) });
      const backward = evaluateChecker({ checker: each, index: indexFacts({ files: tree.toReversed() }) });
      expect(forward.hits + forward.violations.length).toBe(forward.opportunities);
      expect([backward.hits, backward.opportunities]).toEqual([forward.hits, forward.opportunities]);
    }),
    { numRuns: 500 },
  );
});
