import fc from "fast-check";
import { expect, it } from "vitest";
import { NO_ATTRIBUTES } from "../../functions/ingestion/archive/git-attributes.ts";
import { evaluatePull } from "../../functions/ingestion/pulls/evaluate-pull.ts";
import { planPullFiles } from "../../functions/ingestion/pulls/plan-pull-files.ts";
import { PULL_LIMITS } from "../../functions/ingestion/pulls/pull-limits.ts";
import type { Checker } from "../../shared/craft/checker.ts";
import type { Convention } from "../../shared/craft/conventions-file.ts";

const IN = { folder: "" };
const CHECKERS: Checker[] = [
  { kind: "call", never: ["console.log"], in: IN },
  { kind: "call", must: ["check"], in: IN },
  { kind: "import", never: { packages: ["lodash"] }, in: IN },
  { kind: "file-name", case: "kebab-case", in: IN },
  { kind: "pair", siblings: ["{dir}/{stem}.test.{ext}"], in: IN },
  { kind: "decision", slot: "file-case", allow: ["kebab-case"], in: IN },
  { kind: "decision", slot: "quotes", allow: ["double"], in: IN },
];
const LINES = [
  'console.log("a");',
  "check('b');",
  'import { c } from "lodash";',
  'import d from "./d.ts";',
  "",
  "export const e = 1;",
];
const conventions = CHECKERS.map(
  (checker, at): Convention => ({
    id: `pattern-${at}`,
    name: `Pattern ${at}`,
    description: "As it says.",
    severity: at % 2 === 0 ? "error" : "warning",
    checker,
    waivers: [{ glob: "src/waived-*", reason: "Later", expiresAt: "2099-01-01T00:00:00.000Z" }],
  }),
);

const file = fc.record({
  path: fc.constantFrom(
    "src/good-name.ts",
    "src/badName.ts",
    "src/waived-file.ts",
    "src/waivedFile.ts",
    "lib/other.js",
    "lib/BadStyle.css",
  ),
  isNewPath: fc.boolean(),
  lines: fc.array(fc.record({ text: fc.constantFrom(...LINES), isAdded: fc.boolean() }), { maxLength: 12 }),
});
type File = typeof file extends fc.Arbitrary<infer Value> ? Value : never;
const files = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 6 });

function read({ path, isNewPath, lines }: File) {
  const added = lines.flatMap(({ isAdded }, at) => (isAdded ? [{ line: at + 1, endLine: at + 1 }] : []));
  return { change: { path, isNewPath, isInDiff: true, added }, source: lines.map(({ text }) => text).join("\n") };
}

function evaluate(changed: readonly File[], dismissed: ReadonlySet<string> = new Set()) {
  const treePaths = changed.map(({ path }) => path);
  return evaluatePull({ conventions, files: changed.map(read), treePaths, dismissed, now: new Date("2026-11-21T00:00:00Z") });
}

it("counts as many violations as opportunities that are no hit, whatever was changed, waived and dismissed", async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 0, max: 3 }), async (changed, every) => {
      const all = await evaluate(changed);
      const dismissed = new Set(
        all.violations.filter((_, at) => every > 0 && at % every === 0).map(({ fingerprint }) => fingerprint),
      );
      const evaluation = await evaluate(changed, dismissed);
      expect(evaluation.dismissed).toBe(dismissed.size);
      for (const { id } of conventions) {
        const { opportunities, hits } = evaluation.counts.find(({ patternId }) => patternId === id) ?? {
          opportunities: 0,
          hits: 0,
        };
        const open = evaluation.violations.filter(({ patternId, isDismissed }) => patternId === id && !isDismissed);
        expect(opportunities - hits, id).toBe(open.length);
      }
      expect(evaluation.violations.filter(({ path }) => path.startsWith("src/waived-"))).toEqual([]);
      expect(new Set(evaluation.violations.map(({ fingerprint }) => fingerprint)).size).toBe(evaluation.violations.length);
    }),
    { numRuns: 300 },
  );
});

it("finds nothing where nothing was added, and everything on lines that were", async () => {
  await fc.assert(
    fc.asyncProperty(files, async (changed) => {
      const lines = new Map<string, File["lines"]>(changed.map(({ path, lines: own }) => [path, own]));
      for (const { path, startLine, endLine, diffLine } of (await evaluate(changed)).violations) {
        const own = lines.get(path) ?? [];
        const isNew = changed.some((each) => each.path === path && each.isNewPath);
        const touched = own.slice(startLine - 1, endLine).some(({ isAdded }) => isAdded);
        expect(isNew || touched).toBe(true);
        if (diffLine !== null) expect(own[diffLine - 1]?.isAdded).toBe(true);
      }
      const untouched = changed.map((each) => ({
        ...each,
        isNewPath: false,
        lines: each.lines.map((line) => ({ ...line, isAdded: false })),
      }));
      expect((await evaluate(untouched)).violations).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it("knows a violation again after its lines have moved and its indentation has changed", async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.array(fc.constantFrom("", "// a comment"), { maxLength: 5 }), async (changed, above) => {
      const moved = changed.map((each) => ({
        ...each,
        lines: [
          ...above.map((text) => ({ text, isAdded: true })),
          ...each.lines.map((line) => ({ ...line, text: `  ${line.text}` })),
        ],
      }));
      const fingerprints = async (of: readonly File[]) =>
        (await evaluate(of)).violations.map(({ fingerprint }) => fingerprint).sort();
      expect(await fingerprints(moved)).toEqual(await fingerprints(changed));
    }),
    { numRuns: 200 },
  );
});

it("reads within its limits and says what it left out", () => {
  const sources = Array.from({ length: 5 }, (_, at) => ({ path: `src/a${at}.ts`, sha: `${at}`, size: 40 }));
  const plan = planPullFiles({
    files: [
      ...sources.map(({ path }) => ({ filename: path, status: "modified", changes: 1, patch: "@@ -1,1 +1,2 @@\n a\n+b" })),
      { filename: "src/cut.ts", status: "modified", changes: 9_000 },
      { filename: "src/link.ts", status: "added", changes: 1, patch: "@@ -0,0 +1 @@\n+a.ts" },
      { filename: "src/gone.ts", status: "removed", changes: 1, patch: "@@ -1 +0,0 @@\n-a" },
      { filename: "src/less.ts", status: "modified", changes: 1, patch: "@@ -1,2 +1,1 @@\n a\n-b" },
      { filename: "node_modules/a.js", status: "added", changes: 1, patch: "@@ -0,0 +1 @@\n+a" },
    ],
    tree: new Map(
      [...sources, { path: "src/cut.ts", sha: "cut", size: 9 }, { path: "src/less.ts", sha: "less", size: 9 }].map((each) => [
        each.path,
        each,
      ]),
    ),
    attributes: NO_ATTRIBUTES,
    limits: { ...PULL_LIMITS, readFiles: 4, readBytes: 100 },
  });
  expect(plan.toRead.map(({ file: { path } }) => path)).toEqual(["src/a0.ts", "src/a1.ts"]);
  expect(plan.leftOut).toEqual({ too_many: 3, no_patch: 1, unlisted: 1, "in a folder of foreign code": 1 });
  expect(plan.sources).toBe(7);
});
