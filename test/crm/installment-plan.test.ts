import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planInstallments } from "../../functions/crm/installment-plan.ts";

const firstDueDate = "2026-03-10";

describe("the amounts of a plan", () => {
  test.each([
    { totalCents: 1_000_000, count: 12, regular: 83_333, last: 83_337 },
    { totalCents: 10_000, count: 3, regular: 3_333, last: 3_334 },
    { totalCents: 1_999_000, count: 12, regular: 166_583, last: 166_587 },
    { totalCents: 990, count: 1, regular: 990, last: 990 },
  ])("$totalCents cents in $count parts: the last takes the rest", ({ totalCents, count, regular, last }) => {
    const amounts = planInstallments({ totalCents, count, firstDueDate }).map(({ amountCents }) => amountCents);
    expect(amounts).toEqual([...Array.from({ length: count - 1 }, () => regular), last]);
  });
});

describe("the dates of a plan", () => {
  test.each([
    { first: "2026-01-31", dates: ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"] },
    { first: "2028-01-30", dates: ["2028-01-30", "2028-02-29", "2028-03-30"] },
    { first: "2026-11-30", dates: ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28", "2027-03-30"] },
  ])("a month that is too short for $first ends on its last day, and the next one does not inherit that", ({ first, dates }) => {
    const plan = planInstallments({ totalCents: 10_000, count: dates.length, firstDueDate: first });
    expect(plan.map(({ dueDate }) => dueDate)).toEqual(dates);
  });
});

test("whatever the plan, the sum is exact, no part is below the regular one, and each month has one date near the first one's day", () => {
  const day = fc.date({ min: new Date("2020-01-01"), max: new Date("2089-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000_000 }), fc.integer({ min: 1, max: 120 }), day, (totalCents, count, date) => {
      const anchor = date.toISOString().slice(0, 10);
      const plan = planInstallments({ totalCents, count, firstDueDate: anchor });
      expect(plan.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      expect(plan.reduce((sum, { amountCents }) => sum + amountCents, 0)).toBe(totalCents);
      expect(plan.every(({ amountCents }) => amountCents >= Math.floor(totalCents / count))).toBe(true);
      expect(plan[0]?.dueDate).toBe(anchor);
      const firstMonth = monthOf(anchor);
      for (const [index, { dueDate }] of plan.entries()) {
        expect(new Date(`${dueDate}T00:00:00Z`).toISOString().slice(0, 10)).toBe(dueDate);
        expect(monthOf(dueDate)).toBe(firstMonth + index);
        const isShortened = dayOf(dueDate) < dayOf(anchor);
        expect(dayOf(dueDate) === dayOf(anchor) || (isShortened && dayOf(dayAfter(dueDate)) === 1)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

function monthOf(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
}

function dayOf(date: string): number {
  return Number(date.slice(8));
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
