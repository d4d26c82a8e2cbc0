/** A decimal of at most 15 digits has one double and comes back from it unchanged, so its text is the amount that was meant. */
const MAX_CENTS = 999_999_999_999_999;

/**
 * Reads an amount of reais as the provider writes it, `129.9`, from the text of the number: `4.35 * 100` is 434.99…
 *
 * @returns whole cents; undefined when the amount has more than two decimals or more than 15 digits.
 */
export function centsFromReais(reais: number): number | undefined {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(reais)) ?? [];
  if (whole === "") return undefined;
  const cents = Number(`${sign}${whole}${fraction.padEnd(2, "0")}`);
  return Math.abs(cents) <= MAX_CENTS ? cents : undefined;
}

/**
 * @param cents whole and not negative, at most 15 digits.
 * @returns the number whose JSON text is the amount in reais: 1990 → 19.9.
 * @throws RangeError for anything else.
 */
export function reaisFromCents(cents: number): number {
  if (!Number.isInteger(cents) || cents < 0 || cents > MAX_CENTS) throw new RangeError("Not an amount of cents");
  const digits = String(cents).padStart(3, "0");
  return Number(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
}
