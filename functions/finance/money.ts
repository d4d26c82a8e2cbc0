/**
 * Integer cents from the provider's decimal reais. It reads the shortest text of the number, because arithmetic on the number itself
 * is off by one: 4.35 × 100 is 434.99….
 *
 * @throws RangeError for more than two decimals or anything that is no amount.
 */
export function toCents(reais: number): number {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(reais));
  if (match === null) throw new RangeError("Not an amount of money");
  const [, sign = "", whole = "0", fraction = ""] = match;
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, "0"));
  return sign === "-" ? -cents : cents;
}

/** The provider's decimal reais: 43450 → 434.5. Exact, because two decimals are parsed back from the same text. */
export function toReais(cents: number): number {
  const digits = String(cents).padStart(3, "0");
  return Number(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
}
