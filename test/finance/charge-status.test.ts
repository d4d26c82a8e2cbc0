import { describe, expect, test } from "vitest";
import { downwardFrom, STATUS_RANK as RANK, toChargeStatus } from "../../functions/finance/charges/charge-status.ts";
import { CHARGE_STATUSES, type ChargeStatus } from "../../shared/db/schema/money.ts";
import { STATUS_RANK } from "./support/open-books.ts";

describe("our word for the provider's", () => {
  test.each([
    ["PENDING", "pending"],
    ["AWAITING_RISK_ANALYSIS", "pending"],
    ["OVERDUE", "overdue"],
    ["DUNNING_REQUESTED", "overdue"],
    ["CONFIRMED", "confirmed"],
    ["RECEIVED", "received"],
    ["RECEIVED_IN_CASH", "received"],
    ["DUNNING_RECEIVED", "received"],
    ["CHARGEBACK_REQUESTED", "disputed"],
    ["CHARGEBACK_DISPUTE", "disputed"],
    ["AWAITING_CHARGEBACK_REVERSAL", "disputed"],
    ["REFUND_REQUESTED", "refunding"],
    ["REFUND_IN_PROGRESS", "refunding"],
    ["REFUNDED", "refunded"],
  ])("for %s is %s, and cancelled once it is deleted", (status, ours) => {
    expect(toChargeStatus({ status })).toBe(ours);
    expect(toChargeStatus({ status, deleted: false })).toBe(ours);
    expect(toChargeStatus({ status, deleted: true })).toBe("cancelled");
  });

  test.each(["DELETED", "CANCELLED", "", "pending", "FROZEN_BY_COURT", "constructor", "toString", "__proto__", "hasOwnProperty"])(
    "for %j there is none",
    (status) => {
      expect(toChargeStatus({ status })).toBeUndefined();
    },
  );
});

test("the ladder has one step per status", () => {
  expect(RANK).toEqual(STATUS_RANK);
  expect(Object.keys(RANK)).toEqual([...CHARGE_STATUSES]);
});

describe("down the ladder", () => {
  const legal: [event: string, from: ChargeStatus, to: ChargeStatus][] = [
    ["PAYMENT_RECEIVED", "disputed", "received"],
    ["PAYMENT_REFUND_DENIED", "refunding", "received"],
    ["PAYMENT_REFUND_DENIED", "refunding", "confirmed"],
    ["PAYMENT_RESTORED", "cancelled", "pending"],
    ["PAYMENT_RESTORED", "cancelled", "overdue"],
    ["PAYMENT_RECEIVED_IN_CASH_UNDONE", "received", "pending"],
    ["PAYMENT_RECEIVED_IN_CASH_UNDONE", "received", "overdue"],
    ["PAYMENT_UPDATED", "overdue", "pending"],
  ];
  const events = [
    ...new Set(legal.map(([event]) => event)),
    "PAYMENT_CREATED",
    "PAYMENT_CONFIRMED",
    "PAYMENT_OVERDUE",
    "PAYMENT_DELETED",
    "PAYMENT_REFUNDED",
    "PAYMENT_CHARGEBACK_REQUESTED",
    "PAYMENT_BANK_SLIP_VIEWED",
    "constructor",
    "__proto__",
  ];

  test("go these moves and no others, whatever the event", () => {
    const moves = events.flatMap((event) =>
      CHARGE_STATUSES.flatMap((to) => downwardFrom(event, to).map((from) => [event, from, to] as const)),
    );
    expect(moves.toSorted()).toEqual(legal.toSorted());
    expect(moves.every(([, from, to]) => STATUS_RANK[from] > STATUS_RANK[to])).toBe(true);
  });
});
