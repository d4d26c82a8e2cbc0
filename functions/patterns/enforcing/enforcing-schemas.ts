import * as z from "zod";
import { glob } from "../../../shared/craft/checker.ts";
import { pageInput } from "../../../shared/db/keyset.ts";
import { CHECK_MODES } from "../../../shared/db/schema/craft.ts";
import { PULL_STATES } from "../../../shared/db/schema/pull-requests.ts";
import { instantInput } from "../../../shared/trpc/instant-input.ts";
import { text } from "../../../shared/trpc/text.ts";

const reason = text({ max: 1_000 });
/** A day in the mentorado's time zone. */
const day = z.iso.date().refine((value) => value >= "1900" && value < "9999");

export const setCheckModeInput = z.object({ id: z.uuid(), mode: z.enum(CHECK_MODES) });
export type SetCheckModeInput = z.output<typeof setCheckModeInput>;

export const listPullsInput = pageInput.extend({ repoId: z.uuid(), state: z.enum(PULL_STATES).optional() });
export type ListPullsInput = z.output<typeof listPullsInput>;

export const listViolationsInput = pageInput.extend({
  /** Of the pattern. */
  id: z.uuid(),
  state: z.enum(["open", "resolved", "dismissed"]).optional(),
});
export type ListViolationsInput = z.output<typeof listViolationsInput>;

export const dismissViolationInput = z.object({
  /** Of the violation. */
  id: z.uuid(),
  reason,
  /** Whether the pattern is wrong here, and not only of no matter. */
  isFalsePositive: z.boolean(),
});
export type DismissViolationInput = z.output<typeof dismissViolationInput>;

export const waiveInput = z.object({
  /** Of the pattern. */
  id: z.uuid(),
  /** Of paths from the root of the repository. */
  glob: glob.refine((value) => !value.includes("\u0000") && value.isWellFormed()),
  reason,
  expiresAt: instantInput,
});
export type WaiveInput = z.output<typeof waiveInput>;

const span = { from: day.optional(), to: day.optional() };

/** Pull requests by the day on which they were opened, both days included. */
export const adherenceInput = z.object({ studentId: z.uuid().optional(), repoId: z.uuid().optional(), ...span }).prefault({});
export type AdherenceInput = z.output<typeof adherenceInput>;

export const cohortMatrixInput = z.object(span).prefault({});
export type CohortMatrixInput = z.output<typeof cohortMatrixInput>;
