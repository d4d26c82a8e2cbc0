import { CHARACTER, characterAt, wordUnitsAt } from "./typescript-characters.ts";

/**
 * Where each kind of token of Python ends. All take the source and the offset of the token's first character, and return the offset after
 * its last one.
 */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const UPPER_N = 78;
const LOWER_CASE_BIT = 32;

/** What a literal of text is, as its prefix and its quotes tell. */
export interface TextForm {
  quote: number;
  isTriple: boolean;
  isRaw: boolean;
}

/** 1 for the characters of a word, 2 for its digits, 0 for the others. */
const WORD = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") WORD[character.charCodeAt(0)] = 1;
for (const digit of "0123456789") WORD[digit.charCodeAt(0)] = 2;

export function startsPythonWord(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return code < 128 ? WORD[code] === 1 : characterAt(source, at) === CHARACTER.letter;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The end of the word, which may be `start` itself. */
export function pythonWordEnd(source: string, start: number): number {
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
export function pythonNumberEnd(source: string, start: number): number {
  if (source.charCodeAt(start) === 48) {
    const base = source.charCodeAt(start + 1) | LOWER_CASE_BIT;
    // x, o and b
    if (base === 120 || base === 111 || base === 98) return digitsEnd(source, start + 2, base === 120);
  }
  let at = digitsEnd(source, start, false);
  if (source.charCodeAt(at) === 46) at = digitsEnd(source, at + 1, false);
  if ((source.charCodeAt(at) | LOWER_CASE_BIT) === 101) {
    const sign = source.charCodeAt(at + 1);
    const exponent = sign === 43 || sign === 45 ? at + 2 : at + 1;
    if (isDigit(source.charCodeAt(exponent))) at = digitsEnd(source, exponent, false);
  }
  return (source.charCodeAt(at) | LOWER_CASE_BIT) === 106 ? at + 1 : at;
}

function digitsEnd(source: string, from: number, isHex: boolean): number {
  let at = from;
  for (;;) {
    const code = source.charCodeAt(at);
    const lower = code | LOWER_CASE_BIT;
    if (!(isDigit(code) || code === 95 || (isHex && lower >= 97 && lower <= 102))) return at;
    at += 1;
  }
}

/** Whether the word between the offsets may be the prefix of a literal. */
export function isTextPrefix(source: string, start: number, end: number): boolean {
  if (end - start > 2) return false;
  return /^(?:[rbuft]|r[bft]|[bft]r)$/i.test(source.slice(start, end));
}

/** The end of a literal whose content begins at `from`: where its line ends when nothing closes it, and the text's for triple quotes. */
export function pythonStringEnd(source: string, from: number, { quote, isTriple }: TextForm): number {
  const { length } = source;
  let at = from;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === quote && (!isTriple || closesTriple(source, at))) return at + (isTriple ? 3 : 1);
    if (code === BACKSLASH) at += escapeLength(source, at);
    else if (!isTriple && isLineBreak(code)) return at;
    else at += 1;
  }
  return length;
}

/**
 * The end of a chunk of a formatted literal that goes on at `from`: before the `{` or `}` that interrupts it, the quotes that close it,
 * or the line break that ends it unclosed.
 *
 * @param isFormat whether the chunk is a format, in which braces cannot be doubled.
 */
export function textChunkEnd(source: string, from: number, { quote, isTriple, isRaw }: TextForm, isFormat: boolean): number {
  const { length } = source;
  let at = from;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === quote && (!isTriple || closesTriple(source, at))) return at;
    if (code === OPEN_BRACE || code === CLOSE_BRACE) {
      const isDouble = !isFormat && source.charCodeAt(at + 1) === code;
      if (!isDouble && (code === OPEN_BRACE || isFormat)) return at;
      at += isDouble ? 2 : 1;
    } else if (code === BACKSLASH) at += isRaw ? rawEscapeLength(source, at, quote) : formattedEscapeLength(source, at);
    else if (!isTriple && isLineBreak(code)) return at;
    else at += 1;
  }
  return length;
}

function formattedEscapeLength(source: string, at: number): number {
  const next = source.charCodeAt(at + 1);
  if (next === UPPER_N && source.charCodeAt(at + 2) === OPEN_BRACE) {
    let end = at + 3;
    while (end < source.length && /[\w -]/.test(source.charAt(end))) end += 1;
    if (source.charCodeAt(end) === CLOSE_BRACE) return end + 1 - at;
  }
  return next === OPEN_BRACE || next === CLOSE_BRACE ? 1 : escapeLength(source, at);
}

function rawEscapeLength(source: string, at: number, quote: number): number {
  const next = source.charCodeAt(at + 1);
  return next === quote || next === BACKSLASH || isLineBreak(next) ? escapeLength(source, at) : 1;
}

function escapeLength(source: string, at: number): number {
  return source.charCodeAt(at + 1) === CARRIAGE_RETURN && source.charCodeAt(at + 2) === LINE_FEED ? 3 : 2;
}

/** Whether three of the quote are here. */
export function closesTriple(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return source.charCodeAt(at + 1) === code && source.charCodeAt(at + 2) === code;
}

const DOUBLED = new Set(["**", "//", ">>", "<<"]);
const PAIRS = new Set(["->", ":=", "!=", "==", "<=", ">=", "<>", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|=", "^="]);

/** The end of the longest operator that begins here. */
export function pythonOperatorEnd(source: string, start: number): number {
  const code = source.charCodeAt(start);
  const next = source.charCodeAt(start + 1);
  // Most are alone.
  if (next !== 61 && next !== 62 && next !== code) return (source.codePointAt(start) ?? 0) > 0xffff ? start + 2 : start + 1;
  const pair = source.slice(start, start + 2);
  if (DOUBLED.has(pair)) return source.charCodeAt(start + 2) === 61 ? start + 3 : start + 2;
  if (PAIRS.has(pair)) return start + 2;
  return source.startsWith("...", start) ? start + 3 : start + 1;
}

export function isLineBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}

/** Where the line ends on which `from` is. */
export function pythonLineEnd(source: string, from: number): number {
  const { length } = source;
  let at = from;
  while (at < length && !isLineBreak(source.charCodeAt(at))) at += 1;
  return at;
}
