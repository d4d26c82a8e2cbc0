import { CHARACTER, CHARACTERS, characterAt, wordUnitsAt } from "./typescript-characters.ts";

/**
 * Where each kind of token ends. All take the source and the offset of the token's first character, look at no character before it,
 * and return the offset after its last one.
 */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const EXCLAMATION = 33;
const DOLLAR = 36;
const DASH = 45;
const DOT = 46;
const SLASH = 47;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const EQUALS = 61;
const GREATER = 62;
const QUESTION = 63;
const OPEN_SQUARE = 91;
const BACKSLASH = 92;
const CLOSE_SQUARE = 93;
const BACKTICK = 96;
const LOWER_E = 101;
const LOWER_N = 110;
const LOWER_U = 117;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const LOWER_CASE_BIT = 32;

/** The end of the word whose first character has been seen to be one. */
export function wordEnd(source: string, start: number): number {
  const { length } = source;
  let at = start;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code < 128) {
      if ((CHARACTERS[code] ?? 0) <= CHARACTER.digit) at += 1;
      else if (code === BACKSLASH) {
        const end = escapeEnd(source, at);
        if (end === at) return at;
        at = end;
      } else return at;
    } else {
      const units = wordUnitsAt(source, at);
      if (units === 0) return at;
      at += units;
    }
  }
  return at;
}

/** The end of a word in a tag, which may hold dashes. */
export function tagWordEnd(source: string, start: number): number {
  let at = wordEnd(source, start);
  while (source.charCodeAt(at) === DASH) at = wordEnd(source, at + 1);
  return at;
}

/** The end of an escaped character of a word, as in `\u0061` and `\u{61}`; `start` when it is none. */
export function escapeEnd(source: string, start: number): number {
  if (source.charCodeAt(start + 1) !== LOWER_U) return start;
  const isBraced = source.charCodeAt(start + 2) === OPEN_BRACE;
  const first = isBraced ? start + 3 : start + 2;
  let at = first;
  while (isHexDigit(source.charCodeAt(at)) && (isBraced || at < first + 4)) at += 1;
  if (isBraced) return at > first && source.charCodeAt(at) === CLOSE_BRACE ? at + 1 : start;
  return at === first + 4 ? at : start;
}

/** The end of a number: decimal, with another base, or of any size; digits that its base lacks end it. */
export function numberEnd(source: string, start: number): number {
  if (source.charCodeAt(start) === DIGIT_0) {
    const base = source.charCodeAt(start + 1) | LOWER_CASE_BIT;
    // x, o and b
    if (base === 120 || base === 111 || base === 98) return suffixEnd(source, digitsEnd(source, start + 2, base === 120));
  }
  let at = digitsEnd(source, start, false);
  if (source.charCodeAt(at) === LOWER_N) return at + 1;
  if (source.charCodeAt(at) === DOT) at = digitsEnd(source, at + 1, false);
  if ((source.charCodeAt(at) | LOWER_CASE_BIT) !== LOWER_E) return at;
  const sign = source.charCodeAt(at + 1);
  const exponent = sign === 43 || sign === DASH ? at + 2 : at + 1;
  const end = digitsEnd(source, exponent, false);
  return end === exponent ? at : end;
}

/** The end of a quoted string, which is the end of its line when nothing closes it. */
export function stringEnd(source: string, start: number): number {
  const { length } = source;
  const quote = source.charCodeAt(start);
  let at = start + 1;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === BACKSLASH) at += lineBreakPairAt(source, at + 1) ? 3 : 2;
    else if (code === LINE_FEED || code === CARRIAGE_RETURN) return at;
    else at += 1;
  }
  return length;
}

/** The end of an attribute's string: it knows no escapes and may go over several lines. */
export function tagStringEnd(source: string, start: number): number {
  const { length } = source;
  const quote = source.charCodeAt(start);
  for (let at = start + 1; at < length; at += 1) if (source.charCodeAt(at) === quote) return at + 1;
  return length;
}

/** The end of the characters of a template that go on at `from`: before its closing backtick, or before the `${` that interrupts it. */
export function templateChunkEnd(source: string, from: number): number {
  const { length } = source;
  let at = from;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === BACKTICK) return at;
    if (code === DOLLAR && source.charCodeAt(at + 1) === OPEN_BRACE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return length;
}

/** The end of a regular expression with its flags; `-(end of the line) - 1` when nothing closes it there. */
export function regexEnd(source: string, start: number): number {
  const { length } = source;
  let isInClass = false;
  let at = start + 1;
  while (at < length) {
    const code = source.charCodeAt(at);
    if (code === SLASH && !isInClass) return wordEnd(source, at + 1);
    if (isLineBreak(code)) break;
    if (code === OPEN_SQUARE) isInClass = true;
    else if (code === CLOSE_SQUARE) isInClass = false;
    at += code === BACKSLASH && !isLineBreak(source.charCodeAt(at + 1)) ? 2 : 1;
  }
  return -Math.min(at, length) - 1;
}

/** How often a punctuation character may repeat in one token, as `>` does three times in `>>>`. */
const REPEATS = punctuationTable([
  [2, "+-*&|<?"],
  [3, ">="],
]);
/** Bit n is set when n repetitions may be followed by `=`. */
const TAKES_EQUALS = punctuationTable([
  [0b0010, "+-/%^!"],
  [0b0110, "*&|<"],
  [0b0100, "?"],
  [0b1110, ">"],
]);

/** The end of the longest punctuation that begins here. */
export function punctuationEnd(source: string, start: number): number {
  const code = source.charCodeAt(start);
  const next = source.charCodeAt(start + 1);
  if (code === DOT) return next === DOT && source.charCodeAt(start + 2) === DOT ? start + 3 : start + 1;
  if (code === EQUALS && next === GREATER) return start + 2;
  if (code === QUESTION && next === DOT) return isDigit(source.charCodeAt(start + 2)) ? start + 1 : start + 2;
  const most = start + (REPEATS[code] ?? 1);
  let at = start + 1;
  while (at < most && source.charCodeAt(at) === code) at += 1;
  const bit = 1 << (at - start);
  if (((TAKES_EQUALS[code] ?? 0) & bit) === 0 || source.charCodeAt(at) !== EQUALS) return at;
  return code === EXCLAMATION && source.charCodeAt(at + 1) === EQUALS ? at + 2 : at + 1;
}

/** Where the line ends on which `from` is. */
export function lineEnd(source: string, from: number): number {
  const { length } = source;
  let at = from;
  while (at < length && !isLineBreak(source.charCodeAt(at))) at += 1;
  return at;
}

/** Whether a word begins here, be it with an escape. */
export function startsWord(source: string, at: number): boolean {
  if (at >= source.length) return false;
  const character = characterAt(source, at);
  return character === CHARACTER.letter || (character === CHARACTER.backslash && escapeEnd(source, at) > at);
}

function isLineBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN || code === 0x2028 || code === 0x2029;
}

function lineBreakPairAt(source: string, at: number): boolean {
  return source.charCodeAt(at) === CARRIAGE_RETURN && source.charCodeAt(at + 1) === LINE_FEED;
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

function isHexDigit(code: number): boolean {
  const lower = code | LOWER_CASE_BIT;
  return isDigit(code) || (lower >= 97 && lower <= 102);
}

/** The end of digits and their separators. */
function digitsEnd(source: string, from: number, isHex: boolean): number {
  let at = from;
  for (;;) {
    const code = source.charCodeAt(at);
    if (!(isDigit(code) || code === 95 || (isHex && isHexDigit(code)))) return at;
    at += 1;
  }
}

function suffixEnd(source: string, at: number): number {
  return source.charCodeAt(at) === LOWER_N ? at + 1 : at;
}

function punctuationTable(entries: readonly (readonly [number, string])[]): Uint8Array {
  const table = new Uint8Array(128);
  for (const [value, members] of entries) for (const member of members) table[member.charCodeAt(0)] = value;
  return table;
}
