import * as z from "zod";

/** Long enough that its last four characters tell nothing of the rest. */
const MIN_KEY_LENGTH = 24;

export const saveAccountInput = z.object({
  apiKey: z
    .string()
    .trim()
    .min(MIN_KEY_LENGTH)
    .max(500)
    .regex(/^\$aact_(prod|hmlg)_[\x21-\x7e]+$/),
});
export type SaveAccountInput = z.output<typeof saveAccountInput>;

/** Of acts on the one account that there is. */
export const noInput = z.strictObject({}).prefault({});
