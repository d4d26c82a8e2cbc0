import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { chargeView } from "../charge-view.ts";
import type { ListChargesInput } from "../schemas.ts";

/** Newest first. */
export async function listCharges({ ctx, input }: { ctx: VerbContext; input: ListChargesInput }) {
  const { limit, cursor, status, studentId } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(chargeView)
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, ctx.mentoradoId),
          status ? eq(charges.status, status) : undefined,
          studentId ? eq(charges.studentId, studentId) : undefined,
          cursor ? lt(charges.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(charges.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
