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

/** @returns the same day of a later month, or that month's last day when it is shorter. */
export function addMonths(date: string, months: number): string {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, lastDay))).toISOString().slice(0, 10);
}
