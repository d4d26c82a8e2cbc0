import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { centsFromReais, reaisFromCents } from "../../functions/finance/reais.ts";

const MAX_CENTS = 999_999_999_999_999;

describe("reais", () => {
  test("an amount that binary fractions cannot hold is read to the cent", () => {
    expect(centsFromReais(19.9)).toBe(1_990);
    expect(centsFromReais(4.35)).toBe(435);
    expect(centsFromReais(1.005 * 100)).toBeUndefined();
    expect(centsFromReais(0.07)).toBe(7);
    expect(centsFromReais(1_000_000)).toBe(100_000_000);
    expect(centsFromReais(-129.9)).toBe(-12_990);
  });

  test("an amount that is no whole number of cents is not guessed", () => {
    for (const reais of [0.001, 19.999, 1e-7, 1e21, Number.NaN, Number.POSITIVE_INFINITY])
      expect(centsFromReais(reais)).toBeUndefined();
    for (const cents of [0.5, -1, MAX_CENTS + 1, Number.NaN]) expect(() => reaisFromCents(cents)).toThrow(RangeError);
  });

  test("what is sent is the text of the amount", () => {
    const sent = (cents: number) => JSON.stringify({ value: reaisFromCents(cents) });
    expect(sent(1_990)).toBe('{"value":19.9}');
    expect(sent(5)).toBe('{"value":0.05}');
    expect(sent(83_337)).toBe('{"value":833.37}');
    expect(sent(100_000_000)).toBe('{"value":1000000}');
  });

  test("every amount comes back from its JSON text as it was", () => {
    assert(
      property(integer({ min: 0, max: MAX_CENTS }), (cents) => {
        const text = JSON.stringify(reaisFromCents(cents));
        return centsFromReais(JSON.parse(text) as number) === cents && !text.includes("e");
      }),
      { numRuns: 5_000 },
    );
  });

  test("every two-decimal text is read as the digits that it shows", () => {
    assert(
      property(integer({ min: 0, max: 9_999_999_999_999 }), integer({ min: 0, max: 99 }), (whole, fraction) => {
        const text = `${whole}.${String(fraction).padStart(2, "0")}`;
        return centsFromReais(JSON.parse(text) as number) === Number(text.replace(".", ""));
      }),
      { numRuns: 5_000 },
    );
  });
});
