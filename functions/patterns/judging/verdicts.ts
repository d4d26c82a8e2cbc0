import { sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { measureLater, repoOf } from "../measuring/measure-later.ts";
import type { PatternChange } from "./change-pattern.ts";
import { channelsOf, mayUse } from "./channels.ts";
import type { DeferInput, PromoteInput, RejectInput } from "./pattern-schemas.ts";
import { isPattern } from "./pattern-view.ts";

const DEFER_DAYS = 30;

/** From now on it holds: it is measured, and speaks on its channels. */
export function promotion({ ctx, input }: { ctx: VerbContext; input: PromoteInput }): PatternChange {
  const { id, expectedVersion, rationale, severity, channels } = input;
  const isIt = isPattern({ mentoradoId: ctx.mentoradoId, id });
  return {
    ctx,
    id,
    verb: "promote",
    expectedVersion,
    rationale,
    guards: mayUse({ isIt, channels }),
    set: {
      rationale: rationale ?? null,
      channels: channelsOf(channels),
      validatedBy: sql`guilda.actor_id()::uuid`,
      validatedAt: sql`now()`,
      ...(severity === undefined ? {} : { defaultSeverity: severity }),
    },
    change: { severity, channels },
    jobs: [measureLater({ ctx, repoId: repoOf(isIt) })],
  };
}

export function rejection({ ctx, input }: { ctx: VerbContext; input: RejectInput }): PatternChange {
  const { id, expectedVersion, reason } = input;
  return { ctx, id, verb: "reject", expectedVersion, rationale: reason, set: { rejectionReason: reason ?? null } };
}

/** Comes back by itself: 30 days later, and 30 more for each time that it was put off before. */
export function deferral({ ctx, input }: { ctx: VerbContext; input: DeferInput }): PatternChange {
  const { id, expectedVersion, rationale, until } = input;
  const count = sql`${patterns.deferCount} + 1`;
  const isLater: Guard = {
    condition: sql`${until ?? null}::timestamptz > now()`,
    refuseWith: "VALIDATION",
    errorCode: "UNTIL_PAST",
  };
  return {
    ctx,
    id,
    verb: "defer",
    expectedVersion,
    rationale,
    guards: until === undefined ? [] : [isLater],
    change: { until },
    set: {
      deferCount: count,
      deferredAt: sql`now()`,
      resurfacesAt: until ?? sql`now() + (${count}) * ${`${DEFER_DAYS} days`}::interval`,
    },
  };
}
