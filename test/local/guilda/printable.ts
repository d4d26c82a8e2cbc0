/** What moves a cursor, hides text or turns its direction, in a terminal or a page. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text of a stranger for a terminal: what could act on it is spelled out, as in `\u001b`. Inside of JSON it stays the same text. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (unit) =>
    Array.from({ length: unit.length }, (_, index) => `\\u${unit.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}
