import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { pullRequests } from "../../../shared/db/schema/pull-requests.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListPullsInput } from "../enforcing/enforcing-schemas.ts";
import { pullView } from "../enforcing/pull-view.ts";

/** The pull requests of a repository, newest first, each with its latest check. */
export async function listPulls({ ctx, input }: { ctx: VerbContext; input: ListPullsInput }) {
  const { repoId, state, limit, cursor } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(pullView)
      .from(pullRequests)
      .where(
        and(
          eq(pullRequests.mentoradoId, ctx.mentoradoId),
          eq(pullRequests.repoId, repoId),
          state ? eq(pullRequests.state, state) : undefined,
          cursor ? lt(pullRequests.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(pullRequests.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
