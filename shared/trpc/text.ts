import * as z from "zod";

/**
 * A text that people write: trimmed, composed (NFC), without NUL, which Postgres cannot store, and without lone surrogates, which
 * UTF-8 cannot carry.
 *
 * @param min @param max lengths in UTF-16 units after trimming.
 */
export function text({ min = 1, max }: { min?: number; max: number }) {
  return z
    .string()
    .refine((value) => !value.includes("\u0000") && value.isWellFormed(), { message: "not well-formed" })
    .transform((value) => value.trim().normalize("NFC"))
    .pipe(z.string().min(min).max(max));
}
