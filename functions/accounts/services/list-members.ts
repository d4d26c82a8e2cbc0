import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { memberships, users } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { memberView } from "../member-view.ts";
import type { ListMembersInput } from "../schemas.ts";

/** Newest first, the revoked ones too. */
export async function listMembers({ ctx, input: { limit, cursor } }: { ctx: VerbContext; input: ListMembersInput }) {
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(memberView)
      .from(memberships)
      .innerJoin(users, eq(users.id, memberships.userId))
      .where(and(eq(memberships.mentoradoId, ctx.mentoradoId), cursor ? lt(memberships.id, cursor) : undefined))
      .orderBy(desc(memberships.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
