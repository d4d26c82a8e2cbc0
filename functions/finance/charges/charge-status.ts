import type { ChargeStatus } from "../../../shared/db/schema/money.ts";

/**
 * The ladder: of two events of one moment, the one of the higher rank is the later one. Source: the table of internal statuses of the
 * design.
 */
export const STATUS_RANK: Record<ChargeStatus, number> = {
  draft: 0,
  pending: 10,
  overdue: 20,
  confirmed: 30,
  received: 40,
  disputed: 50,
  refunding: 60,
  refunded: 70,
  cancelled: 80,
};

/** Maps, because the words come from outside and `constructor` must find nothing. */
const STATUS_BY_PROVIDER = new Map<string, ChargeStatus>(
  Object.entries({
    PENDING: "pending",
    AWAITING_RISK_ANALYSIS: "pending",
    OVERDUE: "overdue",
    DUNNING_REQUESTED: "overdue",
    CONFIRMED: "confirmed",
    RECEIVED: "received",
    RECEIVED_IN_CASH: "received",
    DUNNING_RECEIVED: "received",
    CHARGEBACK_REQUESTED: "disputed",
    CHARGEBACK_DISPUTE: "disputed",
    AWAITING_CHARGEBACK_REVERSAL: "disputed",
    REFUND_REQUESTED: "refunding",
    REFUND_IN_PROGRESS: "refunding",
    REFUNDED: "refunded",
  } satisfies Record<string, ChargeStatus>),
);

interface Move {
  from: readonly ChargeStatus[];
  to: readonly ChargeStatus[];
}

/**
 * Moves down the ladder, by the event that makes them: a dispute won, a refund denied, a restored charge, a cash receipt undone, a due
 * date extended.
 */
const DOWNWARD_MOVES = new Map<string, Move>(
  Object.entries({
    PAYMENT_RECEIVED: { from: ["disputed"], to: ["received"] },
    PAYMENT_REFUND_DENIED: { from: ["refunding"], to: ["received", "confirmed"] },
    PAYMENT_RESTORED: { from: ["cancelled"], to: ["pending", "overdue"] },
    PAYMENT_RECEIVED_IN_CASH_UNDONE: { from: ["received"], to: ["pending", "overdue"] },
    PAYMENT_UPDATED: { from: ["overdue"], to: ["pending"] },
  } satisfies Record<string, Move>),
);

/** @returns our word for the provider's; undefined for one that is new. */
export function toChargeStatus({ status, deleted }: { status: string; deleted?: boolean | undefined }): ChargeStatus | undefined {
  return deleted ? "cancelled" : STATUS_BY_PROVIDER.get(status);
}

/** @returns the statuses from which this event may move a charge down to `to`. */
export function downwardFrom(eventType: string, to: ChargeStatus): readonly ChargeStatus[] {
  const move = DOWNWARD_MOVES.get(eventType);
  return move?.to.includes(to) ? move.from : [];
}

/** @returns the moves that lead down from `from`: by which event, and to which status. */
export function movesDownFrom(from: ChargeStatus): { eventType: string; to: ChargeStatus }[] {
  return [...DOWNWARD_MOVES].flatMap(([eventType, move]) =>
    move.from.includes(from) ? move.to.map((to) => ({ eventType, to })) : [],
  );
}
