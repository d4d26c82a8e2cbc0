import { desc, lt, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { toPage } from "../../../shared/db/keyset.ts";
import { memberships, mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { AdminContext } from "../../../shared/trpc/verb-context.ts";
import type { ListDirectoryInput } from "../schemas.ts";

/** All mentorados of the programme, newest first, with how many members may enter each. */
export async function listDirectory({ ctx, input: { limit, cursor } }: { ctx: AdminContext; input: ListDirectoryInput }) {
  const memberCount = sql<number>`(select count(*)::integer from ${memberships}
    where ${memberships.mentoradoId} = ${mentorados.id} and ${memberships.status} = 'active')`;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({
        id: mentorados.id,
        name: mentorados.name,
        slug: mentorados.slug,
        status: mentorados.status,
        timezone: mentorados.timezone,
        createdAt: mentorados.createdAt,
        memberCount: correlated(memberCount),
      })
      .from(mentorados)
      .where(cursor ? lt(mentorados.id, cursor) : undefined)
      .orderBy(desc(mentorados.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
