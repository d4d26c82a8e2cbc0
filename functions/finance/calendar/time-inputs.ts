import * as z from "zod";

/** `YYYY-MM-DD`, of a year that people mean. */
export const dateInput = z.iso.date().refine((date) => date >= "2000-01-01" && date <= "2100-12-31");
