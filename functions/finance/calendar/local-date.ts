const DAY_MS = 86_400_000;

/** @param date `YYYY-MM-DD`. @returns the date so many days later, as the calendar has it. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
