import { CommandError } from "./engine.ts";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INTEGER = /^(0|-?[1-9]\d{0,18})$/;
const FLOAT = /^[+-]?(inf|infinity|\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)$/i;

/** @returns the signed 64-bit integer, or undefined: Redis takes no sign `+`, no leading zero, no blank. */
export function readInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return isInt64(value) ? value : undefined;
}

export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** @throws CommandError unless the argument is a signed 64-bit integer. */
export function toInteger(text: string): bigint {
  const value = readInteger(text);
  if (value === undefined) throw new CommandError("ERR value is not an integer or out of range");
  return value;
}

/** @throws CommandError unless the argument is an integer; for indexes and counts, where a double is wide enough. */
export function toIndex(text: string): number {
  return Number(toInteger(text));
}

/** @returns the double, or undefined when the text is none. */
export function readFloat(text: string): number | undefined {
  return FLOAT.test(text) ? Number(text.replace(/inf(inity)?/i, "Infinity")) : undefined;
}

/** @returns the number as C's `%.<digits>g` writes it, which is how Redis and Lua put numbers into strings. */
export function formatDouble(value: number, digits = 17): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", exponentText = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digits) return withoutTrailingZeros(value.toFixed(digits - 1 - exponent));
  const sign = exponent < 0 ? "-" : "+";
  return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
