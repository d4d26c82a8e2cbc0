const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);
/** Those that stand in no bracket: at the beginning of a line they show that the brackets around them lack their ends. */
const STATEMENTS = new Set(
  "assert break class continue def del elif except finally global import nonlocal pass raise return try while with".split(" "),
);
/** By first character and length whether a word may be reserved, so that most names are not cut out of the source. */
const MAYBE_KEYWORD = new Uint8Array(128 * 16);
for (const word of KEYWORDS) MAYBE_KEYWORD[word.charCodeAt(0) * 16 + word.length] = 1;

/** Whether the word between the offsets is reserved. */
export function isPythonKeyword(source: string, start: number, end: number): boolean {
  const first = source.charCodeAt(start);
  const length = end - start;
  return first < 128 && length < 16 && MAYBE_KEYWORD[first * 16 + length] === 1 && KEYWORDS.has(source.slice(start, end));
}

/** Whether the word between the offsets begins a statement and nothing else. */
export function isPythonStatement(source: string, start: number, end: number): boolean {
  return isPythonKeyword(source, start, end) && STATEMENTS.has(source.slice(start, end));
}
