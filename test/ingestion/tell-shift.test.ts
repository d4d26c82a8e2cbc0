import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { addFile, emptyState, type MiningState, serializeState } from "../../functions/ingestion/mining/mining-state.ts";
import { proposeCandidates } from "../../functions/ingestion/mining/propose-candidates.ts";
import { tellTrend } from "../../functions/ingestion/mining/tell-shift.ts";
import { findRecent } from "../local/guilda/find-recent.ts";
import { mine } from "../local/guilda/mine.ts";

/** So many files in a folder, each with the same values of `quotes`, so often each. */
interface Group {
  folder?: string;
  files: number;
  values: Readonly<Record<string, number>>;
}

interface Tree {
  early: readonly Group[];
  late: readonly Group[];
}

describe("a trend", () => {
  it("is rising or falling where recent files choose otherwise than the others by more than chance", () => {
    const early: Group[] = [
      { files: 60, values: { double: 2 } },
      { folder: "b", files: 40, values: { single: 2 } },
    ];
    expect(trendOf({ early, late: [{ files: 20, values: { double: 2 } }] })).toBe("rising");
    expect(trendOf({ early, late: [{ files: 20, values: { single: 2 } }] })).toBe("falling");
  });

  it("is settled where they choose as the others do, and where they differ by no more than chance", () => {
    const mixed = (files: number, others: number): Group[] => [
      { files, values: { double: 1 } },
      { folder: "b", files: others, values: { single: 1 } },
    ];
    expect(trendOf({ early: mixed(80, 20), late: mixed(20, 5) })).toBe("settled");
    expect(trendOf({ early: mixed(80, 20), late: mixed(23, 2) })).toBe("settled");
  });

  it("is settled where the difference is sure and too small to matter", () => {
    const early: Group[] = [{ files: 2_000, values: { double: 24, single: 1 } }];
    const late: Group[] = [{ files: 2_000, values: { double: 25 } }];
    expect(trendOf({ early, late })).toBe("settled");
  });

  it("is none of a single file with many places", () => {
    const early: Group[] = [{ files: 50, values: { double: 2 } }];
    const late: Group[] = [
      { files: 12, values: { double: 2 } },
      { folder: "b", files: 1, values: { single: 60 } },
    ];
    expect(trendOf({ early: [{ folder: "c", files: 10, values: { single: 1 } }, ...early], late })).toBe("settled");
  });

  it("asks for 20 opportunities in 8 files on either side", () => {
    const [many, few, narrow] = [
      [{ files: 30, values: { double: 2 } }],
      [{ files: 19, values: { double: 1 } }],
      [{ files: 7, values: { double: 9 } }],
    ] as const;
    expect([few, narrow].map((late) => trendOf({ early: many, late }))).toEqual(["unknown", "unknown"]);
    expect([few, narrow].map((early) => trendOf({ early, late: many }))).toEqual(["unknown", "unknown"]);
    expect(trendOf({ early: many, late: many })).toBe("settled");
  });

  it("is unknown of a candidate without recent files, and rises nowhere when all files are recent", async () => {
    const tree = { early: [], late: [{ files: 50, values: { double: 2 } }] };
    const { whole } = statesOf(tree);
    expect((await proposeCandidates(whole)).map(({ trend }) => trend)).toEqual(["unknown"]);
    expect((await proposeCandidates(whole, whole)).map(({ trend, strength }) => [trend, strength])).toEqual([
      ["unknown", "established"],
    ]);
  });

  it("of one of two values is the opposite of the other's", () => {
    const share = fc.record({ double: fc.nat(60), single: fc.nat(60) });
    const groups = ({ double, single }: { double: number; single: number }): Group[] => [
      { folder: "a", files: double, values: { double: 1 } },
      { folder: "b", files: single, values: { single: 1 } },
    ];
    const opposite = { rising: "falling", falling: "rising", settled: "settled", unknown: "unknown" };
    fc.assert(
      fc.property(share, share, (early, late) => {
        const tree = { early: groups(early), late: groups(late) };
        expect(trendOf(tree, "single")).toBe(opposite[trendOf(tree, "double")]);
      }),
    );
  });
});

describe("what is shifting", () => {
  it("holds in recent files, against what the whole tree holds", async () => {
    const early: Group[] = [{ files: 400, values: { double: 2 } }];
    const candidates = await candidatesOf({ early, late: [{ files: 40, values: { single: 2 } }] });
    expect(candidates).toEqual(["established falling double 400", "shifting rising single 40"].sort());
  });

  it("holds in recent files where the whole tree holds nothing", async () => {
    const early: Group[] = [
      { files: 100, values: { double: 2 } },
      { folder: "b", files: 100, values: { single: 2 } },
    ];
    expect(await candidatesOf({ early, late: [{ files: 40, values: { single: 2 } }] })).toContain("shifting rising single 40");
  });

  it("is not what the whole tree holds already, though recent files keep to it more", async () => {
    const early: Group[] = [
      { files: 300, values: { double: 2 } },
      { folder: "b", files: 40, values: { single: 2 } },
    ];
    const candidates = await candidatesOf({ early, late: [{ files: 60, values: { double: 2 } }] });
    expect(candidates.filter((each) => each.endsWith(" double 360"))).toEqual(["established rising double 360"]);
    expect(candidates.filter((each) => each.startsWith("shifting"))).toEqual([]);
  });

  it("speaks of no change, and says in its words that recent files alone hold it", async () => {
    const { whole, recent } = statesOf({
      early: [{ files: 400, values: { double: 2 } }],
      late: [{ files: 40, values: { single: 2 } }],
    });
    const shifting = (await proposeCandidates(whole, recent)).find(({ strength }) => strength === "shifting");
    expect(shifting).toMatchObject({ value: "single", hits: 80, opportunities: 80, speaks: false });
    expect(shifting?.description).toMatch(/recent files alone/i);
  });

  it("changes nothing in the states that it is told from", async () => {
    const { whole, recent } = statesOf({
      early: [{ files: 30, values: { double: 2 } }],
      late: [{ files: 30, values: { single: 2 } }],
    });
    const before = [serializeState(whole), serializeState(recent)];
    await proposeCandidates(whole, recent);
    expect([serializeState(whole), serializeState(recent)]).toEqual(before);
  });
});

describe("recent files of a checkout", () => {
  let folder = "";
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are those with content that the tree of a year before the newest commit had nowhere", () => {
    open({ "a.ts": "1\n", "b.ts": "2\n", "old/c.ts": "3\n" });
    commit("2019-01-01");
    write({ "a.ts": "1, changed later\n" });
    commit("2020-06-01");
    mkdirSync(join(folder, "new"));
    renameSync(join(folder, "old/c.ts"), join(folder, "new/c.ts"));
    write({ "b.ts": "2, changed\n", "d.ts": "4\n" });
    commit("2021-07-01");
    write({ "unknown.ts": "5\n" });
    const isRecent = findRecent(folder);
    const recent = ["a.ts", "b.ts", "new/c.ts", "d.ts", "unknown.ts"].filter((path) => isRecent?.(path));
    expect(recent).toEqual(["b.ts", "d.ts", "unknown.ts"]);
  });

  it("are not known where no commit is that old, and where there is no git", () => {
    open({ "a.ts": "1\n" });
    expect(findRecent(folder)).toBeUndefined();
    commit("2021-01-01");
    write({ "a.ts": "2\n" });
    commit("2021-12-01");
    expect(findRecent(folder)).toBeUndefined();
  });

  it("are found without running what a stranger's configuration names", () => {
    open({ "a.ts": "1\n" });
    commit("2019-01-01");
    write({ "a.ts": "2\n" });
    commit("2021-01-01");
    const mark = join(folder, "ran");
    for (const key of ["core.fsmonitor", "core.pager", "gpg.program", "core.sshCommand", "diff.external", "filter.all.clean"])
      execFileSync("git", ["config", key, `touch ${mark}`], { cwd: folder });
    execFileSync("git", ["config", "log.showSignature", "true"], { cwd: folder });
    writeFileSync(join(folder, ".git/info/attributes"), "* filter=all\n");
    expect(findRecent(folder)?.("a.ts")).toBe(true);
    expect(() => readFileSync(mark)).toThrow("ENOENT");
  });

  it("give mined conventions their trend, and what is shifting", async () => {
    const files = (name: string, count: number, line: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`src/${name}-part-${index}.ts`, `${line}\n`.repeat(3)]));
    open(files("early", 200, 'export const someName = read("text");'));
    commit("2019-01-01");
    write(files("late", 40, "export const someName = read('text');"));
    commit("2021-01-01");
    const { candidates } = await mine({ target: folder, onFile: () => undefined });
    const quotes = candidates.filter(({ slot }) => slot === "quotes");
    expect(quotes.map(({ value, strength, trend }) => [value, strength, trend]).sort()).toEqual([
      ["double", "emerging", "falling"],
      ["single", "shifting", "rising"],
    ]);
    expect(candidates.find(({ kind }) => kind === "file-naming")).toMatchObject({ strength: "established", trend: "settled" });
  });

  function open(files: Readonly<Record<string, string>>): void {
    folder = mkdtempSync(join(tmpdir(), "guilda-recent-"));
    write(files);
  }

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  function commit(date: string): void {
    const env = { ...process.env, GIT_COMMITTER_DATE: `${date}T00:00:00Z`, GIT_AUTHOR_DATE: `${date}T00:00:00Z` };
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    for (const args of [
      ["init", "--quiet"],
      ["add", "--all"],
      [...author, "commit", "--quiet", "--message=x"],
    ])
      execFileSync("git", args, { cwd: folder, env });
  }
});

function statesOf({ early, late }: Tree): { whole: MiningState; recent: MiningState } {
  const [whole, recent] = [emptyState(), emptyState()];
  for (const [index, group] of early.entries()) add([whole], `early-${index}`, group);
  for (const [index, group] of late.entries()) add([whole, recent], `late-${index}`, group);
  return { whole, recent };
}

function add(states: readonly MiningState[], name: string, { folder = "a", files, values }: Group): void {
  for (let index = 0; index < files; index += 1) {
    const facts = Object.entries(values).flatMap(([value, count]) =>
      Array.from({ length: count }, (_, at) => ({ slot: "quotes", value, line: at + 1, endLine: at + 1 })),
    );
    for (const state of states) addFile(state, { path: `${folder}/${name}-${index}.ts`, facts });
  }
}

function trendOf(tree: Tree, value = "double"): ReturnType<typeof tellTrend> {
  return tellTrend({ finding: { scope: "", slot: "quotes", value }, ...statesOf(tree) });
}

/** Of the whole tree, as strength, trend, value and files. */
async function candidatesOf(tree: Tree): Promise<string[]> {
  const { whole, recent } = statesOf(tree);
  const candidates = await proposeCandidates(whole, recent);
  return candidates
    .filter(({ scope }) => scope === "")
    .map(({ strength, trend, value, files }) => `${strength} ${trend} ${value} ${files}`)
    .sort();
}
