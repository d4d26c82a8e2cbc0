import { CommandError } from "./engine.ts";
import { isInt64, toInteger } from "./numbers.ts";

export type ExpiryUnit = "EX" | "PX" | "EXAT" | "PXAT";

/** @returns whether the option, in upper case, sets an expiry. */
export function isExpiryUnit(option: string): option is ExpiryUnit {
  return option === "EX" || option === "PX" || option === "EXAT" || option === "PXAT";
}

/**
 * @param amount seconds for EX and EXAT, milliseconds for PX and PXAT, as the caller wrote it.
 * @returns the instant in unix milliseconds.
 * @throws CommandError when it is no integer, not positive (unless `allowPast`) or beyond 64 bits.
 */
export function toInstant({
  command,
  unit,
  amount,
  now,
  allowPast = false,
}: {
  command: string;
  unit: ExpiryUnit;
  amount: string;
  now: number;
  allowPast?: boolean;
}): number {
  const value = toInteger(amount);
  const milliseconds = unit === "EX" || unit === "EXAT" ? value * 1_000n : value;
  const instant = unit === "EX" || unit === "PX" ? milliseconds + BigInt(now) : milliseconds;
  if ((value <= 0n && !allowPast) || !isInt64(milliseconds) || !isInt64(instant)) {
    throw new CommandError(`ERR invalid expire time in '${command}' command`);
  }
  return Number(instant);
}
