import { and, desc, eq, lt } from "drizzle-orm";
import { patternHistory } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { historyView } from "../judging/history.ts";
import type { ListHistoryInput } from "../judging/pattern-schemas.ts";

/** What was decided about a pattern, the newest first; one line for each version. */
export async function listHistory({ ctx, input: { id, limit, cursor } }: { ctx: VerbContext; input: ListHistoryInput }) {
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(historyView)
      .from(patternHistory)
      .where(
        and(
          eq(patternHistory.mentoradoId, ctx.mentoradoId),
          eq(patternHistory.patternId, id),
          cursor ? lt(patternHistory.version, cursor) : undefined,
        ),
      )
      .orderBy(desc(patternHistory.version))
      .limit(limit + 1),
  ]);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.version ?? null) : null };
}
