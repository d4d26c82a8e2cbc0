import type { Checker } from "../../shared/craft/checker.ts";

/** A checker for which there is a rule, with a file that follows it and one that does not. */
export interface LintCase {
  checker: Checker;
  good: { path: string; source: string };
  bad: { path: string; source: string };
}

function decision(slot: string, value: string, good: string, bad: string, path = "a.ts"): LintCase {
  return {
    checker: { kind: "decision", slot, allow: [value], in: { folder: "" } },
    good: { path, source: good },
    bad: { path, source: bad },
  };
}

/** Each by rules that ESLint and oxlint both have. */
export const COMMON_CASES: readonly LintCase[] = [
  decision("variable-keyword", "const or let", "const a = 1;\n", "var a = 1;\n"),
  decision("equality", "strict", "if (a === b && c == null) d();\n", "if (a == b) d();\n"),
  decision("node-protocol", "node:", `import a from "node:fs";\n`, `import a from "fs";\n`),
  decision("type-import", "import type", `import type { A } from "a";\n`, `import { type A } from "a";\n`),
  decision("type-import", "inline type", `import { type A } from "a";\n`, `import type { A } from "a";\n`),
  decision("export-form", "named only", "export const a = 1;\n", "const a = 1;\nexport default a;\n"),
  decision("object-type", "interface", "interface A {\n  b: string;\n}\n", "type A = { b: string };\n"),
  decision("object-type", "type", "type A = { b: string };\n", "interface A {\n  b: string;\n}\n"),
  decision("array-type", "T[]", "let a: string[];\n", "let a: Array<string>;\n"),
  decision("array-type", "Array<T>", "let a: Array<string>;\n", "let a: string[];\n"),
  decision("untyped", "unknown", "let a: unknown;\n", "let a: any;\n"),
  decision("catch-unused", "left out", "try {\n  a();\n} catch {\n  b();\n}\n", "try {\n  a();\n} catch (error) {\n  b();\n}\n"),
  decision("iteration", "for of", "for (const a of b) c(a);\n", "b.forEach((a) => c(a));\n"),
  {
    checker: { kind: "import", never: { packages: ["lodash/**", "@a/*.b"] }, in: { folder: "" } },
    good: { path: "a.ts", source: `import a from "lodash2";\nimport b from "@a/c";\nimport d from "@a/xyb";\n` },
    bad: { path: "a.ts", source: `import a from "lodash/fp";\n` },
  },
];

/** Each by rules that only ESLint has. */
export const ESLINT_CASES: readonly LintCase[] = [
  decision("quotes", "double", `a("x", 'y"');\n`, `a('x');\n`),
  decision("quotes", "single", `a('x', "y'");\n`, `a("x");\n`),
  decision("semicolons", "always", `import "a";\n`, `import "a"\n`),
  decision("semicolons", "left out", `import "a"\n`, `import "a";\n`),
  decision("trailing-comma", "always", "a([\n  1,\n]);\n", "a([\n  1\n]);\n"),
  decision("trailing-comma", "left out", "a([\n  1\n]);\n", "a([\n  1,\n]);\n"),
  decision("trailing-comma-arguments", "always", "a(\n  1,\n);\n", "a(\n  1\n);\n"),
  decision("trailing-comma-arguments", "left out", "a(\n  1\n);\n", "a(\n  1,\n);\n"),
  decision("arrow-parentheses", "parentheses", "a((b) => b);\n", "a(b => b);\n"),
  decision("arrow-parentheses", "bare", "a(b => b);\n", "a((b) => b);\n"),
  {
    checker: { kind: "call", never: ["console.*", "process.exit", "alert", "new Date"], in: { folder: "" } },
    good: { path: "a.ts", source: "log.console();\nprocess.env.exit();\nDate();\nalert;\n" },
    bad: { path: "a.ts", source: "console.log(1);\n" },
  },
  {
    checker: { kind: "call", never: ["console.*", "process.exit", "alert", "new Date"], in: { folder: "" } },
    good: { path: "a.ts", source: "x();\n" },
    bad: { path: "a.ts", source: "a = new Date();\n" },
  },
];
