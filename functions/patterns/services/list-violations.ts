import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { pullRequests, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListViolationsInput } from "../enforcing/enforcing-schemas.ts";
import { isInState, violationView } from "../enforcing/pull-view.ts";

/** Where pull requests broke a pattern, newest first. */
export async function listViolations({ ctx, input }: { ctx: VerbContext; input: ListViolationsInput }) {
  const { id, state, limit, cursor } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({ ...violationView, number: pullRequests.number, title: pullRequests.title })
      .from(violations)
      .innerJoin(
        pullRequests,
        and(eq(pullRequests.mentoradoId, violations.mentoradoId), eq(pullRequests.id, violations.pullRequestId)),
      )
      .where(
        and(
          eq(violations.mentoradoId, ctx.mentoradoId),
          eq(violations.patternId, id),
          state ? isInState(state) : undefined,
          cursor ? lt(violations.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(violations.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
