const HOUR_MS = 3_600_000;

/** The local time of an instant (`YYYY-MM-DDTHH:MM`) by the runtime's own calendar, not by the database's. */
export function wallClock(timezone: string): (at: Date) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "short" });
  return (at) => format.format(at).replace(" ", "T");
}

/** The hours from an instant on, each with its local time. */
export function hourlySlots({ from, days, timezone }: { from: string; days: number; timezone: string }) {
  const local = wallClock(timezone);
  return Array.from({ length: days * 24 }, (_, hour) => {
    const at = new Date(Date.parse(from) + hour * HOUR_MS);
    return { at, local: local(at) };
  });
}
