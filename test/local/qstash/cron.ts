const MINUTE_MS = 60_000;
const HORIZON_MS = 5 * 366 * 24 * 60 * MINUTE_MS;
const MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

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
  const [, timeZone = "UTC", fields = ""] = /^(?:CRON_TZ=(\S+)\s+)?(.*)$/.exec(text.trim()) ?? [];
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...rest] = fields.split(/\s+/);
  if (weekday === "" || rest.length > 0) throw new Error(`invalid cron: expected 5 fields, found "${fields}"`);
  const shown = { month: "numeric", day: "numeric", weekday: "short", hour: "numeric", minute: "numeric" } as const;
  return {
    minutes: readField(minute, 0, 59),
    hours: readField(hour, 0, 23),
    days: readField(day, 1, 31),
    months: readField(month, 1, 12, MONTHS),
    weekdays: new Set([...readField(weekday, 0, 7, WEEKDAYS)].map((value) => value % 7)),
    eitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
    zone: new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...shown }),
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
    const local = Object.fromEntries(cron.zone.formatToParts(at).map(({ type, value }) => [type, value]));
    const minute = Number(local.minute);
    const byDate = cron.days.has(Number(local.day));
    const byWeekday = cron.weekdays.has(WEEKDAYS.indexOf(`${local.weekday}`.toLowerCase()));
    const onDay = cron.months.has(Number(local.month)) && (cron.eitherDay ? byDate || byWeekday : byDate && byWeekday);
    if (!onDay || !cron.hours.has(Number(local.hour))) at += (60 - minute) * MINUTE_MS;
    else if (!cron.minutes.has(minute)) at += MINUTE_MS;
    else return at;
  }
  return undefined;
}

function readField(field: string, min: number, max: number, names: string[] = []): Set<number> {
  const numberOf = (text = "") => (/^\d+$/.test(text) ? Number(text) : names.includes(text) ? names.indexOf(text) : Number.NaN);
  const values = new Set<number>();
  for (const part of field.toLowerCase().split(",")) {
    const [, from, to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const first = from === "*" ? min : numberOf(from);
    const last = to !== undefined ? numberOf(to) : from === "*" || step !== undefined ? max : first;
    const by = Number(step ?? 1);
    const isWithin = first >= min && first <= last && last <= max && by >= 1;
    if (!isWithin) throw new Error(`invalid cron: "${field}" is not within ${min}-${max}`);
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return values;
}
