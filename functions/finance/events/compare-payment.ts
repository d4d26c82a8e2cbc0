import type { ChargeStatus } from "../../../shared/db/schema/money.ts";
import { toChargeStatus } from "../charges/charge-status.ts";
import { type Movement, movementsOfSnapshot } from "./movements.ts";
import type { PaymentSnapshot } from "./payment-snapshot.ts";

/** Our side of a payment. */
export interface BookedCharge {
  id: string;
  status: ChargeStatus;
  amountCents: number;
  /** Names of the movements in the ledger. */
  movements: readonly string[];
  /** What removals have taken away, less what restorations gave back. */
  cancelledCents: number;
  /** What was taken as paid in cash, less what was undone. */
  inCashCents: number;
}

export type Comparison =
  | { kind: "same" }
  /** Nobody has told us; the provider's snapshot tells all that is missing. */
  | { kind: "repair"; movements: Movement[] }
  /** The snapshot does not tell how it came to this: a person decides. */
  | { kind: "conflict"; about: "amount" | "status" };

/** Compares our books with what the provider's API shows now. Pure. */
export function comparePayment({ charge, payment }: { charge: BookedCharge; payment: PaymentSnapshot }): Comparison {
  if (isOtherAmount({ charge, payment })) return { kind: "conflict", about: "amount" };
  const status = toChargeStatus({ status: payment.status, deleted: payment.isDeleted });
  // A word that is new to us says nothing; the event that brought it has raised the alarm.
  if (status === undefined) return { kind: "same" };
  const { missing, unbacked, cancelledCents, inCashCents } = findDifference({ charge, payment });
  if (unbacked.length > 0 || cancelledCents !== 0 || inCashCents !== 0) return { kind: "conflict", about: "status" };
  if (status === charge.status && missing.length === 0) return { kind: "same" };
  return { kind: "repair", movements: missing };
}

/** What is paid in cash is what was paid, whatever was billed. */
export function isOtherAmount({
  charge,
  payment,
}: {
  charge: Pick<BookedCharge, "amountCents">;
  payment: PaymentSnapshot;
}): boolean {
  return payment.amountCents !== null && payment.amountCents !== charge.amountCents && payment.status !== "RECEIVED_IN_CASH";
}

/**
 * What makes our books those of the provider, whose side a person has taken. Pure.
 *
 * @param by the conflict, which tells these movements from those of events.
 * @returns movements to be entered, and the names of those whose opposite is to be entered, with the name of that.
 */
export function adoptionOf({ charge, payment, by }: { charge: BookedCharge; payment: PaymentSnapshot; by: string }): {
  movements: Movement[];
  undone: { name: string; undoneAs: string }[];
} {
  const { missing, unbacked, cancelledCents, inCashCents } = findDifference({ charge, payment });
  return {
    movements: [
      ...missing,
      ...(cancelledCents === 0 ? [] : [cancellation({ by, cents: cancelledCents })]),
      ...(inCashCents === 0 ? [] : [cashReceipt({ by, cents: inCashCents })]),
    ],
    undone: unbacked.map((name) => ({ name, undoneAs: `undone:${name}:${by}` })),
  };
}

/** @param cents what is still to be taken away; below zero, given back. */
function cancellation({ by, cents }: { by: string; cents: number }): Movement {
  const kind = cents > 0 ? "cancellation" : "restoration";
  return { kind, name: `${kind}:${by}`, lines: { revenue: cents, receivable: -cents } };
}

/** @param cents what is still to be taken as paid; below zero, undone. */
function cashReceipt({ by, cents }: { by: string; cents: number }): Movement {
  const [kind, name] = cents > 0 ? (["receipt", "receipt_in_cash"] as const) : (["receipt_undone", "receipt_undone"] as const);
  return { kind, name: `${name}:${by}`, lines: { cash: cents, receivable: -cents } };
}

/** Movements that a snapshot tells, as far as they have happened. */
const TOLD = /^(receipt|refund|chargeback|chargeback_won|chargeback_lost)(:|$)/;
const UNDONE = /^undone:(.+):[0-9a-f-]{36}$/;

interface Difference {
  /** Told by the snapshot and not entered. */
  missing: Movement[];
  /** Names of what is entered and not told: money that the provider does not show. */
  unbacked: string[];
  /** What more was removed, or taken in cash, than undone again: of these the snapshot tells no more than how it ended. */
  cancelledCents: number;
  inCashCents: number;
}

function findDifference({ charge, payment }: { charge: BookedCharge; payment: PaymentSnapshot }): Difference {
  const { movements } = charge;
  const valueCents = payment.amountCents ?? charge.amountCents;
  const told = movementsOfSnapshot(payment);
  const toldNames = new Set(told.map(({ name }) => name));
  const undone = new Set(movements.map((name) => UNDONE.exec(name)?.[1]));
  const standing = movements.filter((name) => !undone.has(name));
  // Once a dispute is won, the provider may forget it.
  const isWon = standing.includes("chargeback") && standing.includes("chargeback_won");
  const isInCash = payment.status === "RECEIVED_IN_CASH" && !payment.isDeleted;
  return {
    missing: told.filter(({ name }) => !movements.includes(name)),
    unbacked: standing.filter((name) => TOLD.test(name) && !toldNames.has(name) && !(isWon && name.startsWith("chargeback"))),
    cancelledCents: (payment.isDeleted ? valueCents : 0) - charge.cancelledCents,
    inCashCents: (isInCash ? valueCents : 0) - charge.inCashCents,
  };
}
