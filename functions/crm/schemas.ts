import * as z from "zod";
import { pageInput } from "../../shared/db/keyset.ts";
import { GOALS, LEAD_SOURCES, LEAD_STAGES, LOST_REASONS, OBJECTIONS, OCCUPATIONS } from "../../shared/db/schema/practice.ts";
import { text } from "../../shared/trpc/text.ts";
import { parsePhone } from "./phone.ts";
import { parseTaxId } from "./tax-id.ts";

const MAX_TOTAL_CENTS = 100_000_000;
const EARLIEST_DUE_DATE = "2000-01-01";
const LATEST_DUE_DATE = "2100-12-31";

const phone = text({ min: 8, max: 30 }).transform((value, context) => {
  const parsed = parsePhone(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: "not a telephone number" });
  return z.NEVER;
});

const taxId = text({ min: 11, max: 18 }).transform((value, context) => {
  const parsed = parseTaxId(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: "not a CPF or CNPJ" });
  return z.NEVER;
});

const leadProfile = {
  name: text({ min: 2, max: 100 }),
  email: z.email().max(254).optional(),
  phone: phone.optional(),
  occupation: z.enum(OCCUPATIONS).optional(),
  experienceYears: z.int().min(0).max(70).optional(),
  stack: z
    .array(text({ max: 40 }))
    .max(30)
    .optional(),
  goal: z.enum(GOALS).optional(),
  mainObjection: z.enum(OBJECTIONS).optional(),
  message: text({ min: 0, max: 2_000 }).optional(),
};

export const byId = z.object({ id: z.uuid() });

export const createLeadInput = z.object({ ...leadProfile, source: z.enum(LEAD_SOURCES).default("other") });
export type CreateLeadInput = z.output<typeof createLeadInput>;

/** What a public page may send. `website` is a honeypot: people do not see it, so only machines fill it in. */
export const captureLeadInput = z.object({
  ...leadProfile,
  phone,
  consent: z.union([z.boolean(), z.enum(["true", "false", "on"]).transform((value) => value !== "false")]).default(false),
  website: text({ min: 0, max: 200 }).optional(),
});
export type CaptureLeadInput = z.output<typeof captureLeadInput>;

export const updateLeadInput = z.object({
  id: z.uuid(),
  version: z.int().min(1),
  patch: z.object({ ...leadProfile, name: leadProfile.name.optional() }),
});
export type UpdateLeadInput = z.output<typeof updateLeadInput>;

/** `won` is not among the targets: a lead is won by converting it. */
export const changeLeadStageInput = z
  .object({
    id: z.uuid(),
    version: z.int().min(1),
    stage: z.enum(LEAD_STAGES).exclude(["won"]),
    lostReason: z.enum(LOST_REASONS).optional(),
  })
  .refine((input) => (input.stage === "lost") === (input.lostReason !== undefined), { path: ["lostReason"] });
export type ChangeLeadStageInput = z.output<typeof changeLeadStageInput>;

export const convertLeadInput = z
  .object({
    id: z.uuid(),
    offeringId: z.uuid(),
    taxId,
    totalCents: z.int().min(1).max(MAX_TOTAL_CENTS),
    installmentCount: z.int().min(1).max(120).default(1),
    firstDueDate: z.iso.date().refine((date) => date >= EARLIEST_DUE_DATE && date <= LATEST_DUE_DATE),
    billingType: z.enum(["pix", "boleto", "credit_card"]),
  })
  .refine((input) => input.installmentCount <= input.totalCents, { path: ["installmentCount"] });
export type ConvertLeadInput = z.output<typeof convertLeadInput>;

export const listLeadsInput = pageInput.extend({ stage: z.enum(LEAD_STAGES).optional() }).prefault({});
export type ListLeadsInput = z.output<typeof listLeadsInput>;

export const listEnrollmentsInput = pageInput.extend({ studentId: z.uuid().optional() }).prefault({});
export type ListEnrollmentsInput = z.output<typeof listEnrollmentsInput>;

export const watchLeadsInput = z.object({ lastEventId: z.uuid().nullish() }).prefault({});
export type WatchLeadsInput = z.output<typeof watchLeadsInput>;
