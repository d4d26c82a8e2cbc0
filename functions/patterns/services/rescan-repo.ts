import { and, isNull, sql } from "drizzle-orm";
import { repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { isRepo, repoAnswer } from "../repos/repo-view.ts";

/** Stages a look at the repository's newest commit; nothing is read twice. @throws NotFoundError REPO_NOT_FOUND; ConflictError REPO_DISCONNECTED. */
export function rescanRepo({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const isIt = isRepo({ mentoradoId: ctx.mentoradoId, id });
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${repos} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "REPO_NOT_FOUND",
      },
      {
        condition: sql`exists (select 1 from ${repos} where ${and(isIt, isNull(repos.disconnectedAt))} for update)`,
        refuseWith: "CONFLICT",
        errorCode: "REPO_DISCONNECTED",
      },
    ],
    jobs: [{ name: "ingestion.scan-repo", payload: { repoId: id }, dedupKey: ctx.newId() }],
    answer: repoAnswer(isIt),
  });
}
