/** Asaas writes dates and times of São Paulo without saying so. */
const SAO_PAULO = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "America/Sao_Paulo",
  dateStyle: "short",
  timeStyle: "medium",
});

/** @returns `YYYY-MM-DD HH:mm:ss` in São Paulo. */
export function saoPauloDateTime(instant: Date): string {
  return SAO_PAULO.format(instant);
}

/** @returns `YYYY-MM-DD` in São Paulo. */
export function saoPauloDate(instant: Date): string {
  return saoPauloDateTime(instant).slice(0, 10);
}

/** @returns whether the text is a day of the calendar written `YYYY-MM-DD`. */
export function isDate(text: unknown): text is string {
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

export function addDays(date: string, days: number): string {
  const moved = new Date(`${date}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** @returns a day of a later month, the same unless told otherwise, or that month's last day when it is shorter. */
export function addMonths(date: string, months: number, day: number = dayOfMonth(date)): string {
  const [year = 0, month = 0] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, lastDay))).toISOString().slice(0, 10);
}

export function dayOfMonth(date: string): number {
  return Number(date.slice(-2));
}

/** @returns `16/10/2024` for `2024-10-16`. */
export function brazilianDate(date: string): string {
  return date.split("-").reverse().join("/");
}
