import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Convention } from "../../shared/craft/conventions-file.ts";
import { ROOT } from "../local/state.ts";

/** Would end an element, act on a terminal and turn the direction of text. */
const HOSTILE_NAME = "<img src=x onerror=alert(1)>\"'&\u001b[2J\u202e";
const QUOTES: Convention = {
  id: "quotes",
  name: "Strings have double quotes",
  description: "All of them.",
  severity: "error",
  checker: { kind: "decision", slot: "quotes", allow: ["double"], in: { folder: "" } },
};
const NAMES: Convention = {
  id: "names",
  name: "Files are named in kebab-case",
  description: "All of them.",
  severity: "warning",
  checker: { kind: "file-name", case: "kebab-case", in: { folder: "" } },
};

let home: string;
let tree: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "guilda-check-"));
  tree = join(home, "tree");
  mkdirSync(tree);
});

afterEach(() => rmSync(home, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
}

function writeConventions(...conventions: Convention[]): void {
  write({ "guilda.json": JSON.stringify({ version: 1, conventions }) });
}

function git(...args: string[]): void {
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false", ...args], {
    cwd: tree,
    stdio: "ignore",
  });
}

function commitAll(): void {
  if (!existsSync(join(tree, ".git"))) git("init");
  git("add", "-A");
  git("commit", "--message", "a");
}

function guilda(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(ROOT, "test/local/guilda.ts"), ...args], (_error, stdout, stderr) =>
      resolve({ stdout, stderr, code: child.exitCode ?? -1 }),
    );
  });
}

async function places(...args: string[]): Promise<string[]> {
  const { stdout } = await guilda("check", tree, "--json", ...args);
  const { violations } = JSON.parse(stdout) as {
    violations: { path: string; line: number; isKnown: boolean; waived?: string }[];
  };
  return violations.map(
    ({ path, line, isKnown, waived }) => `${path}:${line}${isKnown ? " known" : ""}${waived === undefined ? "" : ` ${waived}`}`,
  );
}

describe("check", () => {
  it("takes the conventions of the folder, and ends with 1 for errors and for nothing else", async () => {
    write({ "src/a.ts": "f('x');\n", "src/readIt.ts": "" });
    writeConventions(QUOTES, NAMES);
    const { stdout, stderr, code } = await guilda("check", tree);
    expect([stderr, code]).toEqual(["", 1]);
    expect(stdout).toMatch(
      /^error {4}src\/a\.ts:1 +Strings have double quotes\. Here: single\nwarning {2}src\/readIt\.ts:1 +Files are named in kebab-case\. Here: readIt\.ts\n/,
    );
    writeConventions({ ...QUOTES, severity: "warning" }, NAMES);
    expect((await guilda("check", tree)).code).toBe(0);
    expect((await guilda("check", join(home, "nowhere"))).code).toBe(2);
    expect((await guilda("check", tree, "--since", "nothing")).code).toBe(2);
  });

  it("checks what mining wrote", async () => {
    write(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`part-${index}.ts`, `f("x");\n`])));
    write({ "other.ts": "f('x');\n" });
    const file = join(home, "out.json");
    expect((await guilda("mine", tree, "--conventions", file)).code).toBe(0);
    expect(await places("--conventions", file)).toEqual(["other.ts:1"]);
  });

  it("lets what is waived or in the baseline never block", async () => {
    write({ "old/a.ts": "f('x');\n", "b.ts": "f('y');\n" });
    writeConventions({ ...QUOTES, waivers: [{ glob: "old/**", reason: "Goes away.", expiresAt: "2999-01-01T00:00:00Z" }] });
    const baseline = join(home, "baseline.json");
    writeFileSync(baseline, (await guilda("check", tree, "--json")).stdout);
    write({ "b.ts": "// Moved.\n\nif (z) {\n  f('y');\n}\n" });
    expect(await places("--baseline", baseline)).toEqual(["b.ts:4 known", "old/a.ts:1 known Goes away."]);
    expect((await guilda("check", tree, "--baseline", baseline)).code).toBe(0);
    write({ "b.ts": "f('y');\nf('z');\n" });
    expect((await guilda("check", tree, "--baseline", baseline)).code).toBe(1);
  });
});

describe("check --since", () => {
  it("speaks of lines that changed and of paths that are new, committed or not", async () => {
    write({ "src/a.ts": "f('old');\ng(1);\n", "src/oldName.ts": "f(1);\n" });
    commitAll();
    write({ "src/a.ts": "f('old');\ng(1);\nf('new');\n", "src/newOne.ts": "f('x');\n", "src/staged it.ts": "f('y');\n" });
    git("add", "src/staged it.ts");
    renameSync(join(tree, "src/oldName.ts"), join(tree, "src/movedName.ts"));
    writeConventions(QUOTES, NAMES);
    expect((await places("--since", "HEAD")).sort()).toEqual([
      "src/a.ts:3",
      "src/movedName.ts:1",
      "src/newOne.ts:1",
      "src/newOne.ts:1",
      "src/staged it.ts:1",
    ]);
  });

  it("compares a folder within a repository by its own paths", async () => {
    write({ "app/a.ts": "f('old');\n", "other/b.ts": "" });
    commitAll();
    write({ "app/a.ts": "f('old');\nf('new');\n", "other/b.ts": "f('new');\n" });
    writeConventions(QUOTES);
    const { stdout } = await guilda("check", join(tree, "app"), "--conventions", join(tree, "guilda.json"), "--since", "HEAD");
    expect(stdout.match(/\S+\.ts:\d+/g)).toEqual(["a.ts:2"]);
  });

  it("runs no command that the configuration of a stranger's repository names, and takes no option for a commit", async () => {
    write({ "a.ts": "f('x');\n", ".gitattributes": "* filter=own diff=own\n" });
    commitAll();
    const witness = join(home, "witness");
    const command = `touch ${witness}`;
    for (const key of [
      "core.fsmonitor",
      "diff.external",
      "filter.own.clean",
      "filter.own.process",
      "filter.own.smudge",
      "diff.own.command",
      "diff.own.textconv",
      "core.pager",
      "core.sshCommand",
    ])
      git("config", key, command);
    for (const hook of ["post-index-change", "post-checkout"]) {
      mkdirSync(join(tree, ".git/hooks"), { recursive: true });
      writeFileSync(join(tree, ".git/hooks", hook), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    }
    writeFileSync(join(tree, "a.ts"), "f('x');\nf('y');\n");
    writeFileSync(join(tree, "guilda.json"), JSON.stringify({ version: 1, conventions: [QUOTES] }));
    expect(await places("--since", "HEAD")).toEqual(["a.ts:2"]);
    expect((await guilda("check", tree, `--since=--output=${witness}`)).code).toBe(2);
    expect(existsSync(witness)).toBe(false);
  });
});

describe("what a stranger's folder brings", () => {
  it("acts on no terminal and breaks out of no page", async () => {
    write({ [`${HOSTILE_NAME}/a.ts`]: "f('x');\n" });
    writeConventions({ ...QUOTES, name: HOSTILE_NAME });
    const page = join(home, "out.html");
    const log = join(home, "out.sarif");
    const { stdout } = await guilda("check", tree, "--html", page, "--sarif", log);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const html = readFileSync(page, "utf8");
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u001b[2J\\u202e");
    expect(html).not.toMatch(/<(?:img|script|link|iframe)/i);
    expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
      version: "2.1.0",
      runs: [{ results: [{ ruleId: "quotes" }] }],
    });
  });

  it("cannot lend a file from elsewhere as its conventions", async () => {
    writeFileSync(join(home, "elsewhere.json"), JSON.stringify({ version: 1, conventions: [] }));
    symlinkSync(join(home, "elsewhere.json"), join(tree, "guilda.json"));
    const { stderr, code } = await guilda("check", tree);
    expect([stderr, code]).toEqual([expect.stringMatching(/^There is no file of conventions .*guilda\.json: .*\n$/), 2]);
  });
});

describe("agents", () => {
  it("shows the sections, and writes them when told so, once", async () => {
    write({ "AGENTS.md": "# Mine\r\n", "src/x.ts": "" });
    writeConventions(QUOTES, { ...NAMES, checker: { kind: "file-name", case: "kebab-case", in: { folder: "src" } } });
    expect((await guilda("agents", tree)).stdout).toMatch(/^AGENTS\.md: \n<!-- guilda:begin .*\n[\s\S]*\nsrc\/AGENTS\.md: \n/);
    expect(readFileSync(join(tree, "AGENTS.md"), "utf8")).toBe("# Mine\r\n");
    expect((await guilda("agents", tree, "--write")).stdout).toBe("AGENTS.md: written\nsrc/AGENTS.md: written\n");
    expect(readFileSync(join(tree, "AGENTS.md"), "utf8")).toMatch(
      /^# Mine\r\n\r\n<!-- guilda:begin .*\r\n[\s\S]*- Strings have double quotes \(required\)\.\r\n<!-- guilda:end -->\r\n$/,
    );
    expect((await guilda("agents", tree, "--write")).stdout).toBe("AGENTS.md: is up to date\nsrc/AGENTS.md: is up to date\n");
    writeConventions(QUOTES);
    expect((await guilda("agents", tree, "--write")).stdout).toBe("AGENTS.md: is up to date\nsrc/AGENTS.md: written\n");
    expect(readFileSync(join(tree, "src/AGENTS.md"), "utf8")).toContain("None at present.");
  });

  it("follows no link out of the folder, and leaves alone what it cannot keep as it is", async () => {
    const elsewhere = join(home, "elsewhere");
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "target.md"), "mine\n");
    symlinkSync(join(elsewhere, "target.md"), join(tree, "AGENTS.md"));
    symlinkSync(elsewhere, join(tree, "linked"));
    writeConventions(QUOTES, { ...NAMES, checker: { kind: "file-name", case: "kebab-case", in: { folder: "linked" } } });
    const { stdout } = await guilda("agents", tree, "--write");
    expect(stdout.match(/left alone/g)?.length).toBe(2);
    expect([readFileSync(join(elsewhere, "target.md"), "utf8"), existsSync(join(elsewhere, "AGENTS.md"))]).toEqual([
      "mine\n",
      false,
    ]);
    writeFileSync(join(tree, "CLAUDE.md"), Buffer.from([0xff, 0xfe, 0x61]));
    expect((await guilda("agents", tree, "--write", "--name", "CLAUDE.md")).stdout).toContain("CLAUDE.md: left alone");
    expect(readFileSync(join(tree, "CLAUDE.md"))).toEqual(Buffer.from([0xff, 0xfe, 0x61]));
  });
});
