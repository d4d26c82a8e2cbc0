import { and, desc, eq, gte, lt, lte } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListChargesInput } from "../charges/charge-schemas.ts";
import { chargeView } from "../charges/charge-view.ts";

/** Newest first. */
export async function listCharges({ ctx, input }: { ctx: VerbContext; input: ListChargesInput }) {
  const { limit, cursor, status, billingType, studentId, dueFrom, dueTo } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(chargeView)
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, ctx.mentoradoId),
          status ? eq(charges.status, status) : undefined,
          billingType ? eq(charges.billingType, billingType) : undefined,
          dueFrom ? gte(charges.dueDate, dueFrom) : undefined,
          dueTo ? lte(charges.dueDate, dueTo) : undefined,
          studentId ? eq(charges.studentId, studentId) : undefined,
          cursor ? lt(charges.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(charges.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
