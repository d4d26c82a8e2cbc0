import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { leads } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { leadView, visibleLeads } from "../lead-view.ts";
import type { ListLeadsInput } from "../schemas.ts";

/** Newest first. */
export async function listLeads({ ctx, input }: { ctx: VerbContext; input: ListLeadsInput }) {
  const { limit, cursor, stage } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(leadView)
      .from(leads)
      .where(and(visibleLeads(ctx), stage ? eq(leads.stage, stage) : undefined, cursor ? lt(leads.id, cursor) : undefined))
      .orderBy(desc(leads.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
