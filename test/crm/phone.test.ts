import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePhone } from "../../functions/crm/phone.ts";

test.each([
  ["(41) 98888-7777", "+5541988887777"],
  ["41 98888 7777", "+5541988887777"],
  ["+55 41 98888-7777", "+5541988887777"],
  ["5541988887777", "+5541988887777"],
  ["554188887777", "+5541988887777"],
  ["41 8888-7777", "+5541988887777"],
  ["(41) 3333-4444", "+554133334444"],
  ["+55 41 3333 4444", "+554133334444"],
  ["(55) 98888-7777", "+5555988887777"],
  ["+1 415 555 2671", "+14155552671"],
])("%s is dialled as %s", (input, e164) => {
  expect(parsePhone(input)?.e164).toBe(e164);
});

test.each([
  ["(41) 98888-7777", "554188887777", true],
  ["(41) 98888-7777", "+55 (41) 8888.7777", true],
  ["(11) 98888-7777", "(21) 98888-7777", false],
  ["(41) 3333-4444", "(41) 93333-4444", false],
  ["+1 415 555 2671", "+1 415 555 2672", false],
])("%s and %s are one number: %s", (one, other, isSame) => {
  const [a, b] = [parsePhone(one), parsePhone(other)];
  expect(a).toBeDefined();
  expect(b).toBeDefined();
  expect(a?.key === b?.key).toBe(isSame);
});

test.each([
  "",
  "   ",
  "abcdefgh",
  "12345678",
  "(01) 98888-7777",
  "(10) 98888-7777",
  "41 1888-7777",
  "419888877771",
  "+1234567",
  "+1234567890123456",
])("%j is no telephone number", (input) => {
  expect(parsePhone(input)).toBeUndefined();
});

test("a number is the same however it is grouped, and again when it is read back", () => {
  const area = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).map(([a, b]) => `${a}${b}`);
  const eight = fc
    .tuple(fc.integer({ min: 6, max: 9 }), fc.integer({ min: 0, max: 9_999_999 }))
    .map(([first, rest]) => `${first}${String(rest).padStart(7, "0")}`);
  fc.assert(
    fc.property(area, eight, (ddd, local) => {
      const e164 = `+55${ddd}9${local}`;
      const spellings = [`(${ddd}) 9${local.slice(0, 4)}-${local.slice(4)}`, `${ddd}${local}`, `+55 ${ddd} ${local}`, e164];
      const parsed = spellings.map((spelling) => parsePhone(spelling));
      expect(parsed.map((phone) => phone?.e164)).toEqual(spellings.map(() => e164));
      expect(new Set(parsed.map((phone) => phone?.key)).size).toBe(1);
    }),
  );
});
