import * as z from "zod";
import { checker as anyChecker, repositoryPath } from "../../../shared/craft/checker.ts";
import { pageInput } from "../../../shared/db/keyset.ts";
import { CHANNELS, PATTERN_STATUSES, PATTERN_TYPES, SEVERITIES } from "../../../shared/db/schema/craft.ts";
import { instantInput } from "../../../shared/trpc/instant-input.ts";
import { text } from "../../../shared/trpc/text.ts";

const MAX_LINE = 10_000_000;
const MAX_PAGE = 10_000;

const name = text({ max: 200 });
const description = text({ max: 2_000 });
const category = text({ max: 50 });
const rationale = text({ max: 1_000 }).optional();
const channels = z.array(z.enum(CHANNELS)).max(CHANNELS.length);
const checker = anyChecker.refine(isStorable);
const path = repositoryPath.refine(isStorable);
/** Of the pattern that a person looked at. */
const change = { id: z.uuid(), expectedVersion: z.int().min(1).optional() };

export const listPatternsInput = z.object({
  repoId: z.uuid(),
  status: z.enum(PATTERN_STATUSES).optional(),
  page: z.int().min(1).max(MAX_PAGE).default(1),
  limit: z.int().min(1).max(100).default(20),
});
export type ListPatternsInput = z.output<typeof listPatternsInput>;

export const triageQueueInput = z.object({ repoId: z.uuid().optional(), limit: z.int().min(1).max(50).default(20) }).prefault({});
export type TriageQueueInput = z.output<typeof triageQueueInput>;

/** The cursor is a version: the history goes on below it. */
export const listHistoryInput = z.object({
  id: z.uuid(),
  limit: pageInput.shape.limit,
  cursor: z.int().min(1).optional(),
});
export type ListHistoryInput = z.output<typeof listHistoryInput>;

export const createPatternInput = z.object({
  repoId: z.uuid(),
  name,
  description,
  type: z.enum(PATTERN_TYPES),
  category: category.default("other"),
  /** The folder that it holds in; that of the checker when there is one. */
  scope: path.optional(),
  checker: checker.optional(),
});
export type CreatePatternInput = z.output<typeof createPatternInput>;

export const updatePatternInput = z.object({
  ...change,
  name: name.optional(),
  description: description.optional(),
  category: category.optional(),
  /** Null takes it away. */
  checker: checker.nullable().optional(),
});
export type UpdatePatternInput = z.output<typeof updatePatternInput>;

export const updateStatusInput = z.object({
  ...change,
  status: z.enum(["authoritative", "rejected", "deferred"]),
  rationale,
});
export type UpdateStatusInput = z.output<typeof updateStatusInput>;

export const promoteInput = z.object({
  ...change,
  rationale,
  severity: z.enum(SEVERITIES).optional(),
  /** Left out: everywhere where it can speak. */
  channels: channels.optional(),
});
export type PromoteInput = z.output<typeof promoteInput>;

export const rejectInput = z.object({ ...change, reason: rationale });
export type RejectInput = z.output<typeof rejectInput>;

export const deferInput = z.object({ ...change, rationale, until: instantInput.optional() });
export type DeferInput = z.output<typeof deferInput>;

/** To deprecate one, or to open one again. */
export const judgeInput = z.object({ ...change, rationale });
export type JudgeInput = z.output<typeof judgeInput>;

export const mergeInput = z
  .object({ ...change, into: z.uuid(), rationale })
  .refine(({ id, into }) => id !== into, { path: ["into"] });
export type MergeInput = z.output<typeof mergeInput>;

export const setSeverityInput = z.object({ ...change, severity: z.enum(SEVERITIES) });
export type SetSeverityInput = z.output<typeof setSeverityInput>;

export const setChannelsInput = z.object({ ...change, channels });
export type SetChannelsInput = z.output<typeof setChannelsInput>;

export const addEvidenceInput = z
  .object({
    id: z.uuid(),
    path,
    /** From 1; both or none. Without them the path itself is the evidence. */
    startLine: z.int().min(1).max(MAX_LINE).optional(),
    endLine: z.int().min(1).max(MAX_LINE).optional(),
    isCounterExample: z.boolean().default(false),
  })
  .refine(({ startLine, endLine }) => (startLine === undefined) === (endLine === undefined), { path: ["endLine"] })
  .refine(({ startLine = 0, endLine = 0 }) => startLine <= endLine, { path: ["endLine"] });
export type AddEvidenceInput = z.output<typeof addEvidenceInput>;

export const oneEvidenceInput = z.object({ id: z.uuid(), evidenceId: z.uuid() });
export type OneEvidenceInput = z.output<typeof oneEvidenceInput>;

export const previewCheckerInput = z.object({
  repoId: z.uuid(),
  checker,
  /** How many files with violations are shown. */
  limit: z.int().min(1).max(100).default(20),
});
export type PreviewCheckerInput = z.output<typeof previewCheckerInput>;

export const backtestInput = z.object({ id: z.uuid(), limit: previewCheckerInput.shape.limit });
export type BacktestInput = z.output<typeof backtestInput>;

/** Postgres stores neither NUL nor lone surrogates, wherever in a value they are. */
function isStorable(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\u0000") && value.isWellFormed();
  return typeof value !== "object" || value === null || Object.values(value).every(isStorable);
}
