import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { wilsonLowerBound } from "../../shared/craft/wilson.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { candidate } from "./support/candidate.ts";
import { mountPatterns, openWorkshop, type ReadFile, type Workshop } from "./support/open-workshop.ts";

const SLOT = "name-case:function";
const CASES = { kind: "decision" as const, slot: SLOT, allow: ["camelCase"], in: { folder: "" } };

/** A small repository: names of functions, imports, calls, and files of every kind. */
const TREE: ReadFile[] = [
  {
    path: "src/api/one.ts",
    tally: { [SLOT]: { camelCase: [4, 1, 1], snake_case: [1, 9, 12] }, "~import": { lodash: [1, 2, 2] } },
  },
  { path: "src/api/two.ts", tally: { [SLOT]: { camelCase: [3, 1, 1] }, "~import": { "../core/three.ts": [1, 1, 1] } } },
  { path: "src/api/two.test.ts", tally: { "~call": { "console.log": [2, 7, 7] } } },
  { path: "src/core/three.ts", tally: { [SLOT]: { camelCase: [2, 1, 1], PascalCase: [1, 5, 5] } } },
  { path: "README.md", kind: "other" },
  { path: "src/api/generated.ts", kind: "skipped", tally: { [SLOT]: { snake_case: [99, 1, 1] } } },
  { path: "src/old.ts", isPresent: false, tally: { [SLOT]: { snake_case: [50, 1, 1] } } },
];

let platform: Platform;
let workshop: Workshop;

beforeAll(async () => {
  platform = await startPlatform();
  mountPatterns(platform);
  // Each job runs when a test says so.
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());
beforeEach(async () => {
  workshop = await openWorkshop(platform);
  await workshop.addScan({ files: TREE });
});

type Preview = Parameters<Workshop["owner"]["patterns"]["previewChecker"]["query"]>[0];
const preview = (checker: Preview["checker"], limit = 20) =>
  workshop.owner.patterns.previewChecker.query({ repoId: workshop.repoId, checker, limit });

describe("the preview of a checker", () => {
  test("counts what a decision would say of the files as they were read last, and shows each place", async () => {
    const report = await preview(CASES);
    const { scan } = await workshop.owner.repos.getById.query({ id: workshop.repoId });
    expect(report).toEqual({
      opportunities: 11,
      hits: 9,
      violations: 2,
      filesWithViolations: 2,
      files: [
        { path: "src/api/one.ts", violations: [{ line: 9, endLine: 12, value: "snake_case", isOfFile: false }] },
        { path: "src/core/three.ts", violations: [{ line: 5, endLine: 5, value: "PascalCase", isOfFile: false }] },
      ],
      isComplete: true,
      scan: { commit: scan?.commit, finishedAt: scan?.finishedAt },
    });
  });

  test("stays within its folder, and shows no more files than asked", async () => {
    expect(await preview({ ...CASES, in: { folder: "src/api" } })).toMatchObject({ opportunities: 8, hits: 7 });
    expect(await preview({ ...CASES, in: { folder: "src/ap" } })).toMatchObject({ opportunities: 0 });
    expect(await preview(CASES, 1)).toMatchObject({ filesWithViolations: 2, files: [{ path: "src/api/one.ts" }] });
  });

  test.each<[string, Preview["checker"], { opportunities: number; hits: number }]>([
    ["imports", { kind: "import", in: { folder: "src" }, never: { packages: ["lodash"] } }, { opportunities: 2, hits: 1 }],
    ["layers", { kind: "import", in: { folder: "src/api" }, never: { paths: ["src/core/**"] } }, { opportunities: 2, hits: 1 }],
    ["calls", { kind: "call", in: { folder: "" }, never: ["console.*"] }, { opportunities: 5, hits: 3 }],
    ["calls that must be", { kind: "call", in: { folder: "src/api" }, must: ["console.*"] }, { opportunities: 3, hits: 1 }],
    ["names of files", { kind: "file-name", in: { folder: "" }, suffix: ".ts" }, { opportunities: 5, hits: 4 }],
    [
      "pairs, whose other half may be anywhere",
      {
        kind: "pair",
        in: { folder: "src/api", exclude: ["*.test.ts"] },
        siblings: ["{dir}/{stem}.test.ts", "src/core/{stem}.ts"],
      },
      { opportunities: 2, hits: 1 },
    ],
  ])("knows %s", async (_, checker, expected) => {
    expect(await preview(checker)).toMatchObject(expected);
  });

  test("of too much looks at the first of it and says so", async () => {
    const values = Array.from({ length: 12_000 }, (_, index) => `value-${index}-${"x".repeat(180)}`);
    const tally: ReadFile["tally"] = { [SLOT]: Object.fromEntries(values.map((value) => [value, [1, 1, 1]])) };
    await workshop.addScan({ files: [1, 2, 3, 4, 5].map((index) => ({ path: `src/${index}.ts`, tally })) });
    const report = await preview(CASES, 1);
    expect(report.isComplete).toBe(false);
    expect(report.filesWithViolations).toBeGreaterThan(0);
    expect(report.filesWithViolations).toBeLessThan(5);
  });

  test("stores nothing, and knows no repository of another mentorado", async () => {
    const { repoId } = await openWorkshop(platform);
    for (const foreign of [repoId, uuidv7()]) {
      await expect(workshop.owner.patterns.previewChecker.query({ repoId: foreign, checker: CASES })).rejects.toMatchObject({
        data: { errorCode: "REPO_NOT_FOUND", httpStatus: 404 },
      });
    }
    expect(await workshop.owner.patterns.list.query({ repoId: workshop.repoId })).toMatchObject({ items: [] });
  });

  test("of an unread repository finds nothing, of no scan", async () => {
    const repoId = await workshop.addRepo();
    expect(await workshop.owner.patterns.previewChecker.query({ repoId, checker: CASES })).toEqual({
      opportunities: 0,
      hits: 0,
      violations: 0,
      filesWithViolations: 0,
      files: [],
      isComplete: true,
      scan: null,
    });
  });

  test("takes nothing for code: odd names find nothing and break nothing", async () => {
    const slots = ["__proto__", "constructor", "'; drop table patterns; --", "a\\u0000", "%", '"'];
    await workshop.addScan({
      files: slots.map((slot, index) => ({
        path: `src/${index}.ts`,
        tally: JSON.parse(`{${JSON.stringify(slot)}: {"__proto__": [2, 1, 1], "x": [1, 1, 1]}}`),
      })),
    });
    for (const slot of slots) {
      expect(await preview({ ...CASES, slot, allow: ["x"] }), slot).toMatchObject({ opportunities: 3, hits: 1 });
    }
  });
});

describe("the backtest of a pattern", () => {
  const propose = async (checker?: Preview["checker"]) => {
    const { owner, repoId } = workshop;
    const words = { repoId, name: "Cases", description: "d", type: "code" as const };
    return (await owner.patterns.create.mutate(checker === undefined ? words : { ...words, checker })).id;
  };

  test("says what the preview of its checker says", async () => {
    expect(await workshop.owner.patterns.backtest.query({ id: await propose(CASES) })).toEqual(await preview(CASES));
  });

  test("needs a checker, and a pattern", async () => {
    const { owner } = workshop;
    await expect(owner.patterns.backtest.query({ id: await propose() })).rejects.toMatchObject({
      data: { errorCode: "CHECKER_REQUIRED", httpStatus: 412 },
    });
    await expect(owner.patterns.backtest.query({ id: uuidv7() })).rejects.toMatchObject({
      data: { errorCode: "PATTERN_NOT_FOUND" },
    });
  });
});

describe("measuring", () => {
  /** Lets the jobs run that were staged so far. */
  async function measure(): Promise<void> {
    const jobs = await platform.database.query<{ id: string }>(
      "select id from jobs where name = 'patterns.measure-repo' and status = 'pending' and mentorado_id = $1",
      [workshop.mentoradoId],
    );
    expect(jobs.length).toBeGreaterThan(0);
    for (const { id } of jobs) expect((await platform.ring(id)).status).toBe(200);
  }

  test("tells the figures of what people proposed, and of what holds but is no longer found", async () => {
    const { owner, repoId, addScan, adopt } = workshop;
    await adopt(await addScan({ files: TREE, candidates: [candidate(SLOT, { value: "camelCase" }), candidate("other")] }));
    const { items } = await owner.patterns.list.query({ repoId });
    const holding = items.find(({ name }) => name.endsWith(SLOT))?.id ?? "";
    await owner.patterns.promote.mutate({ id: holding });
    const own = await owner.patterns.create.mutate({
      repoId,
      name: "Files",
      description: "d",
      type: "filesystem",
      checker: { kind: "file-name", in: { folder: "" }, suffix: ".ts" },
    });
    await adopt(await addScan({ files: TREE }));
    await measure();
    const figures = async (id: string) => {
      const { hits, opportunities, lowerBound, version } = await owner.patterns.getById.query({ id });
      return { hits, opportunities, lowerBound, version };
    };
    expect(await figures(holding)).toEqual({
      hits: 9,
      opportunities: 11,
      lowerBound: wilsonLowerBound({ hits: 9, opportunities: 11 }),
      version: 2,
    });
    expect(await figures(own.id)).toMatchObject({ hits: 4, opportunities: 5, version: 1 });
    const untouched = items.find(({ name }) => name.endsWith("other"))?.id ?? "";
    expect(await figures(untouched)).toMatchObject({ hits: 95, opportunities: 100 });
  });

  test("of a checker that is changed meanwhile leaves its figures to the job of that change", async () => {
    const { owner, repoId } = workshop;
    const { id } = await owner.patterns.create.mutate({ repoId, name: "n", description: "d", type: "code", checker: CASES });
    await measure();
    await owner.patterns.update.mutate({ id, checker: { ...CASES, allow: ["snake_case"] } });
    expect(await owner.patterns.getById.query({ id })).toMatchObject({ hits: 9, opportunities: 11 });
    await measure();
    expect(await owner.patterns.getById.query({ id })).toMatchObject({ hits: 1, opportunities: 11 });
  });
});
