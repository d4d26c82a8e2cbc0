import { and, desc, eq, sql } from "drizzle-orm";
import { patterns } from "../../../shared/db/schema/craft.ts";
import { pullCheckPatterns, pullChecks, pullRequests, violations } from "../../../shared/db/schema/pull-requests.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { checkView, isInState, pullView, violationView } from "../enforcing/pull-view.ts";

const CHECKS_HEAD = 20;
const MAX_VIOLATIONS = 500;

/**
 * A pull request with its newest checks, what the latest one counted of each pattern, and its violations, those that count first.
 *
 * @throws NotFoundError PULL_NOT_FOUND.
 */
export async function getPull({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const ofPull = and(eq(pullChecks.mentoradoId, mentoradoId), eq(pullChecks.pullRequestId, id));
  const latest = build.select({ id: pullChecks.id }).from(pullChecks).where(ofPull).orderBy(desc(pullChecks.id)).limit(1);
  const [[pull], checks, counts, found] = await ctx.db.read([
    build
      .select(pullView)
      .from(pullRequests)
      .where(and(eq(pullRequests.mentoradoId, mentoradoId), eq(pullRequests.id, id))),
    build.select(checkView).from(pullChecks).where(ofPull).orderBy(desc(pullChecks.id)).limit(CHECKS_HEAD),
    build
      .select({
        patternId: patterns.id,
        name: patterns.name,
        opportunities: pullCheckPatterns.opportunities,
        hits: pullCheckPatterns.hits,
      })
      .from(pullCheckPatterns)
      .innerJoin(
        patterns,
        and(eq(patterns.mentoradoId, pullCheckPatterns.mentoradoId), eq(patterns.id, pullCheckPatterns.patternId)),
      )
      .where(and(eq(pullCheckPatterns.mentoradoId, mentoradoId), sql`${pullCheckPatterns.pullCheckId} = (${latest})`))
      .orderBy(patterns.id),
    build
      .select(violationView)
      .from(violations)
      .where(and(eq(violations.mentoradoId, mentoradoId), eq(violations.pullRequestId, id)))
      .orderBy(desc(isInState("open")), violations.path, violations.startLine, violations.id)
      .limit(MAX_VIOLATIONS),
  ]);
  if (pull === undefined) throw new NotFoundError(undefined, { errorCode: "PULL_NOT_FOUND" });
  return { ...pull, checks, counts, violations: found };
}
