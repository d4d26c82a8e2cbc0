/**
 * What may stand after a token, as far as it tells a regular expression from a division, an element from a comparison, and a block
 * from an object literal.
 */
export const AFTER = {
  /** An expression may begin; `{` opens a block. */
  statement: 0,
  /** An expression must begin; `{` opens an object literal. */
  operator: 1,
  /** `/` divides, `<` compares or opens type arguments, `{` opens a block. */
  operand: 2,
  /** `(` opens a head such as that of `if`, after whose `)` a statement begins. */
  control: 3,
  /** The next word names a member, whatever it says. */
  dot: 4,
} as const;

/** The words that strict code may not bind, by what may stand after them. */
const KEYWORDS: readonly (readonly [number, string])[] = [
  [AFTER.operator, "await case default delete in instanceof return throw typeof yield"],
  [AFTER.statement, "do else finally try void"],
  [AFTER.control, "for if while with"],
  [
    AFTER.operand,
    "break catch class const continue debugger enum export extends false function implements import interface let new null package " +
      "private protected public static super switch this true var",
  ],
];

const MINIMUM_LENGTH = 2;
const MAXIMUM_LENGTH = 10;
const SLOTS = 256;

const keywordOfSlot: string[] = new Array(SLOTS).fill("");
const afterOfSlot = new Uint8Array(SLOTS);

for (const [after, words] of KEYWORDS) {
  for (const word of words.split(" ")) {
    const slot = slotOf(word, 0, word.length);
    if (keywordOfSlot[slot] !== "") throw new Error(`The keywords ${keywordOfSlot[slot]} and ${word} share a slot.`);
    keywordOfSlot[slot] = word;
    afterOfSlot[slot] = after;
  }
}

/** What may stand after the keyword at `start`, one of `AFTER`; -1 when the word is no keyword. */
export function afterKeyword(source: string, start: number, end: number): number {
  const length = end - start;
  if (length < MINIMUM_LENGTH || length > MAXIMUM_LENGTH) return -1;
  const slot = slotOf(source, start, length);
  const keyword = keywordOfSlot[slot] ?? "";
  return keyword.length === length && source.startsWith(keyword, start) ? (afterOfSlot[slot] ?? -1) : -1;
}

/** No two keywords agree in their first two letters and their length; the factors keep them all apart, as is checked on load. */
function slotOf(source: string, start: number, length: number): number {
  return (source.charCodeAt(start) + source.charCodeAt(start + 1) * 8 + length * 15) % SLOTS;
}
