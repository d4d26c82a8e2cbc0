import { and, desc, eq, sql } from "drizzle-orm";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListPatternsInput } from "../judging/pattern-schemas.ts";
import { patternView } from "../judging/pattern-view.ts";

/** The patterns of a repository by score, those that people proposed last. A page past the end is empty. */
export async function listPatterns({ ctx, input }: { ctx: VerbContext; input: ListPatternsInput }) {
  const { repoId, status, page, limit } = input;
  const [items] = await ctx.db.read([
    ctx.db.build
      .select(patternView)
      .from(patterns)
      .where(
        and(
          eq(patterns.mentoradoId, ctx.mentoradoId),
          eq(patterns.repoId, repoId),
          status ? eq(patterns.status, status) : undefined,
        ),
      )
      .orderBy(sql`${patterns.score} desc nulls last`, desc(patterns.id))
      .limit(limit)
      .offset((page - 1) * limit),
  ]);
  return { items, page, limit };
}
