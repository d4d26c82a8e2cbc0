/** What a rule of a linter or formatter says of a slot: the one value that it allows, or a value that it forbids. */
export type Expectation = { slot: string; is: string } | { slot: string; not: string };

type Reading = (options: readonly unknown[]) => Expectation[];

/**
 * The rules that a slot can express, by rule alone and never by package: stated before anything is measured, and published with the
 * figures. A rule with options that leave the choice open gives nothing. Names are without the prefix of the plugins that carry the same
 * rules on: `@stylistic/`, `@typescript-eslint/`; `import-x/` is `import/` and `node/` is `n/`.
 */
export const VOCABULARY: Readonly<Record<string, Reading>> = {
  quotes: ([style = "double"]) => (style === "single" || style === "double" ? [{ slot: "quotes", is: style }] : []),
  semi: ([style = "always"]) => [{ slot: "semicolons", is: style === "never" ? "left out" : "always" }],
  "comma-dangle": ([style = "never"]) => [
    ...commas("trailing-comma", isObject(style) ? (style.arrays ?? "never") : style),
    ...commas("trailing-comma-arguments", isObject(style) ? (style.functions ?? "never") : style),
  ],
  "arrow-parens": ([style = "always"]) => [{ slot: "arrow-parentheses", is: style === "as-needed" ? "bare" : "parentheses" }],
  curly: ([style = "all"]) => {
    if (style === "all") return [{ slot: "guard-braces", is: "braces" }];
    return style === "multi" ? [{ slot: "guard-braces", is: "no braces" }] : [];
  },
  eqeqeq: ([style = "always", options]) => {
    const strict: Expectation = { slot: "equality", is: "strict" };
    const ofNull = isObject(options) ? options.null : "always";
    if (style !== "always" || ofNull === "ignore") return [strict];
    return [strict, { slot: "null-check", is: ofNull === "never" ? "both at once" : "one of them" }];
  },
  "no-eq-null": () => [{ slot: "null-check", is: "one of them" }],
  "no-var": () => [{ slot: "variable-keyword", is: "const or let" }],
  "no-else-return": () => [{ slot: "else-after-exit", is: "no else" }],
  "no-throw-literal": () => [{ slot: "thrown-kind", not: "a literal" }],
  "only-throw-error": () => [{ slot: "thrown-kind", not: "a literal" }],
  "preserve-caught-error": () => [{ slot: "rethrow-cause", is: "passed on" }],
  camelcase: () => [
    { slot: "variable-case", not: "snake_case" },
    { slot: "function-case", not: "snake_case" },
  ],
  "func-style": ([style = "expression", options]) => {
    if (style === "expression") return [{ slot: "function-form", not: "declaration" }];
    return isObject(options) && options.allowArrowFunctions === true ? [] : [{ slot: "function-form", is: "declaration" }];
  },
  "no-console": ([options]) => (isObject(options) && options.allow !== undefined ? [] : [{ slot: "logging", is: "a logger" }]),
  "array-type": ([options]) => [
    { slot: "array-type", is: isObject(options) && options.default === "generic" ? "Array<T>" : "T[]" },
  ],
  "consistent-type-definitions": ([style = "interface"]) => [
    { slot: "object-type", is: style === "type" ? "type" : "interface" },
  ],
  "explicit-module-boundary-types": () => [{ slot: "return-type", is: "declared" }],
  "no-explicit-any": () => [{ slot: "untyped", is: "unknown" }],
  "prefer-nullish-coalescing": () => [{ slot: "fallback", is: "??" }],
  "no-require-imports": () => [{ slot: "module-system", is: "import" }],
  "import/no-commonjs": () => [{ slot: "module-system", is: "import" }],
  "import/no-default-export": () => [{ slot: "export-form", is: "named only" }],
  "import/consistent-type-specifier-style": ([style = "prefer-top-level"]) => [
    { slot: "type-import", is: style === "prefer-inline" ? "inline type" : "import type" },
  ],
  "import/extensions": ([style]) => {
    if (style === "never") return [{ slot: "import-extension", is: "none" }];
    return style === "always" || style === "ignorePackages" ? [{ slot: "import-extension", not: "none" }] : [];
  },
  "n/file-extension-in-import": ([style = "always"]) => [
    style === "never" ? { slot: "import-extension", is: "none" } : { slot: "import-extension", not: "none" },
  ],
  "import/order": ([options]) => {
    const gap = isObject(options) ? options["newlines-between"] : undefined;
    const order: Expectation[] =
      isObject(options) && options.groups !== undefined ? [] : [{ slot: "import-order", is: "packages first" }];
    if (gap !== "always" && gap !== "never") return order;
    return [...order, { slot: "import-gap", is: gap === "always" ? "blank line" : "no blank line" }];
  },
  "import/enforce-node-protocol-usage": ([style]) => [{ slot: "node-protocol", is: style === "never" ? "no protocol" : "node:" }],
  "n/prefer-node-protocol": () => [{ slot: "node-protocol", is: "node:" }],
  "unicorn/prefer-node-protocol": () => [{ slot: "node-protocol", is: "node:" }],
  "unicorn/prefer-module": () => [{ slot: "module-system", is: "import" }],
  "unicorn/prefer-optional-catch-binding": () => [{ slot: "catch-unused", is: "left out" }],
  "unicorn/catch-error-name": ([options]) => [
    { slot: "catch-name", is: isObject(options) && typeof options.name === "string" ? options.name : "error" },
  ],
  "unicorn/custom-error-definition": () => [{ slot: "error-name", is: "ends in Error" }],
  "unicorn/no-array-for-each": () => [{ slot: "iteration", is: "for of" }],
  "unicorn/filename-case": ([options]) => fileCase(isObject(options) ? (options.case ?? "kebabCase") : "kebabCase"),
  "promise/prefer-await-to-then": () => [{ slot: "await", is: "await" }],
  "react/function-component-definition": ([options]) => {
    const form = isObject(options) ? (options.namedComponents ?? "function-declaration") : "function-declaration";
    const value = { "function-declaration": "declaration", "arrow-function": "arrow", "function-expression": "expression" };
    return Object.entries(value).flatMap(([name, is]) => (name === form ? [{ slot: "component-form", is }] : []));
  },
  "jest/prefer-lowercase-title": () => [{ slot: "test-title-case", is: "lower case" }],
  "jest/require-top-level-describe": () => [{ slot: "test-grouping", is: "in groups" }],
  "prettier singleQuote": ([isSingle]) => [{ slot: "quotes", is: isSingle === true ? "single" : "double" }],
  "prettier semi": ([isWritten]) => [{ slot: "semicolons", is: isWritten === true ? "always" : "left out" }],
  "prettier arrowParens": ([style]) => [{ slot: "arrow-parentheses", is: style === "avoid" ? "bare" : "parentheses" }],
  "prettier trailingComma": ([style]) => [
    { slot: "trailing-comma", is: style === "none" ? "left out" : "always" },
    { slot: "trailing-comma-arguments", is: style === "all" ? "always" : "left out" },
  ],
};

/** What a rule with its options says; nothing where no slot can express it. */
export function expectationsOf({ rule, options }: { rule: string; options: readonly unknown[] }): Expectation[] {
  const name = plainName(rule);
  return Object.hasOwn(VOCABULARY, name) ? (VOCABULARY[name]?.(options) ?? []) : [];
}

export function plainName(rule: string): string {
  return rule
    .replace(/^(?:@stylistic(?:\/js|\/ts)?|stylistic|style|@typescript-eslint|ts)\//, "")
    .replace(/^(?:import-x|i)\//, "import/")
    .replace(/^node\//, "n/")
    .replace(/^vitest\//, "jest/");
}

export function isAllowed({ expectation, value }: { expectation: Expectation; value: string }): boolean {
  return "is" in expectation ? value === expectation.is : value !== expectation.not;
}

function commas(slot: string, style: unknown): Expectation[] {
  if (style === "never") return [{ slot, is: "left out" }];
  return style === "always" || style === "always-multiline" ? [{ slot, is: "always" }] : [];
}

function fileCase(style: unknown): Expectation[] {
  const cases = { kebabCase: "kebab-case", camelCase: "camelCase", snakeCase: "snake_case", pascalCase: "PascalCase" };
  return Object.entries(cases).flatMap(([name, is]) =>
    name === style ? ["code", "component", "test"].map((role) => ({ slot: `file-case:${role}`, is })) : [],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
