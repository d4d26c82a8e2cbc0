import { and, isNull, sql } from "drizzle-orm";
import { repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { isRepo, repoAnswer } from "../repos/repo-view.ts";

/** From now on it is neither read nor checked; what was found and decided stays. Once is as good as twice. @throws NotFoundError REPO_NOT_FOUND. */
export function disconnectRepo({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const isIt = isRepo({ mentoradoId: ctx.mentoradoId, id });
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${repos} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "REPO_NOT_FOUND",
      },
    ],
    statements: [
      ctx.db.build
        .update(repos)
        .set({ disconnectedAt: sql`now()`, version: sql`${repos.version} + 1`, updatedAt: sql`now()` })
        .where(and(isIt, isNull(repos.disconnectedAt))),
    ],
    answer: repoAnswer(isIt),
  });
}
