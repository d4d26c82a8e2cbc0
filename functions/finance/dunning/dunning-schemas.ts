import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";

const MAX_STEPS = 12;
const FIRST_STEP_DAYS = -30;
const LAST_STEP_DAYS = 90;
const MAX_SIMULATED_DAYS = 14;
const MAX_SIMULATED_CHARGES = 1_000;
const DAY_MINUTES = 1_440;
/** Between two slots of the schedule: a shorter time to send in could have none. */
const SLOT_MINUTES = 60;

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

/** `version` is that of the policy that was read; 0 for the defaults. Equal times mean no quiet hours. */
export const setPolicyInput = z
  .object({
    version: z.int().min(0),
    isEnabled: z.boolean(),
    steps: z.array(z.int().min(FIRST_STEP_DAYS).max(LAST_STEP_DAYS)).min(1).max(MAX_STEPS),
    quietFrom: time,
    quietUntil: time,
    skipsWeekends: z.boolean(),
  })
  .refine(({ steps }) => steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? step)), { path: ["steps"] })
  .refine(({ quietFrom, quietUntil }) => quietFrom === quietUntil || openMinutes(quietFrom, quietUntil) >= SLOT_MINUTES, {
    path: ["quietUntil"],
  });
export type SetPolicyInput = z.output<typeof setPolicyInput>;

export const setOptOutInput = z.object({ studentId: z.uuid(), isOptedOut: z.boolean() });
export type SetOptOutInput = z.output<typeof setOptOutInput>;

export const listOptOutsInput = pageInput.prefault({});
export type ListOptOutsInput = z.output<typeof listOptOutsInput>;

export const listRemindersInput = pageInput.extend({ chargeId: z.uuid().optional() }).prefault({});
export type ListRemindersInput = z.output<typeof listRemindersInput>;

/** `limit` and `cursor` count charges, whose steps come together. */
export const simulateInput = z
  .object({
    days: z.int().min(1).max(MAX_SIMULATED_DAYS).default(MAX_SIMULATED_DAYS),
    limit: z.int().min(1).max(MAX_SIMULATED_CHARGES).default(MAX_SIMULATED_CHARGES),
    cursor: z.uuid().optional(),
  })
  .prefault({});
export type SimulateInput = z.output<typeof simulateInput>;

function openMinutes(quietFrom: string, quietUntil: string): number {
  return (minuteOf(quietFrom) - minuteOf(quietUntil) + DAY_MINUTES) % DAY_MINUTES;
}

function minuteOf(value: string): number {
  return Number(value.slice(0, 2)) * 60 + Number(value.slice(3));
}
