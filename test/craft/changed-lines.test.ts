import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changedLinesOfDiff, changedLinesOfPatch, type LineRange, touchesRange } from "../../shared/craft/changed-lines.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "guilda-changed-lines-"));
  git("init");
});

afterEach(() => rmSync(folder, { recursive: true }));

function git(...args: string[]): string {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...identity, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] }).toString();
}

function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function commit(files: Readonly<Record<string, string | Uint8Array>>): void {
  write(files);
  git("add", "-A");
  git("commit", "--quiet", "--message", "a");
}

/** Lines that look like parts of a diff, once marked and as they are. */
const LINE = fc.constantFrom(
  "a",
  "b",
  "",
  "++ b/x",
  "-- a/x",
  "@@ -1 +1 @@",
  "\\ No newline at end of file",
  "diff --git a/x b/x",
  "c\r",
);
const TEXT = fc
  .tuple(fc.array(LINE, { maxLength: 12 }), fc.boolean())
  .map(([lines, isEnded]) => lines.join("\n") + (isEnded && lines.length > 0 ? "\n" : ""));

describe("the lines of a diff", () => {
  it("are those that git counts as added, and without them the rest is of the old side, for any edit", () => {
    const edits = fc.sample(fc.tuple(TEXT, TEXT), { numRuns: 400, seed: 7 });
    commit(Object.fromEntries(edits.map(([before], index) => [`file ${index}.txt`, before])));
    write(Object.fromEntries(edits.map(([, after], index) => [`file ${index}.txt`, after])));
    const found = new Map(changedLinesOfDiff(git("diff", "-U0", "--no-renames")).map((file) => [file.path, file.added]));
    const withContext = new Map(changedLinesOfDiff(git("diff", "--no-renames")).map((file) => [file.path, file.added]));
    expect(withContext).toEqual(found);
    const counts = new Map(
      git("diff", "--numstat", "-z", "--no-renames")
        .split("\0")
        .map((line) => line.split("\t"))
        .map(([added, , path]) => [path, Number(added)]),
    );
    edits.forEach(([before, after], index) => {
      const path = `file ${index}.txt`;
      const added = linesIn(found.get(path) ?? []);
      expect(added.length).toBe(counts.get(path) ?? 0);
      const kept = splitLines(after).filter((_, at) => !added.includes(at + 1));
      expect(isSubsequence(kept, splitLines(before))).toBe(true);
    });
  });

  it("come with the path on the new side, whatever the name", () => {
    const names = [
      "plain.ts",
      "with space.ts",
      'quo"te.ts',
      "back\\slash.ts",
      "tab\t.ts",
      "líne.ts",
      "b/b/b.ts",
      "new\nline.ts",
      " b",
    ];
    commit(Object.fromEntries(names.map((name) => [name, "a\n"])));
    write(Object.fromEntries(names.map((name) => [name, "a\nb\n"])));
    for (const quoting of ["true", "false"]) {
      const files = changedLinesOfDiff(git("-c", `core.quotePath=${quoting}`, "diff", "-U0"));
      expect(files.map(({ path }) => path).sort()).toEqual(names.toSorted());
      for (const { added, isNewPath } of files) expect([added, isNewPath]).toEqual([[{ line: 2, endLine: 2 }], false]);
    }
  });

  it("tell new paths from old ones: added, renamed, emptied, binary, deleted, of another mode", () => {
    const text = "a\nb\nc\nd\ne\n";
    commit({
      "moved.ts": text,
      "same.ts": `${text}f\n`,
      "gone.ts": "x\n",
      "binary.dat": new Uint8Array([0, 1]),
      "mode.sh": "x",
      "full.ts": "y\n",
    });
    renameSync(join(folder, "moved.ts"), join(folder, "to here.ts"));
    renameSync(join(folder, "same.ts"), join(folder, "elsewhere.ts"));
    rmSync(join(folder, "gone.ts"));
    write({ "to here.ts": `${text}f`, "added.ts": "a\nb", "empty.ts": "", "binary.dat": new Uint8Array([0, 2]), "full.ts": "" });
    git("add", "-A");
    git("update-index", "--chmod=+x", "mode.sh");
    const files = changedLinesOfDiff(git("diff", "-U0", "--cached", "--find-renames", "HEAD"));
    expect(
      files
        .map(({ path, isNewPath, added }) => [path, isNewPath, ...added.map(({ line, endLine }) => `${line}-${endLine}`)])
        .sort(),
    ).toEqual([
      ["added.ts", true, "1-2"],
      ["binary.dat", false],
      ["elsewhere.ts", true],
      ["empty.ts", true],
      ["full.ts", false],
      ["mode.sh", false],
      ["to here.ts", true, "6-6"],
    ]);
  });
});

describe("the patch of a file", () => {
  it("has added lines without any header, and needs no line end at its end", () => {
    const patch = "@@ -1,3 +1,4 @@ export\n a\n-b\n+c\n+d\n e\n@@ -10 +11,2 @@\n+f\n g\n\\ No newline at end of file";
    expect(changedLinesOfPatch(patch)).toEqual([
      { line: 2, endLine: 3 },
      { line: 11, endLine: 11 },
    ]);
  });

  it.each([
    ["is empty", ""],
    ["promises lines that are not there", "@@ -1 +1,4000000000 @@"],
    ["is of a merge", "@@@ -1,2 -1,2 +1,3 @@@\n++a\n  b\n"],
    ["has a header within a line", "x@@ -1 +1 @@\n+a"],
  ])("has none when it %s", (_, patch) => {
    expect(changedLinesOfPatch(patch)).toEqual([]);
  });

  it("cannot open a file of its own from within a hunk", () => {
    const patch = "diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n-x\n--- a/evil.ts\n+++ b/evil.ts\n+y\n";
    expect(changedLinesOfDiff(patch)).toEqual([{ path: "a.ts", isNewPath: false, added: [{ line: 1, endLine: 2 }] }]);
  });

  it("gives ranges that end where they begin or later, for any text", () => {
    const line = fc.oneof(
      LINE,
      LINE.map((text) => `+${text}`),
      LINE.map((text) => ` ${text}`),
      fc.string(),
      fc.constant("@@ -0,0 +5,3 @@"),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        for (const ranges of [
          changedLinesOfPatch(lines.join("\n")),
          ...changedLinesOfDiff(lines.join("\n")).map(({ added }) => added),
        ])
          for (const { line: from, endLine } of ranges) expect(from).toBeLessThanOrEqual(endLine);
      }),
      { numRuns: 1_000 },
    );
  });
});

it("touches a construct when one of its lines is in a range", () => {
  const ranges = [{ line: 3, endLine: 5 }];
  const touched = [
    { line: 1, endLine: 2 },
    { line: 1, endLine: 3 },
    { line: 4, endLine: 4 },
    { line: 5, endLine: 9 },
    { line: 6, endLine: 9 },
  ].map((construct) => touchesRange({ ranges, ...construct }));
  expect(touched).toEqual([false, true, true, true, false]);
});

function linesIn(ranges: readonly LineRange[]): number[] {
  return ranges.flatMap(({ line, endLine }) => Array.from({ length: endLine - line + 1 }, (_, index) => line + index));
}

/** A last line without its end is another line than the same one with it. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const each of whole) if (at < part.length && part[at] === each) at += 1;
  return at === part.length;
}
