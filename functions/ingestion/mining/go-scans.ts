import { CHARACTER, characterAt, wordUnitsAt } from "./typescript-characters.ts";

/**
 * Where each kind of token of Go ends. All take the source and the offset of the token's first character, and return the offset after its
 * last one.
 */

const LINE_FEED = 10;
const BACKSLASH = 92;
const LOWER_CASE_BIT = 32;

const KEYWORDS = new Set(
  (
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return " +
    "select struct switch type var"
  ).split(" "),
);
/** By first character and length whether a word may be reserved, so that most names are not cut out of the source. */
const MAYBE_KEYWORD = new Uint8Array(128 * 16);
for (const word of KEYWORDS) MAYBE_KEYWORD[word.charCodeAt(0) * 16 + word.length] = 1;

/** 1 for the characters of a word, 2 for its digits, 0 for the others. */
const WORD = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") WORD[character.charCodeAt(0)] = 1;
for (const digit of "0123456789") WORD[digit.charCodeAt(0)] = 2;

/** Whether the word between the offsets is reserved. */
export function isGoKeyword(source: string, start: number, end: number): boolean {
  const first = source.charCodeAt(start);
  const length = end - start;
  return first < 128 && length < 16 && MAYBE_KEYWORD[first * 16 + length] === 1 && KEYWORDS.has(source.slice(start, end));
}

export function startsGoWord(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return code < 128 ? WORD[code] === 1 : characterAt(source, at) === CHARACTER.letter;
}

export function isGoDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The end of the word, which may be `start` itself. */
export function goWordEnd(source: string, start: number): number {
  let at = start;
  for (;;) {
    const code = source.charCodeAt(at);
    if (code < 128) {
      if (WORD[code] === 0) return at;
      at += 1;
    } else {
      const units = at < source.length ? wordUnitsAt(source, at) : 0;
      if (units === 0) return at;
      at += units;
    }
  }
}

/** The end of a number with its digits' separators, exponent and mark of the imaginary. */
export function goNumberEnd(source: string, start: number): number {
  const base = source.charCodeAt(start) === 48 ? source.charCodeAt(start + 1) | LOWER_CASE_BIT : 0;
  const isHex = base === 120;
  // x, o and b
  let at = isHex || base === 111 || base === 98 ? start + 2 : start;
  at = digitsEnd(source, at, isHex);
  if (source.charCodeAt(at) === 46) at = digitsEnd(source, at + 1, isHex);
  // The exponent of a hexadecimal number is marked by p.
  if ((source.charCodeAt(at) | LOWER_CASE_BIT) === (isHex ? 112 : 101)) {
    const sign = source.charCodeAt(at + 1);
    at = digitsEnd(source, sign === 43 || sign === 45 ? at + 2 : at + 1, false);
  }
  return source.charCodeAt(at) === 105 ? at + 1 : at;
}

function digitsEnd(source: string, from: number, isHex: boolean): number {
  let at = from;
  for (;;) {
    const code = source.charCodeAt(at);
    const lower = code | LOWER_CASE_BIT;
    if (!(isGoDigit(code) || code === 95 || (isHex && lower >= 97 && lower <= 102))) return at;
    at += 1;
  }
}

/** The end of a string or a rune, which is the end of its line when nothing closes it. */
export function goStringEnd(source: string, start: number): number {
  const { length } = source;
  const quote = source.charCodeAt(start);
  let at = start + 1;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === LINE_FEED) return at;
    at += code === BACKSLASH && source.charCodeAt(at + 1) !== LINE_FEED ? 2 : 1;
  }
  return length;
}

/** The end of a string in backticks, which is the end of the text when nothing closes it. */
export function goRawStringEnd(source: string, start: number): number {
  const closing = source.indexOf("`", start + 1);
  return closing === -1 ? source.length : closing + 1;
}

const TRIPLES = new Set(["<<=", ">>=", "&^=", "..."]);
const PAIRS = new Set([
  "<<",
  ">>",
  "&^",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  "&&",
  "||",
  "<-",
  "++",
  "--",
  "==",
  "!=",
  "<=",
  ">=",
  ":=",
]);
/** The characters that any operator goes on with. */
const CONTINUES = new Set([..."<>&^=|-+."].map((character) => character.charCodeAt(0)));

/** The end of the longest operator that begins here. */
export function goOperatorEnd(source: string, start: number): number {
  if (!CONTINUES.has(source.charCodeAt(start + 1))) return (source.codePointAt(start) ?? 0) > 0xffff ? start + 2 : start + 1;
  if (TRIPLES.has(source.slice(start, start + 3))) return start + 3;
  return PAIRS.has(source.slice(start, start + 2)) ? start + 2 : start + 1;
}
