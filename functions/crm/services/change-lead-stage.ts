import { and, eq, ne, sql } from "drizzle-orm";
import { leadStageHistory, leads } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { leadAnswer, lockLead, writableLeads } from "../lead-view.ts";
import type { ChangeLeadStageInput } from "../schemas.ts";

/** @throws NotFoundError LEAD_NOT_FOUND; ConflictError STALE_VERSION; ConflictError LEAD_ALREADY_WON, because a won lead is a student. */
export function changeLeadStage({ ctx, input }: { ctx: VerbContext; input: ChangeLeadStageInput }) {
  const { build } = ctx.db;
  const isIt = and(writableLeads(ctx), eq(leads.id, input.id));
  return ctx.db.write({
    guards: [
      { condition: lockLead(isIt), refuseWith: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
      { condition: lockLead(and(isIt, eq(leads.version, input.version))), refuseWith: "CONFLICT", errorCode: "STALE_VERSION" },
      { condition: lockLead(and(isIt, ne(leads.stage, "won"))), refuseWith: "CONFLICT", errorCode: "LEAD_ALREADY_WON" },
    ],
    statements: [
      build.insert(leadStageHistory).values({
        mentoradoId: ctx.mentoradoId,
        id: ctx.newId(),
        leadId: input.id,
        fromStage: sql`(select ${leads.stage} from ${leads} where ${isIt})`,
        toStage: input.stage,
      }),
      build
        .update(leads)
        .set({
          stage: input.stage,
          lostReason: input.lostReason ?? null,
          version: sql`${leads.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(isIt),
    ],
    answer: leadAnswer(isIt),
  });
}
