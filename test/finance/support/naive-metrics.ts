import type { ChargeStatus, LedgerKind } from "../../../shared/db/schema/money.ts";

/** Books as plain data, from which the figures are counted the slow way. */
export interface PlainBooks {
  timezone: string;
  charges: PlainCharge[];
  /** Instalments without a charge. */
  installments: PlainInstallment[];
  entries: PlainEntry[];
}

export interface PlainCharge {
  id: string;
  status: ChargeStatus;
  isWrittenOff: boolean;
  dueDate: string;
  amountCents: number;
  refundedCents: number;
  currency: string;
}

export interface PlainInstallment {
  id: string;
  enrollmentStatus: "awaiting_start" | "active" | "paused" | "completed" | "cancelled";
  dueDate: string;
  amountCents: number;
}

export interface PlainEntry {
  id: string;
  chargeId: string;
  kind: LedgerKind;
  occurredAt: string;
  lines: Record<string, number>;
}

export interface PlainRow {
  id: string;
  amountCents: number;
}

/** @returns the date (`YYYY-MM-DD`) that a calendar on the wall shows there and then. */
export function wallDate(timezone: string, instant: Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: timezone, dateStyle: "short" }).format(instant);
}

/** @returns the month (`YYYY-MM`) so many months later. */
export function shiftMonth(month: string, by: number): string {
  const count = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + by;
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, "0")}`;
}

/** The rows of each figure of a month. */
export function countNaively(books: PlainBooks, now: Date, month: string): Record<string, PlainRow[]> {
  const today = wallDate(books.timezone, now);
  const rows: Record<string, PlainRow[]> = {};
  const count = (metric: string, id: string, amountCents: number) => {
    rows[metric] = [...(rows[metric] ?? []), { id, amountCents }];
  };
  for (const { id, status, isWrittenOff, dueDate, amountCents, refundedCents, currency } of books.charges) {
    if (currency !== "BRL") continue;
    const isUnpaid = status === "pending" || status === "overdue";
    const isOpen = isUnpaid && !isWrittenOff;
    const isRight = dueDate.startsWith(month);
    const age = (Date.parse(today) - Date.parse(dueDate)) / 86_400_000;
    if (isOpen && age > 0) {
      count("overdue", id, amountCents);
      count(`overdue ${nameOfAge(age)}`, id, amountCents);
      if (isRight) count(`dueOverdue ${dueDate}`, id, amountCents);
    }
    if (isUnpaid && age > 0 && dueDate >= aYearBefore(today)) count("fellDueOverdue", id, amountCents);
    if (isOpen && age <= 0 && isRight) count("pendingDueInMonth", id, amountCents);
    if ((isOpen || status === "draft") && age <= 0) count(`projection ${dueDate.slice(0, 7)}`, id, amountCents);
    if (status === "draft" || status === "cancelled") continue;
    if (isRight) count(`due ${dueDate}`, id, amountCents);
    if (isRight && status === "received") count(`dueReceived ${dueDate}`, id, amountCents - refundedCents);
    if (age > 0 && dueDate >= aYearBefore(today)) count("fellDue", id, amountCents);
  }
  for (const { id, enrollmentStatus, dueDate, amountCents } of books.installments) {
    const isBilledLater = enrollmentStatus !== "paused" && enrollmentStatus !== "cancelled";
    if (isBilledLater && dueDate >= today) count(`projection ${dueDate.slice(0, 7)}`, id, amountCents);
  }
  const currencyOf = new Map(books.charges.map(({ id, currency }) => [id, currency]));
  for (const { id, chargeId, kind, occurredAt, lines } of books.entries) {
    if (currencyOf.get(chargeId) !== "BRL" || !wallDate(books.timezone, new Date(occurredAt)).startsWith(month)) continue;
    const { cash = 0, fees = 0, revenue = 0 } = lines;
    const moved = cash + fees;
    if (cash !== 0) count("receivedNet", id, cash);
    if (fees !== 0) count("fees", id, fees);
    if (revenue !== 0) count("billed", id, -revenue);
    if (moved === 0) continue;
    if (kind.startsWith("receipt")) count("receivedGross", id, moved);
    else if (kind === "refund") count("refunds", id, -moved);
    else if (kind.startsWith("chargeback")) count("chargebacks", id, -moved);
    else count("adjustments", id, moved);
  }
  return rows;
}

export function total(rows: readonly PlainRow[] | undefined): number {
  let sum = 0;
  for (const { amountCents } of rows ?? []) sum += amountCents;
  return sum;
}

function nameOfAge(days: number): string {
  if (days <= 7) return "1-7";
  if (days <= 30) return "8-30";
  if (days <= 60) return "31-60";
  return days <= 90 ? "61-90" : "over-90";
}

/** 29 February had no day a year before: then it is the 28th. */
function aYearBefore(date: string): string {
  const year = Number(date.slice(0, 4)) - 1;
  return date.endsWith("02-29") ? `${year}-02-28` : `${year}${date.slice(4)}`;
}
