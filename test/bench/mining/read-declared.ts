import { readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { runInNewContext } from "node:vm";
import { transformSync } from "esbuild";
import type { TreeFile } from "./open-corpora.ts";

/** The rules that a package says it enforces, as its shipped configuration has them. */
export interface Declared {
  /** The rules in force for a file by name, with their options; none where the linter does not look. */
  rulesFor(path: string): ReadonlyMap<string, readonly unknown[]>;
  /** All that any file is under. */
  rules: ReadonlyMap<string, readonly unknown[]>;
  /** The files and published definitions that they come from. */
  sources: readonly string[];
  /** Shared configurations without a definition at hand. */
  unread: readonly string[];
}

interface Layer {
  files?: readonly string[];
  ignores?: readonly string[];
  rules: Readonly<Record<string, unknown>>;
}

interface Reading {
  layers: Layer[];
  ignores: string[];
  sources: Set<string>;
  unread: Set<string>;
  /** Whether the linter is told to look at TypeScript. */
  coversTypescript: boolean;
}

interface PublishedConfig {
  source: string;
  rules?: Record<string, readonly unknown[]>;
  prettier?: Record<string, unknown>;
}

type Json = Record<string, unknown>;

/** What well-known shared configurations switch on, taken from the published packages that `source` names. */
const PUBLISHED: Readonly<Record<string, PublishedConfig>> = JSON.parse(
  readFileSync(new URL("published-configs.json", import.meta.url), "utf8"),
);
/** Prettier's documented defaults, as of its version 3. */
const PRETTIER_DEFAULTS: Json = {
  arrowParens: "always",
  bracketSameLine: false,
  bracketSpacing: true,
  endOfLine: "lf",
  jsxSingleQuote: false,
  objectWrap: "preserve",
  printWidth: 80,
  quoteProps: "as-needed",
  semi: true,
  singleQuote: false,
  tabWidth: 2,
  trailingComma: "all",
  useTabs: false,
};
/** Switched off by whoever leaves the layout to Prettier. */
const LAYOUT_RULES = ["quotes", "semi", "comma-dangle", "arrow-parens", "indent"];
const JAVASCRIPT = /\.[cm]?jsx?$/;
const TYPESCRIPT = /\.(?:[cm]?ts|tsx)$/;

/** Reads the configuration of ESLint, xo, standard and Prettier that a package ships, in files or in its manifest. */
export function readDeclared(tree: readonly TreeFile[]): Declared {
  const texts = new Map(tree.filter(({ path }) => !path.includes("/")).map(({ path, bytes }) => [path, decode(bytes)]));
  const manifest: Json = JSON.parse(texts.get("package.json") ?? "{}");
  const reading: Reading = { layers: [], ignores: [], sources: new Set(), unread: new Set(), coversTypescript: false };
  for (const [path, text] of texts) {
    if (/^\.eslintrc(?:\.json|\.c?js)?$/.test(path)) addLegacy(reading, asObject(evaluate({ path, text })), path);
    if (/^eslint\.config\.[cm]?[jt]s$/.test(path)) addFlat(reading, evaluate({ path, text }), path);
    if (/^\.prettierrc(?:\.json|\.[cm]?js)?$|^prettier\.config\.[cm]?js$/.test(path))
      addPrettier(reading, evaluate({ path, text }), path);
    if (path === ".eslintignore") reading.ignores.push(...text.split("\n").filter((line) => /^[^#\s]/.test(line)));
  }
  if (isObject(manifest.eslintConfig)) addLegacy(reading, manifest.eslintConfig, "package.json eslintConfig");
  if (isObject(manifest.standard)) addStandard(reading, manifest.standard);
  if (isObject(manifest.xo)) addXo(reading, manifest.xo);
  if (manifest.prettier !== undefined) addPrettier(reading, manifest.prettier, "package.json prettier");
  return close(reading);
}

function close({ layers, ignores, sources, unread, coversTypescript }: Reading): Declared {
  const known = new Map<string, ReadonlyMap<string, readonly unknown[]>>();

  function rulesFor(path: string): ReadonlyMap<string, readonly unknown[]> {
    const rules = known.get(path) ?? readRules(path);
    known.set(path, rules);
    return rules;
  }

  function readRules(path: string): ReadonlyMap<string, readonly unknown[]> {
    const isTypescript = TYPESCRIPT.test(path);
    const rules = new Map<string, readonly unknown[]>();
    if (!isTypescript && !JAVASCRIPT.test(path)) return rules;
    const isLinted = (!isTypescript || coversTypescript) && !ignores.some((glob) => isMatch({ path, glob }));
    for (const layer of layers) {
      if (layer.files !== undefined && !layer.files.some((glob) => isMatch({ path, glob }))) continue;
      if (layer.ignores?.some((glob) => isMatch({ path, glob }))) continue;
      for (const [name, setting] of Object.entries(layer.rules))
        if (isLinted || name.startsWith("prettier ")) apply({ rules, name, setting });
    }
    return rules;
  }

  const rules = new Map<string, readonly unknown[]>();
  for (const layer of layers) for (const [name, setting] of Object.entries(layer.rules)) apply({ rules, name, setting });
  return { rulesFor, rules, sources: [...sources], unread: [...unread] };
}

/** A setting is a severity, or a list of a severity and options; one without options keeps those it had. */
function apply({ rules, name, setting }: { rules: Map<string, readonly unknown[]>; name: string; setting: unknown }): void {
  const [severity, ...options] = Array.isArray(setting) ? setting : [setting];
  if (severity === "off" || severity === 0) rules.delete(name);
  else rules.set(name, options.length === 0 ? (rules.get(name) ?? []) : options);
}

function addLegacy(reading: Reading, config: Json, source: string): void {
  reading.sources.add(source);
  reading.ignores.push(...listOf(config.ignorePatterns));
  for (const name of listOf(config.extends)) addShared(reading, name);
  if (isObject(config.rules)) reading.layers.push({ rules: config.rules });
  for (const each of Array.isArray(config.overrides) ? config.overrides : []) addOverride(reading, each);
}

function addOverride(reading: Reading, override: Json): void {
  const files = listOf(override.files);
  if (files.some((glob) => glob.includes("ts"))) reading.coversTypescript = true;
  // A pattern without a slash is about names anywhere.
  const globs = files.map((glob) => (glob.includes("/") ? glob : `**/${glob}`));
  if (isObject(override.rules))
    reading.layers.push({ files: globs, ignores: listOf(override.excludedFiles), rules: override.rules });
}

function addShared(reading: Reading, name: string): void {
  if (name === "prettier") {
    reading.layers.push({ rules: Object.fromEntries(LAYOUT_RULES.map((rule) => [rule, "off"])) });
    return;
  }
  const published = PUBLISHED[name] ?? PUBLISHED[name.replace(/^eslint-config-/, "")];
  if (published?.rules === undefined) reading.unread.add(name);
  else addPublished(reading, published);
}

function addPublished(reading: Reading, { source, rules = {} }: PublishedConfig): void {
  reading.sources.add(source);
  reading.layers.push({ rules: toSettings(rules) });
}

function toSettings(rules: Record<string, readonly unknown[]>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rules).map(([name, options]) => [name, ["error", ...options]]));
}

function addStandard(reading: Reading, config: Json): void {
  reading.sources.add("package.json standard");
  reading.ignores.push(...listOf(config.ignore));
  addShared(reading, "standard");
}

function addXo(reading: Reading, config: Json): void {
  reading.sources.add("package.json xo");
  reading.coversTypescript = true;
  reading.ignores.push(...listOf(config.ignores));
  addShared(reading, "xo");
  if (config.semicolon === false) reading.layers.push({ rules: { semi: ["error", "never"] } });
  if (config.prettier === true) addShared(reading, "prettier");
  if (isObject(config.rules)) reading.layers.push({ rules: config.rules });
  for (const each of Array.isArray(config.overrides) ? config.overrides : []) addOverride(reading, each);
}

function addPrettier(reading: Reading, config: unknown, source: string): void {
  const own = typeof config === "string" ? PUBLISHED[config]?.prettier : asObject(config);
  if (own === undefined) {
    reading.unread.add(String(config));
    return;
  }
  reading.sources.add(typeof config === "string" ? (PUBLISHED[config]?.source ?? source) : source);
  const { overrides, ...options } = { ...PRETTIER_DEFAULTS, ...own };
  reading.layers.push({ rules: formatterRules(options) });
  for (const each of Array.isArray(overrides) ? overrides : []) {
    const files = listOf(each.files).map((glob) => (glob.includes("/") ? glob : `**/${glob}`));
    reading.layers.push({ files, rules: formatterRules(asObject(each.options)) });
  }
}

function formatterRules(options: Json): Record<string, unknown> {
  const known = Object.entries(options).filter(([name]) => name in PRETTIER_DEFAULTS);
  return Object.fromEntries(known.map(([name, value]) => [`prettier ${name}`, ["error", value]]));
}

function addFlat(reading: Reading, config: unknown, source: string): void {
  reading.sources.add(source);
  for (const each of [config].flat(Number.POSITIVE_INFINITY)) {
    if (!isObject(each)) continue;
    const { files, ignores, rules, published, coversTypescript } = each;
    if (typeof published === "string") reading.sources.add(published);
    if (coversTypescript === true || listOf(files).some((glob) => /\.(?:\{?ts|d\.ts|\*ts)/.test(glob)))
      reading.coversTypescript = true;
    const isGlobal = Object.keys(each).every((key) => key === "ignores" || key === "name");
    if (isGlobal) reading.ignores.push(...listOf(ignores));
    if (!isObject(rules)) continue;
    reading.layers.push({
      ...(files === undefined ? {} : { files: listOf(files) }),
      ...(ignores === undefined ? {} : { ignores: listOf(ignores) }),
      rules,
    });
  }
}

/** The value of a configuration file. A module of code runs alone, with the published definitions as all that it can load. */
function evaluate({ path, text }: { path: string; text: string }): unknown {
  if (!/\.[cm]?[jt]s$/.test(path)) return JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
  const { code } = transformSync(text, { format: "cjs", loader: "ts" });
  const module = { exports: {} as unknown };
  runInNewContext(code, { module, exports: module.exports, require: loadPublished, process: { env: {} } }, { timeout: 1_000 });
  const { exports } = module;
  return isObject(exports) && "default" in exports ? exports.default : exports;
}

function loadPublished(name: string): unknown {
  if (name === "neostandard") return neostandard;
  if (name === "@eslint/js") return { configs: { recommended: flatOf("eslint:recommended") } };
  if (name === "eslint/config")
    return {
      defineConfig: (...configs: unknown[]) => configs.flat(Number.POSITIVE_INFINITY),
      globalIgnores: (ignores: unknown) => ({ ignores }),
    };
  return anything();
}

function neostandard({ ignores, semi, noStyle, ts }: Json = {}): unknown[] {
  const config = flatOf(noStyle === true ? "neostandard noStyle" : semi === true ? "neostandard semi" : "neostandard");
  return [...(ignores === undefined ? [] : [{ ignores }]), { ...config, coversTypescript: ts === true }];
}

function flatOf(name: string): { published: string; rules: Record<string, unknown> } {
  const { source = name, rules = {} } = PUBLISHED[name] ?? {};
  return { published: source, rules: toSettings(rules) };
}

/** Stands for a package without a definition: whatever is asked of it is the same nothing. */
function anything(): unknown {
  const nothing: unknown = new Proxy(() => nothing, {
    get: (_, key) => (key === Symbol.iterator ? () => [][Symbol.iterator]() : key === Symbol.toPrimitive ? () => "" : nothing),
    ownKeys: () => ["prototype"],
  });
  return nothing;
}

function isMatch({ path, glob }: { path: string; glob: string }): boolean {
  const plain = glob.replace(/^\.?\//, "").replace(/\/$/, "");
  const isAnchored = glob.startsWith("/") || plain.includes("/");
  return [plain, `${plain}/**`, ...(isAnchored ? [] : [`**/${plain}`, `**/${plain}/**`])].some((each) => matchesGlob(path, each));
}

function listOf(value: unknown): string[] {
  return [value].flat().filter((each) => typeof each === "string");
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
