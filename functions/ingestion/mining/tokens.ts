/**
 * What a token is. Words that a declaration may bind (`async`, `of`, `type`) are `word`; reserved words are `keyword`. The last three have no
 * text: `lineEnd` is the end of a statement that no semicolon ends, `indent` and `dedent` are the brackets of a block that has none.
 */
export const KIND = {
  word: 1,
  keyword: 2,
  number: 3,
  string: 4,
  template: 5,
  regex: 6,
  punctuation: 7,
  jsxText: 8,
  lineEnd: 9,
  indent: 10,
  dedent: 11,
} as const;

/**
 * The tokens of one source text as parallel arrays, of which the first `count` entries count. Comments and white space are no tokens.
 * The arrays are reused between files, and replaced by larger ones when a file needs them: read them anew after each lex.
 */
export interface Tokens {
  count: number;
  /** One of `KIND`. */
  kind: Uint8Array;
  /** UTF-16 offset of the first character. */
  start: Int32Array;
  /** UTF-16 offset after the last character. */
  end: Int32Array;
  /** Line of the first character, from 1. */
  line: Int32Array;
  /** How many brackets `( [ { ${`, indents among them, are open around the token; both of a pair have the depth outside of them. */
  depth: Uint16Array;
  /** Of a bracket the index of its partner; -1 of any other token and of a bracket that has none. */
  partner: Int32Array;
  /** Comments met, and how many lines they touch. */
  commentCount: number;
  commentLines: number;
}

/** Empty tokens with room for `capacity` of them. */
export function createTokens(capacity = 16_384): Tokens {
  return {
    count: 0,
    kind: new Uint8Array(capacity),
    start: new Int32Array(capacity),
    end: new Int32Array(capacity),
    line: new Int32Array(capacity),
    depth: new Uint16Array(capacity),
    partner: new Int32Array(capacity),
    commentCount: 0,
    commentLines: 0,
  };
}

/** Replaces the arrays by larger ones with the same tokens. */
export function growTokens(tokens: Tokens): void {
  const larger = createTokens(tokens.kind.length * 2);
  larger.kind.set(tokens.kind);
  larger.start.set(tokens.start);
  larger.end.set(tokens.end);
  larger.line.set(tokens.line);
  larger.depth.set(tokens.depth);
  larger.partner.set(tokens.partner);
  const { count, commentCount, commentLines } = tokens;
  Object.assign(tokens, larger, { count, commentCount, commentLines });
}
