import * as z from "zod";

/** An instant of a year that Postgres reads. */
export const instantInput = z.iso.datetime({ offset: true }).refine((instant) => instant >= "1900" && instant < "9999");

/** `YYYY-MM-DD`, of a year that people mean. */
export const dateInput = z.iso.date().refine((date) => date >= "2000-01-01" && date <= "2100-12-31");
