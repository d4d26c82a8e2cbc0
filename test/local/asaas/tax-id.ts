const CPF_WEIGHTS = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
const CNPJ_WEIGHTS = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

/** @returns the CPF or CNPJ without its mask, in capitals. */
export function unmask(taxId: string): string {
  return taxId.replace(/[.\-/\s]/g, "").toUpperCase();
}

/** @returns FISICA for a valid CPF, JURIDICA for a valid CNPJ (letters allowed since July 2026), else undefined. */
export function personTypeOf(taxId: string): "FISICA" | "JURIDICA" | undefined {
  if (/^(.)\1*$/.test(taxId)) return undefined;
  if (/^\d{11}$/.test(taxId) && hasCheckDigits(taxId, CPF_WEIGHTS)) return "FISICA";
  if (/^[0-9A-Z]{12}\d{2}$/.test(taxId) && hasCheckDigits(taxId, CNPJ_WEIGHTS)) return "JURIDICA";
  return undefined;
}

function hasCheckDigits(taxId: string, weights: number[]): boolean {
  const base = taxId.slice(0, -2);
  const first = checkDigit(base, weights.slice(1));
  return taxId === `${base}${first}${checkDigit(`${base}${first}`, weights)}`;
}

/** A letter counts as its character code less that of "0". */
function checkDigit(text: string, weights: number[]): number {
  const sum = weights.reduce((total, weight, index) => total + weight * (text.charCodeAt(index) - 48), 0);
  const rest = sum % 11;
  return rest < 2 ? 0 : 11 - rest;
}
