import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTaxId } from "../../functions/crm/tax-id.ts";

test.each([
  ["529.982.247-25", "52998224725"],
  ["111.444.777-35", "11144477735"],
  ["12345678909", "12345678909"],
  [" 529 982 247 25 ", "52998224725"],
  ["11.222.333/0001-81", "11222333000181"],
  ["12.ABC.345/01DE-35", "12ABC34501DE35"],
  ["12.abc.345/01de-35", "12ABC34501DE35"],
  ["000.000.001-91", "00000000191"],
])("%s is taken as %s", (input, expected) => {
  expect(parseTaxId(input)).toBe(expected);
});

test.each([
  "529.982.247-24",
  "529.982.247-15",
  "111.111.111-11",
  "000.000.000-00",
  "529982247250",
  "5299822472",
  "A2998224725",
  "12.ABC.345/01DE-36",
  "11.222.333/0001-82",
  "11.222.333/0001-8A",
  "00.000.000/0000-00",
  "",
  "ÀÀÀÀÀÀÀÀÀÀÀ",
])("%j is neither CPF nor CNPJ", (input) => {
  expect(parseTaxId(input)).toBeUndefined();
});

test("of all endings of nine digits only the one by the book is taken", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), (number) => {
      const base = String(number).padStart(9, "0");
      const endings = Array.from({ length: 100 }, (_, ending) => String(ending).padStart(2, "0"));
      const isAllOneDigit = /^(.)\1*$/.test(byTheBook(base));
      expect(endings.map((ending) => base + ending).filter((taxId) => parseTaxId(taxId) !== undefined)).toEqual(
        isAllOneDigit ? [] : [byTheBook(base)],
      );
    }),
  );
});

/** The rule as the tax authority words it: the sum times ten, modulo eleven, a ten being a zero. */
function byTheBook(base: string): string {
  let taxId = base;
  for (const highest of [10, 11]) {
    const sum = Array.from(taxId).reduce((total, digit, index) => total + Number(digit) * (highest - index), 0);
    taxId += String(((sum * 10) % 11) % 10);
  }
  return taxId;
}
