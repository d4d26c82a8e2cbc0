import type { Checker, CheckerOf, CheckerScope } from "./checker.ts";
import type { Convention, Severity } from "./conventions-file.ts";

/** A rule of ESLint that says the same as a checker. */
export interface EslintRule {
  /** With the prefix of its plugin. */
  name: string;
  options: readonly unknown[];
}

/** The packages that the prefixes of rules stand for in the file that is written. */
const PLUGINS: Readonly<Record<string, { binding: string; from: string; value: string }>> = {
  "@stylistic": { binding: "stylistic", from: "@stylistic/eslint-plugin", value: "stylistic" },
  "@typescript-eslint": { binding: "tseslint", from: "typescript-eslint", value: "tseslint.plugin" },
  import: { binding: "importX", from: "eslint-plugin-import-x", value: "importX" },
  unicorn: { binding: "unicorn", from: "eslint-plugin-unicorn", value: "unicorn" },
};
const CODE_GLOB = "**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx}";
const LEVELS: Readonly<Record<Severity, "error" | "warn">> = { error: "error", warning: "warn", info: "warn" };

/** By slot and value. Only rules that ask the same question, of at least the same places. */
const ESLINT_RULES: Readonly<Record<string, Readonly<Record<string, EslintRule>>>> = {
  "variable-keyword": { "const or let": { name: "no-var", options: [] } },
  equality: { strict: { name: "eqeqeq", options: ["always", { null: "ignore" }] } },
  "node-protocol": { "node:": { name: "unicorn/prefer-node-protocol", options: [] } },
  "type-import": {
    "import type": { name: "import/consistent-type-specifier-style", options: ["prefer-top-level"] },
    "inline type": { name: "import/consistent-type-specifier-style", options: ["prefer-inline"] },
  },
  "export-form": { "named only": { name: "import/no-default-export", options: [] } },
  "object-type": {
    interface: { name: "@typescript-eslint/consistent-type-definitions", options: ["interface"] },
    type: { name: "@typescript-eslint/consistent-type-definitions", options: ["type"] },
  },
  "array-type": {
    "T[]": { name: "@typescript-eslint/array-type", options: [{ default: "array" }] },
    "Array<T>": { name: "@typescript-eslint/array-type", options: [{ default: "generic" }] },
  },
  untyped: { unknown: { name: "@typescript-eslint/no-explicit-any", options: [] } },
  "catch-unused": { "left out": { name: "unicorn/prefer-optional-catch-binding", options: [] } },
  iteration: { "for of": { name: "unicorn/no-array-for-each", options: [] } },
  quotes: {
    single: { name: "@stylistic/quotes", options: ["single", { avoidEscape: true, allowTemplateLiterals: "always" }] },
    double: { name: "@stylistic/quotes", options: ["double", { avoidEscape: true, allowTemplateLiterals: "always" }] },
  },
  semicolons: {
    always: { name: "@stylistic/semi", options: ["always"] },
    "left out": { name: "@stylistic/semi", options: ["never"] },
  },
  "trailing-comma": {
    always: { name: "@stylistic/comma-dangle", options: [{ arrays: "always-multiline" }] },
    "left out": { name: "@stylistic/comma-dangle", options: [{ arrays: "never" }] },
  },
  "trailing-comma-arguments": {
    always: { name: "@stylistic/comma-dangle", options: [{ functions: "always-multiline" }] },
    "left out": { name: "@stylistic/comma-dangle", options: [{ functions: "never" }] },
  },
  "arrow-parentheses": {
    parentheses: { name: "@stylistic/arrow-parens", options: ["always"] },
    bare: { name: "@stylistic/arrow-parens", options: ["as-needed"] },
  },
  "file-case:code": {
    "kebab-case": { name: "unicorn/filename-case", options: [{ case: "kebabCase" }] },
    camelCase: { name: "unicorn/filename-case", options: [{ case: "camelCase" }] },
    PascalCase: { name: "unicorn/filename-case", options: [{ case: "pascalCase" }] },
    snake_case: { name: "unicorn/filename-case", options: [{ case: "snakeCase" }] },
  },
};

/** The rule of ast-grep for a slot and value: what it matches is a violation. */
const AST_GREP_RULES: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  "variable-keyword": { "const or let": { kind: "variable_declaration" } },
  iteration: { "for of": { pattern: "$LIST.forEach($$$)" } },
  equality: {
    strict: {
      any: [{ pattern: "$A == $B" }, { pattern: "$A != $B" }],
      not: {
        any: ["null", "undefined"].flatMap((nothing) =>
          ["==", "!="].map((operator) => ({ pattern: `$A ${operator} ${nothing}` })),
        ),
      },
    },
  },
};

/** The rule of ESLint that decides the same as a checker; undefined where none does. */
export function eslintRuleOf(checker: Checker): EslintRule | undefined {
  switch (checker.kind) {
    case "decision":
      return singleValueOf(checker, ESLINT_RULES);
    case "import":
      return restrictedImports(checker);
    case "call":
      return restrictedCalls(checker);
    case "file-name":
    case "pair":
      return undefined;
  }
}

/**
 * A flat configuration of ESLint, as a module, with the conventions that one of its rules decides. Those of one rule and the same files are
 * one entry; where two speak of some of the same files, the later one holds, as ESLint has it.
 */
export function formatEslintConfig(conventions: readonly Convention[]): string {
  const entries = eslintEntries(conventions);
  const prefixes = [...new Set(entries.map(({ rule }) => prefixOf(rule.name)))].filter((prefix) => prefix !== "").sort();
  const bindings = prefixes.map((prefix) => `${JSON.stringify(prefix)}: ${PLUGINS[prefix]?.value}`);
  return [
    "// Written by Guilda, from the conventions of this repository.",
    ...prefixes.map((prefix) => `import ${PLUGINS[prefix]?.binding} from ${JSON.stringify(PLUGINS[prefix]?.from)};`),
    "",
    "export default [",
    ...(prefixes.length === 0 ? [] : [`  { plugins: { ${bindings.join(", ")} } },`]),
    ...entries.map(({ level, scope, rule }) => {
      const rules = { [rule.name]: [level, ...rule.options] };
      return `  ${JSON.stringify({ ...filesOf(scope), rules })},`;
    }),
    "];",
    "",
  ].join("\n");
}

interface EslintEntry {
  level: "error" | "warn";
  scope: CheckerScope;
  rule: EslintRule;
}

function eslintEntries(conventions: readonly Convention[]): EslintEntry[] {
  const entries = new Map<string, EslintEntry>();
  for (const { severity, checker } of conventions) {
    const rule = eslintRuleOf(checker);
    if (rule === undefined) continue;
    const level = LEVELS[severity];
    const key = JSON.stringify([level, rule.name, checker.in]);
    const known = entries.get(key);
    entries.set(key, { level, scope: checker.in, rule: known === undefined ? rule : mergeRules(known.rule, rule) });
  }
  return [...entries.values()];
}

/** Selectors follow each other; objects are put together, their lists one after the other. */
function mergeRules({ name, options: left }: EslintRule, { options: right }: EslintRule): EslintRule {
  if (name === "no-restricted-syntax") return { name, options: [...left, ...right] };
  return { name, options: left.map((option, at) => mergeOption(option, right[at])) };
}

function mergeOption(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (!isRecord(left) || !isRecord(right)) return left;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(keys.map((key) => [key, key in left ? mergeOption(left[key], right[key]) : right[key]]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Rules of ast-grep, one YAML document each, for the conventions that one decides. */
export function formatAstGrepRules(conventions: readonly Convention[]): string {
  return conventions
    .flatMap((convention) => {
      const rule = astGrepRuleOf(convention.checker);
      return rule === undefined ? [] : [formatAstGrepRule({ convention, rule })];
    })
    .join("---\n");
}

/** JSON is YAML, so each value is written as JSON: no text of a convention can end its document. */
function formatAstGrepRule({
  convention: { id, name, severity, checker },
  rule,
}: {
  convention: Convention;
  rule: object;
}): string {
  const { files, ignores } = filesOf(checker.in);
  const document = { id: `guilda-${id}`, language: "TypeScript", severity, message: name, files, ignores, rule };
  return Object.entries(document)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join("");
}

function astGrepRuleOf(checker: Checker): object | undefined {
  if (checker.kind === "decision") return singleValueOf(checker, AST_GREP_RULES);
  if (checker.kind !== "call" || checker.never === undefined) return undefined;
  const patterns = checker.never.map(callPattern);
  return patterns.includes(undefined) ? undefined : { any: patterns.map((pattern) => ({ pattern })) };
}

/** `console.*` is any one member. A `*` elsewhere has no counterpart. */
function callPattern(callee: string): string | undefined {
  const pattern = callee.endsWith(".*") ? `${callee.slice(0, -1)}$MEMBER` : callee;
  return pattern.includes("*") ? undefined : `${pattern}($$$)`;
}

function singleValueOf<Rule>(
  { slot, allow: [value, ...others] }: CheckerOf<"decision">,
  rules: Readonly<Record<string, Readonly<Record<string, Rule>>>>,
): Rule | undefined {
  const ofSlot = Object.hasOwn(rules, slot) ? rules[slot] : undefined;
  if (value === undefined || others.length > 0 || ofSlot === undefined || !Object.hasOwn(ofSlot, value)) return undefined;
  return ofSlot[value];
}

/** Of packages only: ESLint compares specifiers as they are written, and a path has many. */
function restrictedImports({ only, never }: CheckerOf<"import">): EslintRule | undefined {
  if (only !== undefined || never?.packages === undefined || never.paths !== undefined) return undefined;
  const regexes = never.packages.map(importExpression);
  if (regexes.includes(undefined)) return undefined;
  return { name: "no-restricted-imports", options: [{ patterns: regexes.map((regex) => ({ regex })) }] };
}

/** Of a name with its subpaths, `name/**`, or without them. A `**` elsewhere has no simple counterpart. */
function importExpression(glob: string): string | undefined {
  const name = glob.endsWith("/**") ? glob.slice(0, -"/**".length) : glob;
  if (name.includes("**")) return undefined;
  const escaped = name
    .replaceAll(/[\\^$.+()[\]{}|]/g, "\\$&")
    .replaceAll("?", "[^/]")
    .replaceAll("*", "[^/]*");
  return `^${escaped}${glob === name ? "" : "(?:/.*)?"}$`;
}

function restrictedCalls({ never }: CheckerOf<"call">): EslintRule | undefined {
  const selectors = never?.map(callSelector);
  if (selectors === undefined || selectors.includes(undefined)) return undefined;
  return { name: "no-restricted-syntax", options: selectors };
}

/** Of `name`, `object.member`, `object.*` and `new Name`. */
function callSelector(callee: string): string | undefined {
  const [, constructs, object, member] = /^(new )?([\p{ID_Continue}$]+)(?:\.([\p{ID_Continue}$]+|\*))?$/u.exec(callee) ?? [];
  if (object === undefined) return undefined;
  const node = constructs === undefined ? "CallExpression" : "NewExpression";
  if (member === undefined) return `${node}[callee.name="${object}"]`;
  const named = member === "*" ? "" : `[callee.property.name="${member}"]`;
  return `${node}[callee.computed=false][callee.object.name="${object}"]${named}`;
}

function filesOf({ folder, include = [CODE_GLOB], exclude }: CheckerScope): { files: string[]; ignores?: string[] } {
  const below = (glob: string) => (folder === "" ? glob : `${escapeGlob(folder)}/${glob}`);
  const own = (globs: readonly string[]) =>
    globs.map((glob) => below(glob === CODE_GLOB ? glob : escapeGlob(glob, { keepsStars: true })));
  return { files: own(include), ...(exclude === undefined ? {} : { ignores: own(exclude) }) };
}

/** What other matchers take for more than text, ours does not. */
function escapeGlob(text: string, { keepsStars = false } = {}): string {
  return text.replaceAll(keepsStars ? /[[\]{}()!+@|\\]/g : /[[\]{}()!+@|\\*?]/g, "\\$&");
}

function prefixOf(rule: string): string {
  return rule.includes("/") ? rule.slice(0, rule.lastIndexOf("/")) : "";
}
