import * as z from "zod";
import { centsFromReais } from "../reais.ts";

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const BRAZILIAN_DAY = /^(\d{2})\/(\d{2})\/(\d{4})$/;
const SAO_PAULO_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/** An amount in reais as whole cents. What is no such amount is not guessed at. */
export const cents = z.number().transform((reais, context) => centsFromReais(reais) ?? unreadable(context, "an amount in reais"));

/** A day of the calendar, which Asaas writes `2026-03-10` in its API and at times `10/03/2026` in its events, as `2026-03-10`. */
export const day = z.string().transform((text, context) => {
  const written = text.replace(BRAZILIAN_DAY, "$3-$2-$1");
  return ISO_DAY.test(written) && isOfCalendar(written) ? written : unreadable(context, "a day");
});

export const saoPauloTime = z.string().transform((text, context) => readSaoPauloTime(text) ?? unreadable(context, "a time"));

/** Where Asaas says nothing it leaves the field out or writes null. */
export function orNull<Value>(schema: z.ZodType<Value>) {
  return schema.nullish().transform((value) => value ?? null);
}

export const textOrNull = orNull(z.string());
export const dayOrNull = orNull(day);

/**
 * Asaas writes the time of São Paulo, to the second and without saying so; there has been no summer time since 2019.
 *
 * @returns ISO 8601; undefined when it is no such time.
 */
export function readSaoPauloTime(text: string | null | undefined): string | undefined {
  if (text == null || !SAO_PAULO_TIME.test(text)) return undefined;
  const milliseconds = Date.parse(`${text.replace(" ", "T")}-03:00`);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}

function isOfCalendar(isoDay: string): boolean {
  const instant = new Date(`${isoDay}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(isoDay);
}

function unreadable(context: z.RefinementCtx, what: string): never {
  context.addIssue({ code: "custom", message: `Not ${what}` });
  return z.NEVER;
}
