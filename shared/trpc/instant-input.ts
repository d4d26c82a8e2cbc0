import * as z from "zod";

/** An instant of a year that Postgres reads. */
export const instantInput = z.iso.datetime({ offset: true }).refine((instant) => instant >= "1900" && instant < "9999");
