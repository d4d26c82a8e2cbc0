const FUNCTIONS: Record<string, (...values: number[]) => number> = {
  pow: Math.pow,
  sqrt: Math.sqrt,
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  min: Math.min,
  max: Math.max,
};

/**
 * Computes an `Upstash-Retry-Delay` expression such as `pow(2, retried) * 1000`.
 *
 * @param retried how often the message was retried so far, from 0.
 * @returns milliseconds, as computed (may be negative or infinite).
 * @throws Error when the text is no expression.
 */
export function evaluate({ text, retried }: { text: string; retried: number }): number {
  const tokens = text.match(/\d+(\.\d+)?|[a-z]+|[^\s]/gi) ?? [];
  const cursor = { tokens, position: 0, retried };
  const value = sum(cursor);
  if (cursor.position < tokens.length) throw unexpected(cursor);
  return value;
}

interface Cursor {
  tokens: string[];
  position: number;
  retried: number;
}

function sum(cursor: Cursor): number {
  let value = product(cursor);
  for (;;) {
    if (accept(cursor, "+")) value += product(cursor);
    else if (accept(cursor, "-")) value -= product(cursor);
    else return value;
  }
}

function product(cursor: Cursor): number {
  let value = factor(cursor);
  for (;;) {
    if (accept(cursor, "*")) value *= factor(cursor);
    else if (accept(cursor, "/")) value /= factor(cursor);
    else if (accept(cursor, "%")) value %= factor(cursor);
    else return value;
  }
}

function factor(cursor: Cursor): number {
  if (accept(cursor, "-")) return -factor(cursor);
  if (accept(cursor, "(")) {
    const value = sum(cursor);
    expect(cursor, ")");
    return value;
  }
  const token = cursor.tokens[cursor.position] ?? "";
  if (/^\d/.test(token)) return advance(cursor, Number(token));
  if (token === "retried") return advance(cursor, cursor.retried);
  const call = Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined;
  if (call === undefined) throw unexpected(cursor);
  cursor.position += 1;
  return call(...callArguments(cursor));
}

function callArguments(cursor: Cursor): number[] {
  expect(cursor, "(");
  const values = [sum(cursor)];
  while (accept(cursor, ",")) values.push(sum(cursor));
  expect(cursor, ")");
  return values;
}

function advance(cursor: Cursor, value: number): number {
  cursor.position += 1;
  return value;
}

function accept(cursor: Cursor, token: string): boolean {
  if (cursor.tokens[cursor.position] !== token) return false;
  cursor.position += 1;
  return true;
}

function expect(cursor: Cursor, token: string): void {
  if (!accept(cursor, token)) throw unexpected(cursor);
}

function unexpected(cursor: Cursor): Error {
  return new Error(`unexpected "${cursor.tokens[cursor.position] ?? "end"}" in the retry delay`);
}
