const MINUTE_MS = 60_000;
const HORIZON_MS = 5 * 366 * 24 * 60 * MINUTE_MS;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** When a schedule fires: the values that each of the five fields allows, in a zone. */
export interface Cron {
  minutes: Set<number>;
  hours: Set<number>;
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
  /** When both are restricted, a day that satisfies either of them fires. */
  eitherDay: boolean;
  zone: Intl.DateTimeFormat;
}

/**
 * Reads five cron fields (`*`, lists, ranges, steps, English names), optionally after `CRON_TZ=Area/City `; UTC otherwise.
 *
 * @throws Error when the text is no such expression or the zone is unknown.
 */
export function parseCron(text: string): Cron {
  const [, timeZone = "UTC", fields = ""] = /^(?:(?:CRON_TZ|TZ)=(\S+)\s+)?(.*)$/.exec(text.trim()) ?? [];
  const [minute, hour, day, month, weekday, ...rest] = fields.split(/\s+/);
  if (weekday === undefined || rest.length > 0) throw new Error(`invalid cron: expected 5 fields, found "${fields}"`);
  const weekdays = readField({ field: weekday, min: 0, max: 7, names: DAYS });
  return {
    minutes: readField({ field: minute, min: 0, max: 59 }),
    hours: readField({ field: hour, min: 0, max: 23 }),
    days: readField({ field: day, min: 1, max: 31 }),
    months: readField({ field: month, min: 1, max: 12, names: MONTHS, firstName: 1 }),
    weekdays: new Set([...weekdays].map((value) => value % 7)),
    eitherDay: !day?.startsWith("*") && !weekday.startsWith("*"),
    zone: new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      month: "numeric",
      day: "numeric",
      weekday: "short",
      hour: "numeric",
      minute: "numeric",
    }),
  };
}

/**
 * @param afterMs epoch milliseconds; the answer is later than this.
 * @returns epoch milliseconds of the next fire, or undefined when none comes within five years. Local times that a change of
 * clocks leaves out do not fire; those that it repeats fire twice.
 */
export function nextFire({ cron, afterMs }: { cron: Cron; afterMs: number }): number | undefined {
  let at = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  while (at - afterMs < HORIZON_MS) {
    const local = localFields(cron.zone, at);
    if (!allowsDay(cron, local) || !cron.hours.has(local.hour)) at += (60 - local.minute) * MINUTE_MS;
    else if (!cron.minutes.has(local.minute)) at += MINUTE_MS;
    else return at;
  }
  return undefined;
}

function readField({
  field = "",
  min,
  max,
  names = [],
  firstName = 0,
}: {
  field?: string | undefined;
  min: number;
  max: number;
  names?: string[];
  firstName?: number;
}): Set<number> {
  const values = new Set<number>();
  for (const part of field.toLowerCase().split(",")) {
    const [, from, to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const numberOf = (name: string) =>
      names.includes(name) ? names.indexOf(name) + firstName : /^\d+$/.test(name) ? Number(name) : Number.NaN;
    const first = from === "*" ? min : numberOf(from ?? "");
    const last = to !== undefined ? numberOf(to) : from === "*" || step !== undefined ? max : first;
    const by = Number(step ?? 1);
    if (!(first >= min && first <= last && last <= max && by >= 1))
      throw new Error(`invalid cron: "${field}" is not within ${min}-${max}`);
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return values;
}

function localFields(
  zone: Intl.DateTimeFormat,
  at: number,
): { month: number; day: number; weekday: number; hour: number; minute: number } {
  const parts = Object.fromEntries(zone.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    month: Number(parts.month),
    day: Number(parts.day),
    weekday: DAYS.indexOf(`${parts.weekday}`.toLowerCase()),
    hour: Number(parts.hour),
    minute: Number(parts.minute),
  };
}

function allowsDay(cron: Cron, { month, day, weekday }: { month: number; day: number; weekday: number }): boolean {
  const byDate = cron.days.has(day);
  const byWeekday = cron.weekdays.has(weekday);
  return cron.months.has(month) && (cron.eitherDay ? byDate || byWeekday : byDate && byWeekday);
}
