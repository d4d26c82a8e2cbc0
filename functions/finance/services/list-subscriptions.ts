import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { subscriptions } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListSubscriptionsInput } from "../charges/charge-schemas.ts";
import { subscriptionView } from "../charges/subscription-view.ts";

/** Newest first. */
export async function listSubscriptions({ ctx, input }: { ctx: VerbContext; input: ListSubscriptionsInput }) {
  const { limit, cursor, status, studentId } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(subscriptionView)
      .from(subscriptions)
      .where(
        and(
          eq(subscriptions.mentoradoId, ctx.mentoradoId),
          status ? eq(subscriptions.status, status) : undefined,
          studentId ? eq(subscriptions.studentId, studentId) : undefined,
          cursor ? lt(subscriptions.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(subscriptions.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
