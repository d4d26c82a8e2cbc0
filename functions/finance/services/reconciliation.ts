import { eq, sql } from "drizzle-orm";
import { syncStates } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { StartReconciliationInput } from "../events/sync-schemas.ts";

/** How far each kind of run has come. */
export async function getReconciliation({ ctx }: { ctx: VerbContext }) {
  const [runs] = await ctx.db.read([
    ctx.db.build
      .select({
        kind: syncStates.kind,
        /** The local date on which the last whole run began. */
        watermark: sql<string | null>`case when ${syncStates.finishedAt} is not null then ${syncStates.watermark}::text end`,
        isUnderWay: sql<boolean>`${syncStates.nextOffset} is not null`,
        startedAt: syncStates.startedAt,
        finishedAt: syncStates.finishedAt,
        compared: syncStates.compared,
        repaired: syncStates.repaired,
        conflicts: syncStates.conflicts,
      })
      .from(syncStates)
      .where(eq(syncStates.mentoradoId, ctx.mentoradoId))
      .orderBy(syncStates.kind),
  ]);
  return { runs };
}

/** Begins a run now, beside those of the schedule. One that was begun within the same minute is the same one. */
export async function startReconciliation({ ctx, input: { kind } }: { ctx: VerbContext; input: StartReconciliationInput }) {
  const minute = ctx.now.toISOString().slice(0, 16);
  await ctx.db.write({
    jobs: [{ name: `finance.reconcile-${kind}` as const, payload: {}, dedupKey: `asked:${minute}` }],
    answer: sql`null`,
  });
  return { kind };
}
