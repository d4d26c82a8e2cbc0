import { sql } from "drizzle-orm";
import { repos } from "../../../shared/db/schema/craft.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { PreviewCheckerInput } from "../judging/pattern-schemas.ts";
import { judgeFiles, reportOf } from "../measuring/judge-files.ts";
import { newestScan } from "../measuring/newest-scan.ts";
import { type TallyPage, tallyQuery } from "../measuring/tally-query.ts";
import { isRepo } from "../repos/repo-view.ts";

/** What a checker would say of the repository as it was read last; nothing is stored. @throws NotFoundError REPO_NOT_FOUND. */
export async function previewChecker({ ctx, input }: { ctx: VerbContext; input: PreviewCheckerInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const { repoId, checker, limit } = input;
  const json = sql`${JSON.stringify(checker)}::jsonb`;
  const [[repo], [scan], tallies] = await ctx.db.read([
    build
      .select({ id: repos.id })
      .from(repos)
      .where(isRepo({ mentoradoId, id: repoId })),
    newestScan({ ctx, repoId }),
    build.execute<{ files: TallyPage["files"]; total: number }>(
      tallyQuery({ mentoradoId, repoId: sql`${repoId}::uuid`, checker: json }),
    ),
  ]);
  const [page] = tallies.rows;
  if (repo === undefined || page === undefined) throw new NotFoundError(undefined, { errorCode: "REPO_NOT_FOUND" });
  return { ...reportOf({ evaluation: judgeFiles({ checker, page }), page, limit }), scan: scan ?? null };
}
