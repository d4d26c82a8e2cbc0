import type { Code } from "./code.ts";
import { isTypeDeclaration } from "./names.ts";

/**
 * - `object-type`: each interface, and each type alias that is one object type. Mapped types, and unions and intersections, are no
 *   opportunities.
 * - `closed-set`: each `enum`, and each type alias that is a union of string literals. Constant objects are not seen.
 * - `array-type`: each array type of a single plain name; read-only ones are left out.
 * - `untyped`: each `any` and `unknown` where a type stands alone, begins, or is the last argument.
 */
export function typeFacts(code: Code): void {
  if (!code.isTypescript) return;
  for (const at of code.at("interface")) if (isTypeDeclaration(code, at)) code.emit("object-type", "interface", at, at + 1);
  for (const at of code.at("enum")) if (code.isWord(at + 1) && code.is(at + 2, "{")) code.emit("closed-set", "enum", at, at + 1);
  for (const at of code.at("type")) if (isTypeDeclaration(code, at)) aliasFacts(code, at);
  arrayFacts(code);
  for (const word of ["any", "unknown"])
    for (const at of code.at(word)) if (isWholeType(code, at)) code.emit("untyped", word, at);
}

function aliasFacts(code: Code, at: number): void {
  const body = (code.is(at + 2, "<") ? code.afterTypeArguments(at + 2) : at + 2) + 1;
  if (code.is(body, "{")) {
    const after = code.partner(body) + 1;
    const isAlone =
      after > 0 && !code.is(after, "&") && !code.is(after, "|") && !code.is(after, "[") && !code.is(after, "extends");
    if (isAlone && !isMapped(code, body + 1)) code.emit("object-type", "type", at, at + 1);
  } else if (isUnionOfStrings(code, body)) code.emit("closed-set", "union", at, at + 1);
}

function isMapped(code: Code, at: number): boolean {
  const first = code.is(at, "readonly") ? at + 1 : at;
  if (code.is(at, "+") || code.is(at, "-")) return true;
  return code.is(first, "[") && code.is(first + 2, "in");
}

/** At least two of them. */
function isUnionOfStrings(code: Code, from: number): boolean {
  let at = code.is(from, "|") ? from + 1 : from;
  let members = 0;
  while (code.isString(at)) {
    members += 1;
    if (!code.is(at + 1, "|")) return members > 1 && (code.is(at + 1, ";") || code.startsLine(at + 1));
    at += 2;
  }
  return false;
}

function arrayFacts(code: Code): void {
  for (const at of code.at("[")) {
    if (!code.is(at + 1, "]") || !code.isWord(at - 1) || code.end(at - 1) !== code.start(at)) continue;
    // The last brackets of a read-only list of lists are the read-only ones.
    if (code.is(at - 2, "readonly") && !code.is(at + 2, "[")) continue;
    if (/^(?:\.|\?\.|keyof|typeof|infer)$/.test(code.text(at - 2))) continue;
    code.emit("array-type", "T[]", at - 1, at + 1);
  }
  for (const at of code.at("Array")) {
    const isPlain = code.is(at + 1, "<") && code.isWord(at + 2) && code.text(at + 3).startsWith(">");
    const isValue = code.is(at - 1, "new") || code.is(at + 4, "(") || (code.is(at - 1, "extends") && code.is(at + 4, "{"));
    if (isPlain && !isValue) code.emit("array-type", "Array<T>", at, at + 3);
  }
}

function isWholeType(code: Code, at: number): boolean {
  if (/^(?::|as|<|\||&|=>|satisfies)$/.test(code.text(at - 1))) return !code.is(at + 1, "(") && !code.is(at + 1, ".");
  return code.is(at - 1, ",") && code.text(at + 1).startsWith(">");
}
