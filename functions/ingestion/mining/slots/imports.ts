import type { Code } from "./code.ts";
import type { ImportDeclaration } from "./read-imports.ts";

const CODE_EXTENSION = /\.(?:[cm]?[jt]s|[jt]sx)$/;
/** What is imported with its extension anywhere. */
const ASSET_EXTENSION =
  /\.(?:json5?|css|scss|sass|less|svg|png|jpe?g|gif|webp|wasm|sql|md|mdx|html|txt|graphql|gql|node|vue|svelte)(?:\?|$)/;
/** Those that may be named with `node:` and without. */
const NODE_MODULES = new Set(
  (
    "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns events fs http http2 https " +
    "inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder timers tls tty url util " +
    "v8 vm wasi worker_threads zlib"
  ).split(" "),
);

/**
 * - `import-extension`: each relative specifier of an import or re-export, by its extension; those of assets and data left out.
 * - `type-import`: each import that marks a name as a type: before the braces or inside them. Whether an unmarked name is a type is
 *   not seen.
 * - `node-protocol`: each import or `require` of a module of Node that has a name without `node:`.
 * - `import-form:<module>`: each import of names from a package, by the form; side effects and types left out.
 * - `import-order`: each file that imports both packages and relative files.
 * - `import-gap`: each place where the imports change between packages and relative files.
 * - `module-system`: each import, and each `require` of a string, in JavaScript.
 */
export function importFacts({ code, imports }: { code: Code; imports: readonly ImportDeclaration[] }): void {
  for (const each of imports) {
    extensionFact(code, each);
    if (!each.isExport) ownFacts(code, each);
  }
  orderFacts(
    code,
    imports.filter(({ isExport }) => !isExport),
  );
  requireFacts(code);
}

function ownFacts(code: Code, { at, end, specifier, isType, hasInlineType, form }: ImportDeclaration): void {
  if (isType || hasInlineType) code.emit("type-import", isType ? "import type" : "inline type", at, end);
  protocolFact(code, specifier, at, end);
  if (!code.isTypescript) code.emit("module-system", "import", at, end);
  if (!isType && form !== undefined && !isRelative(specifier)) code.emit(`import-form:${moduleOf(specifier)}`, form, at, end);
}

function extensionFact(code: Code, { at, end, specifier }: ImportDeclaration): void {
  if (!isRelative(specifier) || ASSET_EXTENSION.test(specifier)) return;
  code.emit("import-extension", CODE_EXTENSION.exec(specifier)?.[0] ?? "none", at, end);
}

function protocolFact(code: Code, specifier: string, at: number, end: number): void {
  if (!NODE_MODULES.has(moduleOf(specifier).split("/")[0] ?? "")) return;
  code.emit("node-protocol", specifier.startsWith("node:") ? "node:" : "no protocol", at, end);
}

function requireFacts(code: Code): void {
  for (const at of code.at("require")) {
    if (!code.is(at + 1, "(") || !code.isString(at + 2) || !code.is(at + 3, ")")) continue;
    protocolFact(code, code.stringText(at + 2), at, at + 3);
    if (!code.isTypescript) code.emit("module-system", "require", at, at + 3);
  }
}

function orderFacts(code: Code, imports: readonly ImportDeclaration[]): void {
  const [first] = imports;
  const last = imports.at(-1);
  if (first === undefined || last === undefined) return;
  let changes = 0;
  imports.slice(1).forEach((each, index) => {
    const before = imports[index];
    if (before === undefined || isRelative(before.specifier) === isRelative(each.specifier)) return;
    changes += 1;
    const between = code.source.slice(code.end(before.end), code.start(each.at));
    code.emit("import-gap", /\n[ \t\r]*\n/.test(between) ? "blank line" : "no blank line", before.at, each.end);
  });
  if (changes === 0) return;
  const inOrder = isRelative(first.specifier) ? "relative first" : "packages first";
  code.emit("import-order", changes === 1 ? inOrder : "mixed", first.at, last.end);
}

function isRelative(specifier: string): boolean {
  return /^\.\.?(?:\/|$)/.test(specifier);
}

function moduleOf(specifier: string): string {
  return specifier.startsWith("node:") ? specifier.slice("node:".length) : specifier;
}
