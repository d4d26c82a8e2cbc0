import { and, asc, eq } from "drizzle-orm";
import { leadStageHistory, leads } from "../../../shared/db/schema/practice.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { leadView, visibleLeads } from "../lead-view.ts";

/** @throws NotFoundError also for a lead of another mentorado or one that this member may not see. */
export async function getLead({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const [[lead], history] = await ctx.db.read([
    build
      .select(leadView)
      .from(leads)
      .where(and(visibleLeads(ctx), eq(leads.id, input.id))),
    build
      .select({ fromStage: leadStageHistory.fromStage, toStage: leadStageHistory.toStage, at: leadStageHistory.at })
      .from(leadStageHistory)
      .where(and(eq(leadStageHistory.mentoradoId, ctx.mentoradoId), eq(leadStageHistory.leadId, input.id)))
      .orderBy(asc(leadStageHistory.at)),
  ]);
  if (lead === undefined) throw new NotFoundError(undefined, { errorCode: "LEAD_NOT_FOUND" });
  return { ...lead, history };
}
