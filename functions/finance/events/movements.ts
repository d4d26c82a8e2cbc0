import type { LedgerKind } from "../../../shared/db/schema/money.ts";
import type { LedgerAccount } from "../ledger/ledger.ts";
import type { PaymentSnapshot } from "./payment-snapshot.ts";

/** Something that happened to the money of one charge. */
export interface Movement {
  kind: LedgerKind;
  /** Names it within the charge, whatever reports it. */
  name: string;
  /** ISO 8601; the time of the report when left out. */
  occurredAt?: string;
  /** Debit positive, credit negative, in parts of the payment that are known when it is entered. */
  lines: Partial<Record<LedgerAccount, Amount>>;
}

/** A number is cents; a word is that part of the payment, with its sign. */
export type Amount = number | "value" | "-value" | "net" | "fee";

const CHARGEBACK_LOST: Movement = {
  kind: "chargeback_lost",
  name: "chargeback_lost",
  lines: { losses: "value", disputed: "-value" },
};
const REVERSED = "REVERSED";
const CHARGEBACK_STATUSES = ["CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"];

/**
 * What an event says has happened to money: that which the event is about, and nothing that another event reports. So each movement
 * has one event as its source, and the ledger does not depend on the order in which events come.
 *
 * @param eventId the provider's own id.
 * @see docs/ledger.md
 */
export function movementsOfEvent({
  eventId,
  eventType,
  payment,
}: {
  eventId: string;
  eventType: string;
  payment: PaymentSnapshot;
}): Movement[] {
  switch (eventType) {
    case "PAYMENT_RECEIVED":
      if (payment.status === "RECEIVED_IN_CASH") return [receiptInCash(eventId)];
      if (payment.chargebackStatus === null) return [receipt(payment)];
      return payment.isDisputedUnpaid ? [chargebackWon(payment), receipt(payment)] : [chargebackWon(payment)];
    case "PAYMENT_DUNNING_RECEIVED":
      return [receipt(payment)];
    case "PAYMENT_RECEIVED_IN_CASH_UNDONE":
      return [{ kind: "receipt_undone", name: `receipt_undone:${eventId}`, lines: { cash: "-value", receivable: "value" } }];
    case "PAYMENT_REFUNDED":
    case "PAYMENT_PARTIALLY_REFUNDED":
      // What is given back after a dispute was won is a refund like any other.
      return payment.chargebackStatus === null || payment.chargebackStatus === REVERSED
        ? refunds(payment).slice(-1)
        : [CHARGEBACK_LOST];
    case "PAYMENT_CHARGEBACK_REQUESTED":
      return [chargeback(payment)];
    case "PAYMENT_DELETED":
      return [{ kind: "cancellation", name: `cancellation:${eventId}`, lines: { revenue: "value", receivable: "-value" } }];
    case "PAYMENT_RESTORED":
      return [{ kind: "restoration", name: `restoration:${eventId}`, lines: { receivable: "value", revenue: "-value" } }];
    default:
      return [];
  }
}

/**
 * All that must have happened to the money of a payment, as far as the payment itself still tells: for what no event has told. A cash
 * receipt, a cancellation and their undoing leave no trace of how often they happened; people decide on those.
 */
export function movementsOfSnapshot(payment: PaymentSnapshot): Movement[] {
  const hadMoney = payment.paymentDate !== null && payment.status !== "RECEIVED_IN_CASH";
  const isDisputed = payment.chargebackStatus !== null || CHARGEBACK_STATUSES.includes(payment.status);
  const isWon = payment.chargebackStatus === REVERSED;
  const isLost = isDisputed && !isWon && payment.status === "REFUNDED";
  return [
    ...(hadMoney ? [receipt(payment)] : []),
    ...(isDisputed ? [chargeback(payment)] : []),
    ...(isWon ? [chargebackWon(payment)] : []),
    ...(isDisputed && !isWon ? [] : refunds(payment)),
    ...(isLost ? [CHARGEBACK_LOST] : []),
  ];
}

/** The net in cash, the provider's fee, and the student owes no more. */
function receipt({ paymentDate }: PaymentSnapshot): Movement {
  return {
    kind: "receipt",
    name: paymentDate === null ? "receipt" : `receipt:${paymentDate}`,
    lines: { cash: "net", fees: "fee", receivable: "-value" },
  };
}

/** Paid past the provider, without a fee. */
function receiptInCash(eventId: string): Movement {
  return { kind: "receipt", name: `receipt_in_cash:${eventId}`, lines: { cash: "value", receivable: "-value" } };
}

/** What was given back, refund by refund; two alike within a second are told apart by their place. */
function refunds(payment: PaymentSnapshot): Movement[] {
  const counterpart = heldBy(payment);
  const done = payment.refunds.filter(({ isDone }) => isDone);
  if (done.length === 0 && payment.status === "REFUNDED")
    return [{ kind: "refund", name: "refund", lines: { refunds: "value", [counterpart]: "-value" } }];
  const seen = new Map<string, number>();
  return done.map(({ at, amountCents }) => {
    const name = `refund:${at}:${amountCents}`;
    const place = (seen.get(name) ?? 0) + 1;
    seen.set(name, place);
    return {
      kind: "refund",
      name: place === 1 ? name : `${name}:${place}`,
      occurredAt: at,
      lines: { refunds: amountCents, [counterpart]: -amountCents },
    };
  });
}

function chargeback(payment: PaymentSnapshot): Movement {
  return { kind: "chargeback", name: "chargeback", lines: { disputed: "value", [withheldFrom(payment)]: "-value" } };
}

function chargebackWon(payment: PaymentSnapshot): Movement {
  return { kind: "chargeback_won", name: "chargeback_won", lines: { [withheldFrom(payment)]: "value", disputed: "-value" } };
}

/** A dispute that began before the money came stays one of the debt, although the money may have come since. */
function withheldFrom(payment: PaymentSnapshot): "cash" | "receivable" {
  return payment.isDisputedUnpaid ? "receivable" : heldBy(payment);
}

/** A card can be given back or disputed before its money has come: then it is the debt that ends, not the cash. */
function heldBy({ paymentDate }: PaymentSnapshot): "cash" | "receivable" {
  return paymentDate === null ? "receivable" : "cash";
}
