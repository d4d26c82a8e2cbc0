const CPF_WEIGHTS = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
const CNPJ_WEIGHTS = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

/**
 * Checks a CPF or a CNPJ (also the alphanumeric one in force since July 2026) by its check digits.
 *
 * @param input with or without its mask.
 * @returns the number without mask, in upper case; undefined when it is neither.
 */
export function parseTaxId(input: string): string | undefined {
  const value = input.toUpperCase().replace(/[.\-/\s]/g, "");
  if (/^(.)\1*$/.test(value)) return undefined;
  if (/^\d{11}$/.test(value)) return hasCheckDigits(value, CPF_WEIGHTS) ? value : undefined;
  if (/^[\dA-Z]{12}\d{2}$/.test(value)) return hasCheckDigits(value, CNPJ_WEIGHTS) ? value : undefined;
  return undefined;
}

/** Both check digits by modulo 11; a letter counts its character code minus 48. The first digit uses all weights but the first. */
function hasCheckDigits(value: string, weights: readonly number[]): boolean {
  return [value.length - 2, value.length - 1].every((length, index) => {
    const used = weights.slice(1 - index);
    const sum = used.reduce((total, weight, position) => total + weight * (value.charCodeAt(position) - 48), 0);
    const rest = sum % 11;
    return value.charCodeAt(length) - 48 === (rest < 2 ? 0 : 11 - rest);
  });
}
