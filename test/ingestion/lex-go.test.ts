import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lexGo } from "../../functions/ingestion/mining/lex-go.ts";
import { createTokens, KIND } from "../../functions/ingestion/mining/tokens.ts";
import { expectRobust } from "./lexing-promises.ts";
import { readByTokens, readGoByGrammar } from "./read-by-grammar.ts";
import { readCorpus } from "./read-corpus.ts";

const CORPUS = readCorpus("test/ingestion/fixtures/go", /\.go$/);
const tokens = createTokens();

/** Tokens by their text; the ends of lines that end a statement by a mark. */
function lex(source: string): string[] {
  lexGo({ source, tokens });
  return Array.from({ length: tokens.count }, (_, at) =>
    tokens.kind[at] === KIND.lineEnd ? "⏎" : source.slice(tokens.start[at], tokens.end[at]),
  );
}

describe("The lexer of Go", () => {
  it.each<[what: string, source: string, expected: string]>([
    [
      "ends statements where the language puts a semicolon",
      "a\nb()\nc[0]\nd++\nreturn\n1\n`e`\n'f'\ng {\n}\n",
      "a ⏎ b ( ) ⏎ c [ 0 ] ⏎ d ++ ⏎ return ⏎ 1 ⏎ `e` ⏎ 'f' ⏎ g { } ⏎",
    ],
    ["goes on after operators, commas and other keywords", "a +\nb,\nc.\nd :=\nfor\nif\nx", "a + b , c . d := for if x ⏎"],
    ["puts the semicolon before a comment that goes to the next line", "a // b\nc /* d */ e /* f\n*/ g", "a ⏎ c e ⏎ g ⏎"],
    ["lets strings in backticks go over lines, without escapes", 'a = `b\\\nc` + `"`', 'a = `b\\\nc` + `"` ⏎'],
    ["knows runes", "'\\'' '\\\\' '\"' '`' '本'", "'\\'' '\\\\' '\"' '`' '本' ⏎"],
    ["ends an open string with its line", "a = \"b\nc = 'd\ne", "a = \"b ⏎ c = 'd ⏎ e ⏎"],
    ["knows numbers", "0x1p-2 1_0.5e3i .5 0b1 0o7 1.e 0xF.Fp1 3.x", "0x1p-2 1_0.5e3i .5 0b1 0o7 1.e 0xF.Fp1 3. x ⏎"],
    ["takes the longest operator", "a &^= b <<= c <- d ... e &^ f :=", "a &^= b <<= c <- d ... e &^ f :="],
    ["knows letters of any alphabet", "größe := 変数", "größe := 変数 ⏎"],
    ["lets a brace outlive brackets that nothing closes", "f(a, [b }\ng", "f ( a , [ b } ⏎ g ⏎"],
  ])("%s", (_, source, expected) => expect(lex(source).join(" ")).toBe(expected));

  it("pairs a brace across a bracket that nothing closes", () => {
    lex("{ ( }");
    expect([...tokens.partner.slice(0, 3)]).toEqual([2, -1, 0]);
  });

  it("says on which line each token begins, and how deep", () => {
    lex("a := `\n`\nf(\n\tb /*\n*/ )\n");
    const lines = Array.from({ length: tokens.count }, (_, at) => `${tokens.line[at]}/${tokens.depth[at]}`);
    expect(lines.join(" ")).toBe("1/0 1/0 1/0 2/0 3/0 3/0 4/1 4/1 5/0 5/0");
    expect([tokens.commentCount, tokens.commentLines]).toEqual([1, 2]);
  });

  it("agrees with a grammar about every token and pair of brackets of programs", () => {
    let compared = 0;
    for (const { path, source } of CORPUS) {
      // The grammar is of the Go before type parameters.
      const plain = withoutTypeParameters(source);
      const expected = readGoByGrammar(plain);
      if (expected === undefined) expect.fail(path);
      lexGo({ source: plain, tokens });
      const { tokens: own, pairs } = readByTokens({ source: plain, tokens });
      expect({ tokens: own, pairs }, path).toEqual({ tokens: expected.tokens, pairs: expected.pairs });
      compared += own.length;
    }
    expect(compared).toBeGreaterThan(1_000);
  });

  it("agrees with the grammar about programs of any shape", () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 6 }), (statements) => {
        const source = `package a\n\nfunc f() {\n${statements.join("\n")}\n}\n`;
        lexGo({ source, tokens });
        const expected = readGoByGrammar(source);
        const { tokens: own, pairs } = readByTokens({ source, tokens });
        expect({ tokens: own, pairs }, source).toEqual({ tokens: expected?.tokens, pairs: expected?.pairs });
      }),
    );
  });

  it("ends with ordered tokens for any text", () => {
    const parts = [
      "'",
      '"',
      "`",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      ":",
      ":=",
      "\\",
      "\n",
      "\r\n",
      "\t",
      "//",
      "/*",
      "*/",
      "func ",
      "return",
      "a",
      "1e",
      "0x",
      "<-",
      ";",
      "\u2028",
      "é",
    ];
    expectRobust({ lex: lexGo, parts, sources: CORPUS.map(({ source }) => source) });
  });
});

function withoutTypeParameters(source: string): string {
  return source
    .replace(/\tset\[K.*?\n\t\}\n\tnumber.*?\n\t\}\n/s, "")
    .replace(/func sum\[.*?\n\}\n/s, "")
    .replace(/func \(s \*set\[.*?\n\}\n/s, "");
}

const expression = fc.constantFrom(
  "a",
  "1.5i",
  '"b"',
  "`c\nd`",
  "'e'",
  "f(g, h...)",
  "[]int{1,\n2,\n}",
  "*p",
  "-x << 2",
  "m[k].n",
  "func() {}",
  "<-c",
  "T{A: 1}",
  "v.(error)",
);
const { statement } = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(fc.constantFrom("x = ", "x := ", "return ", "go f", "x += "), expression)
      .map(([head, value]) => (head === "go f" ? "go f()" : head + value)),
    fc.tuple(expression, expression).map(([left, right]) => `x = ${left}; y = ${right} // z`),
    fc
      .tuple(
        fc.constantFrom("if a {", "for i := 0; i < n; i++ {", "for {", "switch {\ncase b:", "if err := f(); err != nil {"),
        tie("statement"),
      )
      .map(([head, body]) => `${head}\n${body}\n}`),
  ),
}));
