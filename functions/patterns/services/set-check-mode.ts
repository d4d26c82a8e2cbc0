import { and, eq, isNull, sql } from "drizzle-orm";
import { repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { SetCheckModeInput } from "../enforcing/enforcing-schemas.ts";
import { isRepo, repoAnswer } from "../repos/repo-view.ts";

/**
 * What is done about pull requests from the next push on: nothing (`off`), counted and not told (`shadow`), told on GitHub (`enforce`).
 *
 * @throws NotFoundError REPO_NOT_FOUND; ConflictError REPO_DISCONNECTED; AppError INSTALLATION_REQUIRED to enforce where the App may not write.
 */
export function setCheckMode({ ctx, input: { id, mode } }: { ctx: VerbContext; input: SetCheckModeInput }) {
  const isIt = isRepo({ mentoradoId: ctx.mentoradoId, id });
  const is = (condition: ReturnType<typeof and>) => sql`exists (select 1 from ${repos} where ${condition} for update)`;
  return ctx.db.write({
    guards: [
      { condition: is(isIt), refuseWith: "NOT_FOUND", errorCode: "REPO_NOT_FOUND" },
      { condition: is(and(isIt, isNull(repos.disconnectedAt))), refuseWith: "CONFLICT", errorCode: "REPO_DISCONNECTED" },
      {
        condition: mode === "enforce" ? is(and(isIt, eq(repos.source, "installation"))) : sql`true`,
        refuseWith: "PRECONDITION_FAILED",
        errorCode: "INSTALLATION_REQUIRED",
      },
    ],
    statements: [
      ctx.db.build
        .update(repos)
        .set({ checkMode: mode, version: sql`${repos.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
    ],
    answer: repoAnswer(isIt),
  });
}
