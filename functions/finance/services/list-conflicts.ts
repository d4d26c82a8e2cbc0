import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { syncConflicts } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { conflictView } from "../events/conflict-view.ts";
import type { ListConflictsInput } from "../events/sync-schemas.ts";

/** Differences between our books and the provider's, newest first, with both sides. */
export async function listConflicts({ ctx, input }: { ctx: VerbContext; input: ListConflictsInput }) {
  const { limit, cursor, status } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(conflictView)
      .from(syncConflicts)
      .where(
        and(
          eq(syncConflicts.mentoradoId, ctx.mentoradoId),
          eq(syncConflicts.status, status),
          cursor ? lt(syncConflicts.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(syncConflicts.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
