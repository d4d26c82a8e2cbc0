import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";
import { instantInput } from "../../../shared/trpc/instant-input.ts";
import { text } from "../../../shared/trpc/text.ts";
import { EVENT_STATUSES } from "./replay-key.ts";

export const listConflictsInput = pageInput
  .extend({ status: z.enum(["pending", "resolved", "ignored"]).default("pending") })
  .prefault({});
export type ListConflictsInput = z.output<typeof listConflictsInput>;

const oneConflict = { id: z.uuid(), version: z.int().min(1) };

export const resolveConflictInput = z.discriminatedUnion("resolution", [
  z.object({ ...oneConflict, resolution: z.enum(["keep_local", "ignore"]) }),
  /** The provider is right: our charge becomes what it shows. */
  z.object({ ...oneConflict, resolution: z.literal("keep_remote") }),
  /** The unknown payment pays this charge of ours. */
  z.object({ ...oneConflict, resolution: z.literal("link"), chargeId: z.uuid() }),
]);
export type ResolveConflictInput = z.output<typeof resolveConflictInput>;

const eventType = text({ max: 100 });

export const listEventsInput = pageInput
  .extend({
    status: z.enum(EVENT_STATUSES).optional(),
    eventType: eventType.optional(),
    paymentId: text({ max: 64 }).optional(),
  })
  .prefault({});
export type ListEventsInput = z.output<typeof listEventsInput>;

const MAX_REPLAYED_IDS = 100;

export type ReplayEventsInput =
  | { ids: string[] }
  | { receivedFrom: string; receivedUntil: string; eventType: string | undefined };

/** Which events: by id, or else all of a span of time, of one type or of any. */
export const replayEventsInput = z
  .object({
    ids: z.array(z.uuid()).min(1).max(MAX_REPLAYED_IDS).optional(),
    receivedFrom: instantInput.optional(),
    receivedUntil: instantInput.optional(),
    eventType: eventType.optional(),
  })
  // Not a union: its refusal would not name the field that is wrong.
  .transform(({ ids, receivedFrom, receivedUntil, eventType: type }, context): ReplayEventsInput => {
    if (ids !== undefined) return { ids };
    if (receivedFrom !== undefined && receivedUntil !== undefined && Date.parse(receivedFrom) < Date.parse(receivedUntil))
      return { receivedFrom, receivedUntil, eventType: type };
    const [path, message] =
      receivedFrom === undefined
        ? ["receivedFrom", "Name events, or a span of time"]
        : ["receivedUntil", "The span must not be empty"];
    context.addIssue({ code: "custom", path: [path], message });
    return z.NEVER;
  });

export const startReconciliationInput = z.object({ kind: z.enum(["recent", "full"]) });
export type StartReconciliationInput = z.output<typeof startReconciliationInput>;
