export interface PlannedInstallment {
  number: number;
  /** YYYY-MM-DD. */
  dueDate: string;
  amountCents: number;
}

/**
 * Splits a total into monthly instalments. Pure. All but the last are rounded down; the last takes the rest, so the sum is exact.
 * Each month is counted from the first due date, so the 31st falls on the last day of a shorter month and returns to the 31st.
 *
 * @param totalCents > 0. @param count 1 to 120. @param firstDueDate YYYY-MM-DD.
 */
export function planInstallments({
  totalCents,
  count,
  firstDueDate,
}: {
  totalCents: number;
  count: number;
  firstDueDate: string;
}): PlannedInstallment[] {
  const regular = Math.floor(totalCents / count);
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    dueDate: addMonths(firstDueDate, index),
    amountCents: index === count - 1 ? totalCents - regular * (count - 1) : regular,
  }));
}

function addMonths(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, lastDay))).toISOString().slice(0, 10);
}
