import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePayment } from "../../functions/finance/events/compare-payment.ts";
import { type Amount, type Movement, movementsOfEvent, movementsOfSnapshot } from "../../functions/finance/events/movements.ts";
import type { PaymentSnapshot } from "../../functions/finance/events/payment-snapshot.ts";

const VALUE = 10_000;
const NET = 9_801;

const PENDING: PaymentSnapshot = {
  id: "pay_1",
  status: "PENDING",
  isDeleted: false,
  externalReference: null,
  subscriptionId: null,
  amountCents: VALUE,
  netCents: NET,
  paymentDate: null,
  refunds: [],
  chargebackStatus: null,
  isDisputedUnpaid: false,
  dueDate: "2026-06-12",
  billingType: "credit_card",
};
const CONFIRMED = { ...PENDING, status: "CONFIRMED" };
const RECEIVED = { ...PENDING, status: "RECEIVED", paymentDate: "2026-06-12" };

const RECEIVED_AGAIN = { status: "RECEIVED", paymentDate: RECEIVED.paymentDate, chargebackStatus: "REVERSED" };

type Step = [eventType: string, payment: PaymentSnapshot];

/** Lives as the provider tells them, of which the last snapshot still shows everything. */
const life = fc
  .record({
    isReceived: fc.boolean(),
    refunds: fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 3 }),
    end: fc.constantFrom("open", "refunded", "disputed", "won", "lost"),
  })
  .map(({ isReceived, refunds, end }): Step[] => {
    const paid = isReceived ? RECEIVED : CONFIRMED;
    const steps: Step[] = [
      ["PAYMENT_CREATED", PENDING],
      ["PAYMENT_CONFIRMED", CONFIRMED],
      ...(isReceived ? ([["PAYMENT_RECEIVED", RECEIVED]] as Step[]) : []),
    ];
    if (end === "refunded") {
      const done = [...refunds, 500].map((amountCents, index) => ({ at: atSecond(index % 2), amountCents, isDone: true }));
      for (const [index] of done.entries()) {
        const isLast = index === done.length - 1;
        const payment = { ...paid, refunds: done.slice(0, index + 1), status: isLast ? "REFUNDED" : paid.status };
        steps.push([isLast ? "PAYMENT_REFUNDED" : "PAYMENT_PARTIALLY_REFUNDED", payment]);
      }
    } else if (end !== "open") {
      const disputed = { ...paid, status: "CHARGEBACK_REQUESTED", chargebackStatus: "REQUESTED", isDisputedUnpaid: !isReceived };
      steps.push(
        ["PAYMENT_CHARGEBACK_REQUESTED", disputed],
        ["PAYMENT_CHARGEBACK_DISPUTE", { ...disputed, status: "CHARGEBACK_DISPUTE" }],
      );
      if (end === "won") steps.push(["PAYMENT_RECEIVED", { ...disputed, ...RECEIVED_AGAIN }]);
      if (end === "lost") steps.push(["PAYMENT_REFUNDED", { ...disputed, status: "REFUNDED", chargebackStatus: "DONE" }]);
    }
    return steps;
  });

function atSecond(second: number): string {
  return new Date(Date.UTC(2026, 5, 12, 19, 45, second)).toISOString();
}

function toEvents(steps: readonly Step[]): Movement[] {
  return steps.flatMap(([eventType, payment], index) => movementsOfEvent({ eventId: `evt_${index}`, eventType, payment }));
}

function toCents(amount: Amount): number {
  const words = { value: VALUE, "-value": -VALUE, net: NET, fee: VALUE - NET };
  return typeof amount === "number" ? amount : words[amount];
}

function balanceOf(movements: readonly Movement[], account: keyof Movement["lines"]): number {
  return movements.reduce((sum, { lines }) => sum + toCents(lines[account] ?? 0), 0);
}

describe("movements", () => {
  test("that the events of a life tell one by one are those that its last snapshot tells at once", () => {
    fc.assert(
      fc.property(life, (steps) => {
        const last = steps.at(-1)?.[1] ?? PENDING;
        // When it happened, an event knows to the second and a snapshot to the day.
        const named = (movements: readonly Movement[]) =>
          movements.map(({ kind, name, lines }) => ({ kind, name, lines })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(named(movementsOfSnapshot(last))).toEqual(named(toEvents(steps)));
      }),
    );
  });

  test("have names of their own within a life, and sides that sum to zero", () => {
    fc.assert(
      fc.property(life, (steps) => {
        const movements = toEvents(steps);
        expect(new Set(movements.map(({ name }) => name)).size).toBe(movements.length);
        for (const { lines } of movements)
          expect(Object.values(lines).reduce<number>((sum, amount) => sum + toCents(amount), 0)).toBe(0);
      }),
    );
  });

  test("of a dispute that was won leave what the receipt left, and of one that was lost leave a loss", () => {
    const [won, lost] = ["REVERSED", "DONE"].map((chargebackStatus) =>
      movementsOfSnapshot({ ...RECEIVED, status: chargebackStatus === "DONE" ? "REFUNDED" : "RECEIVED", chargebackStatus }),
    );
    expect([balanceOf(won ?? [], "cash"), balanceOf(won ?? [], "disputed"), balanceOf(won ?? [], "losses")]).toEqual([NET, 0, 0]);
    expect([balanceOf(lost ?? [], "cash"), balanceOf(lost ?? [], "disputed"), balanceOf(lost ?? [], "losses")]).toEqual([
      NET - VALUE,
      0,
      VALUE,
    ]);
  });

  test.each([
    "PAYMENT_CREATED",
    "PAYMENT_UPDATED",
    "PAYMENT_CONFIRMED",
    "PAYMENT_OVERDUE",
    "PAYMENT_CHECKOUT_VIEWED",
    "anything",
  ])("are none when the provider tells %s, whatever it shows of the payment", (eventType) => {
    for (const payment of [PENDING, CONFIRMED, RECEIVED]) {
      expect(movementsOfEvent({ eventId: "evt_1", eventType, payment })).toEqual([]);
    }
  });

  test("of a cash receipt and of its undoing belong to their own events, so that a second one counts again", () => {
    const cash = { ...RECEIVED, status: "RECEIVED_IN_CASH" };
    const movements = ["evt_1", "evt_3"].flatMap((eventId) =>
      movementsOfEvent({ eventId, eventType: "PAYMENT_RECEIVED", payment: cash }),
    );
    const undone = movementsOfEvent({ eventId: "evt_2", eventType: "PAYMENT_RECEIVED_IN_CASH_UNDONE", payment: PENDING });
    expect(new Set([...movements, ...undone].map(({ name }) => name)).size).toBe(3);
    expect(balanceOf([...movements, ...undone], "cash")).toBe(VALUE);
  });
});

describe("comparing a charge with its payment", () => {
  const charge = {
    id: "c",
    status: "pending" as const,
    amountCents: VALUE,
    movements: ["charge"],
    cancelledCents: 0,
    inCashCents: 0,
  };

  test.each([
    ["nothing to do when both say the same", charge, PENDING, { kind: "same" }],
    ["nothing to do for a word that is new", charge, { ...PENDING, status: "FROZEN" }, { kind: "same" }],
    ["a conflict when the amounts differ", charge, { ...PENDING, amountCents: 1 }, { kind: "conflict", about: "amount" }],
    [
      "a conflict for a removal that no event has told",
      charge,
      { ...PENDING, isDeleted: true },
      { kind: "conflict", about: "status" },
    ],
    [
      "a conflict for a cash receipt that no event has told",
      charge,
      { ...RECEIVED, status: "RECEIVED_IN_CASH" },
      { kind: "conflict", about: "status" },
    ],
    [
      "a conflict when we hold money that the provider does not show",
      { ...charge, status: "received" as const, movements: ["charge", "receipt:2026-06-12"] },
      PENDING,
      { kind: "conflict", about: "status" },
    ],
  ])("finds %s", (_, booked, payment, expected) => {
    expect(comparePayment({ charge: booked, payment })).toEqual(expected);
  });

  test("finds what is missing, and nothing more once it is entered", () => {
    fc.assert(
      fc.property(life, fc.nat(), (steps, cut) => {
        const payment = steps.at(-1)?.[1] ?? PENDING;
        const known = toEvents(steps.slice(0, cut % steps.length)).map(({ name }) => name);
        const comparison = comparePayment({ charge: { ...charge, movements: known }, payment });
        const missing = comparison.kind === "repair" ? comparison.movements : [];
        expect(new Set([...known, ...missing.map(({ name }) => name)])).toEqual(new Set(toEvents(steps).map(({ name }) => name)));
      }),
    );
  });
});
