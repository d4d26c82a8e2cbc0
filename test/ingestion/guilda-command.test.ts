import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../local/state.ts";
import { buildTarGz, paxBody } from "./build-tar.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
/** A name that would end an element, act on a terminal and turn the direction of text. */
const HOSTILE_NAME = "<img src=x onerror=alert(1)>\"'&\u001b[2J\u202e";
const FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [
      `src/${HOSTILE_NAME}/make-part-${index}.ts`,
      `import { readFile } from "node:fs";\n\nexport function makePart${index}(first: string, second: string): string {\n  const joined = first === second ? "same" : "other";\n  return joined;\n}\n`,
    ]),
  ),
  ".gitattributes": "src/by-machine/** linguist-generated\n",
  "src/by-machine/api_client.ts": "export const a_b = 'c'\n",
  "node_modules/foreign/index.js": "module.exports = 'x'\n",
  "README.md": "# A tree\n",
};

let folder: string;
let tree: string;
let archive: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "guilda-command-"));
  tree = join(folder, "tree");
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  archive = join(folder, "tree.tgz");
  const paths = [".gitattributes", ...Object.keys(FILES).filter((path) => path !== ".gitattributes")];
  const entries = paths.flatMap((path) => [
    { name: "x", type: "x", body: paxBody({ path: `repo-1/${path}` }) },
    { name: "repo-1/short", body: FILES[path] ?? "" },
  ]);
  writeFileSync(archive, buildTarGz([{ name: "g", type: "g", body: paxBody({ comment: COMMIT }) }, ...entries]));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("mine", () => {
  it("proposes the same from a folder and from an archive of it", async () => {
    const [ofFolder, ofArchive] = await Promise.all([mineAsJson(tree), mineAsJson(archive)]);
    expect(ofFolder.candidates.length).toBeGreaterThan(5);
    expect(ofArchive.candidates).toEqual(ofFolder.candidates);
    expect([ofFolder.sources, ofArchive.sources]).toEqual([30, 30]);
    expect(ofFolder.skipped).toEqual({ "in another language": 1, "marked linguist-generated": 1 });
    expect(ofArchive.skipped).toEqual({ ...ofFolder.skipped, "in a folder of foreign code": 1 });
    expect([ofFolder.commitId, ofArchive.commitId]).toEqual([undefined, COMMIT]);
  });

  it("counts what shows in code and what shows in paths, with evidence that is there", async () => {
    const { candidates } = await mineAsJson(tree);
    expect(candidates).toContainEqual(expect.objectContaining({ slot: "quotes", value: "double", hits: 90, opportunities: 90 }));
    expect(candidates).toContainEqual(expect.objectContaining({ slot: "file-case:code", value: "kebab-case", hits: 30 }));
    for (const { path, line } of candidates.flatMap(({ evidence }) => evidence))
      expect(FILES[path]?.split("\n").length).toBeGreaterThanOrEqual(line);
  });

  it("prints a table that no name can act on the terminal with, and nothing else when it is no terminal", async () => {
    const { stdout, stderr, code } = await guilda(["mine", tree]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /Strings have double quotes +everywhere +100 % \(90 of 90\) +95 % +src\/.+\/make-part-\d+\.ts:\d+ +0\n/,
    );
    expect(stdout).toContain("\\u001b[2J\\u202e");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it("tells the established from the emerging, which it shows when asked", async () => {
    const tenth = join(folder, "tenth");
    mkdirSync(tenth);
    for (let index = 0; index < 60; index += 1)
      writeFileSync(join(tenth, `part-${index}.ts`), `export const a${index} = ${index % 6 === 0 ? "'x'" : '"x"'};\n`);
    const quotes = async (...args: string[]) =>
      (await mineAsJson(tenth, ...args)).candidates.find(({ slot }) => slot === "quotes");
    expect(await quotes()).toBeUndefined();
    expect(await quotes("--emerging")).toMatchObject({ strength: "emerging", hits: 50, opportunities: 60 });
    expect((await quotes("--emerging"))?.counterExamples.length).toBe(8);
  });

  it("respects what git ignores, and does not follow links", async () => {
    const repository = join(folder, "repository");
    mkdirSync(join(repository, "made"), { recursive: true });
    const git = (...args: string[]) => execFileSync("git", args, { cwd: repository, stdio: "ignore" });
    git("init");
    writeFileSync(join(repository, ".gitignore"), "made/\n");
    writeFileSync(join(repository, "made/a.ts"), "export {};\n");
    writeFileSync(join(repository, "b.ts"), "export {};\n");
    execFileSync("ln", ["-s", join(ROOT, "vitest.config.ts"), join(repository, "link.ts")]);
    expect((await mineAsJson(repository)).sources).toBe(1);
  });

  it("runs no command that the configuration of a stranger's repository names", async () => {
    const repository = join(folder, "stranger");
    const witness = join(folder, "witness");
    mkdirSync(repository);
    execFileSync("git", ["init"], { cwd: repository, stdio: "ignore" });
    execFileSync("git", ["config", "core.fsmonitor", `touch ${witness}`], { cwd: repository });
    writeFileSync(join(repository, "b.ts"), "export {};\n");
    await mineAsJson(repository);
    expect(() => readFileSync(witness)).toThrow();
  });
});

describe("--html", () => {
  it("writes one page that loads nothing and that no name can break out of", async () => {
    const out = join(folder, "report.html");
    const { code } = await guilda(["mine", archive, "--html", out]);
    const page = readFileSync(out, "utf8");
    expect(code).toBe(0);
    expect(page).toContain("Strings have double quotes");
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u001b[2J\\u202e");
    const tags = new Set(page.match(/<\/?[a-z!][a-z0-9]*/gi)?.map((tag) => tag.toLowerCase()));
    for (const tag of ["<img", "<script", "<link", "<iframe"]) expect(tags).not.toContain(tag);
    expect(page).not.toMatch(/\b(?:src|href|url\(|@import)\s*=?\s*["']?https?:/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`);
  });
});

describe("what cannot be mined", () => {
  it.each<[what: string, args: () => string[], sentence: RegExp]>([
    ["nothing", () => [], /^Usage: npm run guilda -- mine .*\n$/],
    ["an unknown option", () => ["mine", tree, "--frob"], /^Unknown option '--frob'.*\n$/],
    ["a folder that is not there", () => ["mine", join(folder, "nowhere")], /^There is no file or folder .*nowhere\.\n$/],
    [
      "a folder without source",
      () => ["mine", join(ROOT, "docs")],
      /^There is no source in TypeScript, JavaScript, Python or Go in .*docs\.\n$/,
    ],
    [
      "a file that is no archive",
      () => ["mine", join(ROOT, "package.json")],
      /^.*package\.json: The archive is not compressed by gzip\.\n$/,
    ],
    ["a page that cannot be written", () => ["mine", tree, "--html", join(folder, "no", "x.html")], /^ENOENT.*\n$/],
  ])("ends with 1 and one sentence: %s", async (_what, args, sentence) => {
    const { stdout, stderr, code } = await guilda(args());
    expect([stdout, code]).toEqual(["", 1]);
    expect(stderr).toMatch(sentence);
  });
});

interface Mined {
  commitId?: string;
  sources: number;
  skipped: Record<string, number>;
  candidates: {
    slot: string;
    value: string;
    strength: string;
    hits: number;
    evidence: { path: string; line: number }[];
    counterExamples: unknown[];
  }[];
}

async function mineAsJson(target: string, ...args: string[]): Promise<Mined> {
  const { stdout, stderr } = await guilda(["mine", target, "--json", ...args]);
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as Mined;
}

function guilda(args: readonly string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(ROOT, "test/local/guilda.ts"), ...args], (_error, stdout, stderr) =>
      resolve({ stdout, stderr, code: child.exitCode ?? -1 }),
    );
  });
}
