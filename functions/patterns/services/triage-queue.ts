import { and, desc, eq, or, sql } from "drizzle-orm";
import { patterns, repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { feedbackView, needsReview } from "../enforcing/feedback-view.ts";
import type { TriageQueueInput } from "../judging/pattern-schemas.ts";
import { isCurrent, isResurfaced, patternView } from "../judging/pattern-view.ts";

/** Put off that often, a pattern wants a decision. */
const STUCK_AFTER_DEFERRALS = 3;

/**
 * What waits for a decision in connected repositories: candidates, and among them in their place those whose deferral is over. What still
 * holds comes before what no longer does, then by score; what people proposed comes last. And authoritative patterns that people dismiss so
 * often that they want another look.
 *
 * @returns `counts` of all that there are: `waiting`, of which `resurfaced` and `stuck`; and `deferred` until later.
 */
export async function triageQueue({ ctx, input: { repoId, limit } }: { ctx: VerbContext; input: TriageQueueInput }) {
  const { build } = ctx.db;
  const isConnected = sql`exists (select 1 from ${repos}
    where ${repos.mentoradoId} = ${patterns.mentoradoId} and ${repos.id} = ${patterns.repoId} and ${repos.disconnectedAt} is null)`;
  const isMeant = and(eq(patterns.mentoradoId, ctx.mentoradoId), repoId ? eq(patterns.repoId, repoId) : undefined, isConnected);
  const isWaiting = or(eq(patterns.status, "candidate"), isResurfaced);
  const [items, [counts], inDoubt] = await ctx.db.read([
    build
      .select(patternView)
      .from(patterns)
      .where(and(isMeant, isWaiting))
      .orderBy(desc(isCurrent), sql`${patterns.score} desc nulls last`, desc(patterns.id))
      .limit(limit),
    build
      .select({
        waiting: sql<number>`(count(*) filter (where ${isWaiting}))::integer`,
        resurfaced: sql<number>`(count(*) filter (where ${isResurfaced}))::integer`,
        stuck: sql<number>`(count(*) filter (where ${isWaiting} and ${patterns.deferCount} >= ${STUCK_AFTER_DEFERRALS}))::integer`,
        deferred: sql<number>`(count(*) filter (where ${patterns.status} = 'deferred' and not ${isResurfaced}))::integer`,
      })
      .from(patterns)
      .where(isMeant),
    build
      .select({ ...patternView, ...feedbackView })
      .from(patterns)
      .where(and(isMeant, needsReview))
      .orderBy(patterns.id)
      .limit(limit),
  ]);
  return { items, needsReview: inDoubt, counts: counts ?? { waiting: 0, resurfaced: 0, stuck: 0, deferred: 0 } };
}
