import { and, desc, eq, isNull, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListReposInput } from "../repos/repo-schemas.ts";
import { repoView } from "../repos/repo-view.ts";

/** The connected ones, newest first. */
export async function listRepos({ ctx, input }: { ctx: VerbContext; input: ListReposInput }) {
  const { limit, cursor, studentId } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(repoView)
      .from(repos)
      .where(
        and(
          eq(repos.mentoradoId, ctx.mentoradoId),
          isNull(repos.disconnectedAt),
          studentId ? eq(repos.studentId, studentId) : undefined,
          cursor ? lt(repos.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(repos.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
