// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are source text with templates in it.
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lexTypescript } from "../../functions/ingestion/mining/lex-typescript.ts";
import { createTokens, KIND } from "../../functions/ingestion/mining/tokens.ts";
import { SAME_AS_TYPESCRIPT, UNLIKE_TYPESCRIPT } from "./lexer-cases.ts";
import { readCorpus, type SourceFile } from "./read-corpus.ts";
import { type PlainToken, tokensBySyntaxTree } from "./tokens-by-syntax-tree.ts";

const FOLDERS = [
  "zod",
  "@trpc/server",
  "@trpc/client",
  "@tanstack/query-core",
  "hono",
  "undici",
  "@octokit",
  "postcss",
  "semver",
  "jose",
  "typescript-5/lib",
];
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LARGEST_FILE_CHARACTERS = 400_000;
const KIND_NAMES = new Map(Object.entries(KIND).map(([name, kind]) => [kind as number, name]));

const corpus = FOLDERS.flatMap((folder) => [
  ...readCorpus(`node_modules/${folder}`),
  ...readDeclarations(`node_modules/${folder}`),
]).filter(({ source }) => source.length <= LARGEST_FILE_CHARACTERS);
const tokens = createTokens();

test("every token of real code has the kind, start and end that TypeScript's own parser gives it", () => {
  const differing = corpus.filter((file) => {
    const expected = tokensBySyntaxTree(file);
    return expected.errors > 0 || firstDifference(lex(file), expected.tokens) !== undefined;
  });

  expect(differing.map(({ path }) => path)).toEqual([]);
  expect(corpus.length).toBeGreaterThanOrEqual(1_500);
  expect(corpus.reduce((sum, { source }) => sum + source.length, 0)).toBeGreaterThanOrEqual(8_000_000);
}, 60_000);

test("lines, depths and partners of real code are those of its brackets", () => {
  for (const file of corpus) {
    lex(file);
    expect(layoutFault(file.source), file.path).toBeUndefined();
  }
}, 60_000);

test.each(SAME_AS_TYPESCRIPT)("is read as TypeScript reads it: $path $source", (file) => {
  const expected = tokensBySyntaxTree(file);
  expect(expected.errors).toBe(0);
  expect(spell(file.source, lex(file))).toEqual(spell(file.source, expected.tokens));
});

test.each(UNLIKE_TYPESCRIPT)("is read otherwise than TypeScript reads it, as is known: $source", (file) => {
  expect(spell(file.source, lex(file)).join(" ")).toBe(file.read);
  expect(spell(file.source, tokensBySyntaxTree(file).tokens).join(" ")).not.toBe(file.read);
});

test("damaged code gives tokens in order, within the source, and brackets that pair", () => {
  const seeds = [...corpus.filter(({ source }) => source.length < 20_000), ...SAME_AS_TYPESCRIPT];
  const damage = fc.oneof(
    fc.record({ kind: fc.constant("delete line" as const), at: fc.nat() }),
    fc.record({ kind: fc.constant("truncate" as const), at: fc.nat() }),
    fc.record({
      kind: fc.constant("replace" as const),
      at: fc.nat(),
      by: fc.constantFrom(..."(){}[]<>`'\"/\\$*!?:;,=.#@\n\r\u2028\ud800\udc00\0a0 ", "${", "</", "/*", "=>", "<!--"),
    }),
  );
  fc.assert(
    fc.property(
      fc.nat(seeds.length - 1),
      fc.array(damage, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (index, damages, isJsx) => {
        const source = damages.reduce(applyDamage, seeds[index]?.source ?? "");
        lexTypescript({ source, isJsx, tokens });
        expect(orderFault(source)).toBeUndefined();
      },
    ),
    { seed: 20_261_121, numRuns: 2_000 },
  );
}, 60_000);

test("any text whatever gives tokens in order", () => {
  const unit = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(..."(){}[]<>`'\"/\\$*!?:;,=.#@\n\r\u2028\u2029\ufeff\ud800\udc00 ab01"),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 120 }), fc.boolean(), (units, isJsx) => {
      const source = units.join("");
      lexTypescript({ source, isJsx, tokens });
      expect(orderFault(source)).toBeUndefined();
    }),
    { seed: 20_261_121, numRuns: 5_000 },
  );
});

test("code cut short at any character gives tokens in order", () => {
  for (const { path, source } of SAME_AS_TYPESCRIPT) {
    for (let end = 0; end <= source.length; end += 1) {
      lex({ path, source: source.slice(0, end) });
      expect(orderFault(source.slice(0, end)), `${path} ${source.slice(0, end)}`).toBeUndefined();
    }
  }
});

test.each([
  ["round brackets", "(", ")"],
  ["square brackets", "[", "]"],
  ["braces", "{", "}"],
  ["templates", "`${", "}`"],
  ["elements", "<a>", "</a>"],
  ["type arguments", "a<", ">"],
])("100,000 nested %s end where they began", (_, open, close) => {
  const source = `${open.repeat(100_000)}x${close.repeat(100_000)}`;
  lexTypescript({ source, isJsx: true, tokens });
  expect(orderFault(source)).toBeUndefined();
  if (open === "a<" || open === "<a>") return;
  const opener = open === "`${" ? 1 : 0;
  expect(tokens.partner[opener]).toBe(tokens.count - 1 - opener);
  expect(tokens.depth[tokens.count - 1]).toBe(0);
});

test.each([
  ["string", "a = 'b\nc", ["word:a", "punctuation:=", "string:'b", "word:c"]],
  ["string with an escape at the end", "'b\\", ["string:'b\\"]],
  ["template", "`b\nc", ["template:`b\nc"]],
  ["template in its expression", "`b${c", ["template:`b", "punctuation:${", "word:c"]],
  ["template after an escape", "`b\\", ["template:`b\\"]],
  ["regular expression", "x = /b\nc", ["word:x", "punctuation:=", "punctuation:/", "word:b", "word:c"]],
  ["comment", "a /* b\nc", ["word:a"]],
  ["element", "x = <a>b", ["word:x", "punctuation:=", "punctuation:<", "word:a", "punctuation:>", "jsxText:b"]],
  ["tag", "x = <a b='c", ["word:x", "punctuation:=", "punctuation:<", "word:a", "word:b", "punctuation:=", "string:'c"]],
  [
    "element inside braces",
    "{ x = <a>b }\nc;",
    [
      "punctuation:{",
      "word:x",
      "punctuation:=",
      "punctuation:<",
      "word:a",
      "punctuation:>",
      "jsxText:b",
      "punctuation:}",
      "word:c",
      "punctuation:;",
    ],
  ],
  ["lone surrogate", "a \ud800 b \udc00", ["word:a", "punctuation:\ud800", "word:b", "punctuation:\udc00"]],
  ["closing bracket without an opening one", ")]}a", ["punctuation:)", "punctuation:]", "punctuation:}", "word:a"]],
])("an unfinished %s ends where it must", (_, source, expected) => {
  expect(spell(source, lex({ path: "a.tsx", source }))).toEqual(expected);
});

test("a closed template before a dollar brace is closed", () => {
  const source = "`a`${b}";
  expect(spell(source, lex({ path: "a.ts", source }))).toEqual([
    "template:`a`",
    "word:$",
    "punctuation:{",
    "word:b",
    "punctuation:}",
  ]);
});

test("lines count line feeds, also in CRLF text, and neither a lone carriage return nor U+2028 counts", () => {
  const source = "a\r\nb\n'c\\\nd'\ne\u2028f\r/* \n */ g `\n` h";
  const words = spell(source, lex({ path: "a.ts", source })).map(
    (each, index) => `${tokens.line[index]} ${each.replace(/^.*?:/, "")}`,
  );
  expect(words).toEqual(["1 a", "2 b", "3 'c\\\nd'", "5 e", "5 f", "6 g", "6 `\n`", "7 h"]);
});

test("comments are counted with the lines that they touch", () => {
  lex({ path: "a.ts", source: "#!/bin/x\n// a\nb /* c */ /* d\n e\n */ '// no' `/* no */`; /\\/* no/" });
  expect([tokens.commentCount, tokens.commentLines]).toEqual([4, 6]);
});

test("a byte order mark and other white space stand between tokens", () => {
  const source = "\ufeffa\u00a0/\u2003b\u3000/ c";
  expect(spell(source, lex({ path: "a.ts", source }))).toEqual(["word:a", "punctuation:/", "word:b", "punctuation:/", "word:c"]);
});

test("one line of 5 MB is read whole", () => {
  const source = "f(a => `${a}` / 2, /b/, 'c');".repeat(180_000);
  lexTypescript({ source, isJsx: false, tokens });
  expect(orderFault(source)).toBeUndefined();
  expect(source.length).toBeGreaterThan(5_000_000);
  expect(tokens.count).toBe(180_000 * 17);
});

// A quadratic reading of these would take minutes, far beyond the time a test may take.
test.each([
  ["slashes that close no regular expression", "= / "],
  ["unclosed strings", "'a\n"],
  ["opening tags", "(<a "],
  ["angles", "a<b "],
  ["closing brackets", "(]"],
  ["dollar signs in a template", "`$"],
  ["words with dashes", "a-"],
  ["elements with wide gaps", `<a${" ".repeat(60)}`],
])(
  "one line of 1 MB of %s is read in linear time",
  (_, piece) => {
    const source = piece.repeat(1_000_000 / piece.length);
    for (const isJsx of [false, true]) {
      lexTypescript({ source, isJsx, tokens });
      expect(orderFault(source)).toBeUndefined();
    }
  },
  60_000,
);

function readDeclarations(folder: string): SourceFile[] {
  return globSync(`${folder}/**/*.d.{ts,mts,cts}`, { cwd: ROOT })
    .sort()
    .map((path) => ({ path, source: readFileSync(`${ROOT}${path}`, "utf8") }));
}

function lex({ path, source }: SourceFile): PlainToken[] {
  lexTypescript({ source, isJsx: !/\.[cm]?ts$/.test(path), tokens });
  return Array.from({ length: tokens.count }, (_, index) => [
    tokens.kind[index] ?? 0,
    tokens.start[index] ?? 0,
    tokens.end[index] ?? 0,
  ]);
}

function spell(source: string, list: readonly PlainToken[]): string[] {
  return list.map(([kind, start, end]) => `${KIND_NAMES.get(kind)}:${source.slice(start, end)}`);
}

function firstDifference(actual: readonly PlainToken[], expected: readonly PlainToken[]): number | undefined {
  const length = Math.max(actual.length, expected.length);
  for (let index = 0; index < length; index += 1) {
    const [one, other] = [actual[index], expected[index]];
    if (!one || !other || one[0] !== other[0] || one[1] !== other[1] || one[2] !== other[2]) return index;
  }
  return undefined;
}

/** The first token whose line, depth or partner is not what counting line feeds and brackets from the start of the file gives. */
function layoutFault(source: string): number | undefined {
  const open: number[] = [];
  let line = 1;
  let at = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    const start = tokens.start[index] ?? 0;
    line += source.slice(at, start).split("\n").length - 1;
    at = start;
    const text = tokens.kind[index] === KIND.punctuation ? source.slice(start, tokens.end[index]) : "";
    const closed = /^[)\]}]$/.test(text) ? open.pop() : undefined;
    if (tokens.line[index] !== line || tokens.depth[index] !== open.length) return index;
    if (closed === undefined ? !isOpening(text) && tokens.partner[index] !== -1 : tokens.partner[index] !== closed) return index;
    if (closed !== undefined && tokens.partner[closed] !== index) return index;
    if (isOpening(text)) open.push(index);
  }
  return open.length === 0 ? undefined : open[0];
}

function isOpening(text: string): boolean {
  return text === "(" || text === "[" || text === "{" || text === "${";
}

/** The first token that is empty, out of order, beyond the source or wrongly paired. */
function orderFault(source: string): number | undefined {
  const { count, start, end, line, partner, kind } = tokens;
  let last = 0;
  let lastLine = 1;
  for (let index = 0; index < count; index += 1) {
    const [from = -1, to = -1, on = 0, other = -2] = [start[index], end[index], line[index], partner[index]];
    const isPaired = other === -1 || (other >= 0 && other < count && other !== index && partner[other] === index);
    if (from < last || to <= from || to > source.length || on < lastLine || !isPaired || !KIND_NAMES.has(kind[index] ?? 0))
      return index;
    last = to;
    lastLine = on;
  }
  return undefined;
}

type Damage = { kind: "delete line" | "truncate"; at: number } | { kind: "replace"; at: number; by: string };

function applyDamage(source: string, damage: Damage): string {
  const at = damage.at % (source.length + 1);
  if (damage.kind === "truncate") return source.slice(0, at);
  if (damage.kind === "replace") return source.slice(0, at) + damage.by + source.slice(at + 1);
  const from = source.lastIndexOf("\n", at - 1) + 1;
  const end = source.indexOf("\n", from);
  return source.slice(0, from) + (end === -1 ? "" : source.slice(end + 1));
}
