/** What a character of TypeScript source begins. The first two are the characters of a word. */
export const CHARACTER = {
  letter: 1,
  digit: 2,
  space: 3,
  lineBreak: 4,
  quote: 5,
  backtick: 6,
  slash: 7,
  dot: 8,
  hash: 9,
  backslash: 10,
  punctuation: 11,
  unknown: 12,
} as const;

/** The character class of each ASCII code. */
export const CHARACTERS = asciiTable([
  [CHARACTER.letter, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_"],
  [CHARACTER.digit, "0123456789"],
  [CHARACTER.space, " \t\v\f"],
  [CHARACTER.lineBreak, "\n\r"],
  [CHARACTER.quote, "\"'"],
  [CHARACTER.backtick, "`"],
  [CHARACTER.slash, "/"],
  [CHARACTER.dot, "."],
  [CHARACTER.hash, "#"],
  [CHARACTER.backslash, "\\"],
  [CHARACTER.punctuation, "(){}[]<>=!+-*%&|^~?:;,@"],
]);

const ID_START = /\p{ID_Start}/u;
const ID_CONTINUE = /[\p{ID_Continue}\u200c\u200d]/u;
const SPACE = /[\s\u0085\u200b]/;

/** The character class of the code point at `at`; beyond ASCII it is `letter`, `space`, `lineBreak` or `unknown`. */
export function characterAt(source: string, at: number): number {
  const code = source.charCodeAt(at);
  if (code < 128) return CHARACTERS[code] ?? CHARACTER.unknown;
  if (code === 0x2028 || code === 0x2029) return CHARACTER.lineBreak;
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (ID_START.test(character)) return CHARACTER.letter;
  return SPACE.test(character) ? CHARACTER.space : CHARACTER.unknown;
}

/** How many code units the code point at `at` takes when it may continue a word, else 0. Meant for what is not ASCII. */
export function wordUnitsAt(source: string, at: number): number {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  return ID_CONTINUE.test(character) ? character.length : 0;
}

function asciiTable(classes: readonly (readonly [number, string])[]): Uint8Array {
  const table = new Uint8Array(128).fill(CHARACTER.unknown);
  for (const [character, members] of classes) {
    for (const member of members) table[member.charCodeAt(0)] = character;
  }
  return table;
}
