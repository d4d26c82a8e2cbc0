import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Checker } from "../../shared/craft/checker.ts";
import type { Convention } from "../../shared/craft/conventions-file.ts";
import { evaluateChecker } from "../../shared/craft/evaluate-checker.ts";
import { indexFacts } from "../../shared/craft/index-facts.ts";
import { eslintRuleOf, formatAstGrepRules, formatEslintConfig } from "../../shared/craft/lint-rules.ts";
import { lexAndExtract } from "../ingestion/lex-and-extract.ts";
import { ROOT } from "../local/state.ts";
import { COMMON_CASES, ESLINT_CASES, type LintCase } from "./lint-cases.ts";

const OXLINT_PREFIXES: Readonly<Record<string, string>> = {
  "@typescript-eslint": "typescript",
  import: "import",
  unicorn: "unicorn",
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "guilda-lint-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe.each([...COMMON_CASES, ...ESLINT_CASES].map((each) => [nameOf(each), each] as const))("%s", (_, each) => {
  it("has cases that the checker itself tells apart, and a rule", () => {
    expect(violationsOf(each, each.good)).toBe(0);
    expect(violationsOf(each, each.bad)).toBeGreaterThan(0);
    expect(eslintRuleOf(each.checker)).toBeDefined();
  });
});

describe("a linter that has the rules", () => {
  it.each(COMMON_CASES.map((each) => [nameOf(each), each] as const))("says the same of %s", (_, { checker, good, bad }) => {
    expect([lint(checker, good), lint(checker, bad) > 0]).toEqual([0, true]);
  });
});

describe("the configuration of ESLint", () => {
  it("is a module whose data cannot end its strings, and puts the restrictions of the same files together", () => {
    const config = formatEslintConfig([
      convention({ kind: "call", never: ["alert"], in: { folder: "src" } }),
      convention({ kind: "call", never: ["process.exit"], in: { folder: "src" } }),
      convention({ kind: "decision", slot: "trailing-comma", allow: ["always"], in: { folder: '"};evil();[x' } }),
      convention({ kind: "decision", slot: "trailing-comma-arguments", allow: ["always"], in: { folder: '"};evil();[x' } }),
      convention({ kind: "pair", siblings: ["{stem}.test.ts"], in: { folder: "" } }),
    ]);
    const lines = config.split("\n").filter((line) => line.startsWith('  {"files"'));
    expect(lines.map((line) => JSON.parse(line.trim().slice(0, -1)))).toEqual([
      {
        files: ["src/**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx}"],
        rules: {
          "no-restricted-syntax": [
            "warn",
            'CallExpression[callee.name="alert"]',
            'CallExpression[callee.computed=false][callee.object.name="process"][callee.property.name="exit"]',
          ],
        },
      },
      {
        files: ['"\\};evil\\(\\);\\[x/**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx}'],
        rules: { "@stylistic/comma-dangle": ["warn", { arrays: "always-multiline", functions: "always-multiline" }] },
      },
    ]);
    expect(config).toContain('import stylistic from "@stylistic/eslint-plugin";\n');
  });

  it("is empty where no rule decides", () => {
    expect(formatEslintConfig([])).toContain("export default [\n];\n");
    for (const slot of ["toString", "__proto__", "quotes"])
      expect(eslintRuleOf({ kind: "decision", slot, allow: ["toString"], in: { folder: "" } })).toBeUndefined();
  });
});

describe("the rules of ast-grep", () => {
  it("are YAML documents of which each value is JSON", () => {
    const rules = formatAstGrepRules([
      convention({ kind: "call", never: ["console.*", "process.exit"], in: { folder: "src", exclude: ["**/*.test.ts"] } }),
      convention({ kind: "call", never: ["**.forEach"], in: { folder: "" } }),
      convention({ kind: "decision", slot: "iteration", allow: ["for of"], in: { folder: "" } }),
    ]);
    const documents = rules.split("---\n").map(
      (text) =>
        new Map(
          text
            .trim()
            .split("\n")
            .map((line) => splitOnce(line)),
        ),
    );
    expect(documents.map((each) => JSON.parse(each.get("rule") ?? ""))).toEqual([
      { any: [{ pattern: "console.$MEMBER($$$)" }, { pattern: "process.exit($$$)" }] },
      { pattern: "$LIST.forEach($$$)" },
    ]);
    expect(JSON.parse(documents[0]?.get("ignores") ?? "")).toEqual(["src/**/*.test.ts"]);
    expect(JSON.parse(documents[0]?.get("message") ?? "")).toBe('It is "so"\n---\nid: x');
  });
});

function convention(checker: Checker): Convention {
  return { id: "c1", name: 'It is "so"\n---\nid: x', description: "d", severity: "warning", checker };
}

function nameOf({ checker }: LintCase): string {
  return checker.kind === "decision" ? `${checker.slot}: ${checker.allow.join()}` : JSON.stringify(checker);
}

function violationsOf({ checker }: LintCase, file: { path: string; source: string }): number {
  return evaluateChecker({ checker, index: indexFacts({ files: [{ path: file.path, facts: lexAndExtract(file) }] }) }).violations
    .length;
}

/** How often oxlint, which has the same rules under its own prefixes, speaks. */
function lint(checker: Checker, { path, source }: { path: string; source: string }): number {
  const rule = eslintRuleOf(checker);
  if (rule === undefined) throw new Error("There is no rule.");
  const prefix = dirname(rule.name);
  const name = prefix === "." ? rule.name : `${OXLINT_PREFIXES[prefix]}/${rule.name.slice(prefix.length + 1)}`;
  const config = {
    plugins: ["typescript", "import", "unicorn"],
    categories: { correctness: "off" },
    rules: { [name]: ["error", ...rule.options] },
  };
  writeFileSync(join(folder, "oxlint.json"), JSON.stringify(config));
  writeFileSync(join(folder, path), source);
  const args = ["--config", "oxlint.json", "--format", "json", path];
  try {
    return diagnostics(
      execFileSync(join(ROOT, "node_modules/.bin/oxlint"), args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }),
    );
  } catch (error) {
    return diagnostics((error as { stdout: Buffer }).stdout);
  }
}

function diagnostics(output: Buffer): number {
  return (JSON.parse(output.toString()) as { diagnostics: unknown[] }).diagnostics.length;
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(": ");
  return [line.slice(0, colon), line.slice(colon + 2)];
}
