const BANK = "461";
const CURRENCY_REAL = "9";
const DAY_MS = 86_400_000;
/** Due-date factors began again at 1000 on 2025-02-22. */
const FACTOR_BASE_MS = Date.parse("2022-05-29T00:00:00Z");

/**
 * Bar code and typeable line of a boleto, with the check digits that banks compute.
 *
 * @param ourNumber the account's running number (`nossoNumero`), at most 25 digits.
 * @see https://portal.febraban.org.br (layout of collection forms, FB-0061)
 */
export function boletoCodes({ valueCents, dueDate, ourNumber }: { valueCents: number; dueDate: string; ourNumber: string }): {
  barCode: string;
  identificationField: string;
} {
  const factor = String((Date.parse(`${dueDate}T00:00:00Z`) - FACTOR_BASE_MS) / DAY_MS).padStart(4, "0");
  const factorAndValue = `${factor}${String(valueCents).padStart(10, "0")}`;
  const free = ourNumber.padStart(25, "0");
  const bank = `${BANK}${CURRENCY_REAL}`;
  const general = modulo11(`${bank}${factorAndValue}${free}`);
  const parts = [`${bank}${free.slice(0, 5)}`, free.slice(5, 15), free.slice(15, 25)];
  return {
    barCode: `${bank}${general}${factorAndValue}${free}`,
    identificationField: `${parts.map((part) => `${part}${modulo10(part)}`).join("")}${general}${factorAndValue}`,
  };
}

function modulo10(digits: string): number {
  const products = [...digits].reverse().map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1));
  const sum = products.reduce((total, product) => total + Math.floor(product / 10) + (product % 10), 0);
  return (10 - (sum % 10)) % 10;
}

/** A bar code has no check digit 0: results of 0, 10 and 11 become 1. */
function modulo11(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => total + Number(digit) * ((index % 8) + 2), 0);
  const digit = 11 - (sum % 11);
  return digit > 9 ? 1 : digit;
}
