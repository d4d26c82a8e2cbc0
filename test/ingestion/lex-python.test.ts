import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lexPython } from "../../functions/ingestion/mining/lex-python.ts";
import { createTokens, KIND } from "../../functions/ingestion/mining/tokens.ts";
import { expectRobust } from "./lexing-promises.ts";
import { readByTokens, readPythonByGrammar } from "./read-by-grammar.ts";
import { readCorpus } from "./read-corpus.ts";

const NAMES = new Map(Object.entries(KIND).map(([name, kind]) => [kind as number, name]));
const MARKS: Readonly<Record<string, string>> = { lineEnd: "⏎", indent: "⇥", dedent: "⇤" };
const CORPUS = readCorpus("node_modules/node-gyp/gyp", /\.py$/);
const tokens = createTokens();

/** Tokens by their text; what has none by its mark. */
function lex(source: string): string[] {
  lexPython({ source, tokens });
  return Array.from({ length: tokens.count }, (_, at) => {
    const mark = MARKS[NAMES.get(tokens.kind[at] ?? 0) ?? ""];
    return mark ?? source.slice(tokens.start[at], tokens.end[at]);
  });
}

describe("The lexer of Python", () => {
  it.each<[what: string, source: string, expected: string]>([
    ["ends statements at line ends, and not in brackets", "a = (1,\n  2)\nb", "a = ( 1 , 2 ) ⏎ b ⏎"],
    ["lets a backslash continue a line", "a = 1 + \\\n  2\r\nb = \\\r\n 3", "a = 1 + 2 ⏎ b = 3 ⏎"],
    ["opens and closes blocks by their indentation", "if a:\n  if b:\n    c\nd", "if a : ⏎ ⇥ if b : ⏎ ⇥ c ⏎ ⇤ ⇤ d ⏎"],
    ["counts a tab up to the next multiple of eight", "if a:\n\tb\n        c\n    \td", "if a : ⏎ ⇥ b ⏎ c ⏎ d ⏎ ⇤"],
    ["takes no indentation from blank lines and comments", "if a:\n  b\n\n# c\n    # d\n  e", "if a : ⏎ ⇥ b ⏎ e ⏎ ⇤"],
    ["starts the columns anew after a form feed", "if a:\n  b\n\f  c\n\fd", "if a : ⏎ ⇥ b ⏎ c ⏎ ⇤ d ⏎"],
    ["knows prefixes of literals", `rb'\\' x' Rb"" u'' bytes'' f"" `, `rb'\\' x' Rb"" u'' bytes '' f"" ⏎`],
    ["lets triple quotes go over lines", `a = """b\n"c"" \\""" d"""\ne`, `a = """b\n"c"" \\""" d""" ⏎ e ⏎`],
    ["ends an open literal with its line", `a = 'b\nc`, `a = 'b ⏎ c ⏎`],
    ["takes fields apart", `f"a{b}c{d!r:>{e}.2f}g"`, `f"a { b } c { d ! r : > { e } .2f } g" ⏎`],
    ["keeps doubled braces and names of characters", `f"{{a}} \\N{DASH} {b}"`, `f"{{a}} \\N{DASH}  { b } " ⏎`],
    ["nests literals in fields", `f"a{f'b{c["d"]}'}e" f'{a['b']}'`, `f"a { f'b { c [ "d" ] } ' } e" f' { a [ 'b' ] } ' ⏎`],
    [
      "tells a format from a slice, a lambda and a walrus",
      `f"{a[1:2]}{(b:=3)}{(lambda: 4)()}{c:=5}"`,
      `f" { a [ 1 : 2 ] } { ( b := 3 ) } { ( lambda : 4 ) ( ) } { c : =5 } " ⏎`,
    ],
    ["knows numbers", "0xFFl 1_000.5e-3j .5 1..real 0b1 1if a else 0o7", "0xFF l 1_000.5e-3j .5 1. . real 0b1 1 if a else 0o7 ⏎"],
    ["takes the longest operator", "a **= b // c != d -> e := f ... @= g", "a **= b // c != d -> e := f ... @= g ⏎"],
    [
      "ends open brackets at a line that begins with a statement",
      "a = [1, (2\nwhile b:\n  c = {\n  return d\ne",
      "a = [ 1 , ( 2 ⏎ while b : ⏎ ⇥ c = { ⏎ return d ⏎ ⇤ e ⏎",
    ],
    ["knows letters of any alphabet", "größe = 変数 + 𝐱", "größe = 変数 + 𝐱 ⏎"],
  ])("%s", (_, source, expected) => expect(lex(source).join(" ")).toBe(expected));

  it("says on which line each token begins, and how deep", () => {
    lex('a = """\n\n"""\nif b:\n  c(\n    d)\n');
    const lines = Array.from({ length: tokens.count }, (_, at) => `${tokens.line[at]}/${tokens.depth[at]}`);
    expect(lines.join(" ")).toBe("1/0 1/0 1/0 3/0 4/0 4/0 4/0 4/0 5/0 5/1 5/1 6/2 6/1 6/1 7/0");
  });

  it("counts comments and the lines they touch", () => {
    lex("# a\nb # c\n'# d'\n");
    expect([tokens.commentCount, tokens.commentLines]).toEqual([2, 2]);
  });

  it("agrees with a grammar about every token, pair of brackets, statement and block of real programs", () => {
    let compared = 0;
    for (const { path, source } of CORPUS) {
      const expected = readPythonByGrammar(source);
      if (expected === undefined) continue;
      lexPython({ source, tokens });
      expect(readByTokens({ source, tokens }), path).toEqual(expected);
      compared += 1;
    }
    expect(CORPUS.length).toBeGreaterThan(50);
    expect(compared).toBeGreaterThanOrEqual(CORPUS.length - 1);
  });

  it("agrees with the grammar about programs of any shape", () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 6 }), (lines) => {
        const source = lines.flat().join("\n").concat("\n");
        lexPython({ source, tokens });
        expect(readByTokens({ source, tokens }), source).toEqual(readPythonByGrammar(source));
      }),
    );
  });

  it("ends with ordered tokens for any text", () => {
    const parts = [
      "'",
      '"',
      '"""',
      "f'",
      'f"{',
      "rf'''",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      ":",
      "!",
      "\\",
      "\n",
      "\r\n",
      "\t",
      "  ",
      "#",
      "def ",
      "return ",
      "a",
      "1e",
      "\f",
      ";",
      "\u2028",
      "é",
    ];
    expectRobust({ lex: lexPython, parts, sources: CORPUS.slice(0, 12).map(({ source }) => source) });
  });
});

const expression = fc.constantFrom(
  "a",
  "1.5j",
  "'b'",
  `f"{c!r:>{d}}"`,
  "(a,\n)",
  "{e: [f,\n 1]}",
  "lambda x: y",
  "not z",
  `"""t\n"""`,
  "g[1:2](h=3)",
);
/** Its lines without an indentation of their own: those in literals and brackets keep what they have. */
const { statement } = fc.letrec<{ statement: string[] }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(fc.constantFrom("x = ", "return ", "assert ", "x += "), expression).map(([head, value]) => [head + value]),
    fc.tuple(expression, expression).map(([left, right]) => [`x = ${left}; y = ${right}`]),
    fc
      .tuple(
        fc.constantFrom("if a:", "while (b\n):", "def f(c,\n d=1) -> e:", "with g as h: # i"),
        tie("statement"),
        fc.constantFrom("  ", "\t"),
      )
      .map(([head, body, indent]) => [head, "", ...body.map((line) => (line === "" ? line : indent + line))]),
    fc
      .tuple(tie("statement"), tie("statement"))
      .map(([left, right]) => ["try:", ...left.map((line) => ` ${line}`), "finally:", ...right.map((line) => `  ${line}`)]),
  ),
}));
