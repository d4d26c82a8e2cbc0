import { sql } from "drizzle-orm";
import { checker as anyChecker } from "../../../shared/craft/checker.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { BacktestInput } from "../judging/pattern-schemas.ts";
import { isPattern } from "../judging/pattern-view.ts";
import { judgeFiles, reportOf } from "../measuring/judge-files.ts";
import { newestScan } from "../measuring/newest-scan.ts";
import { type TallyPage, tallyQuery } from "../measuring/tally-query.ts";

/**
 * What the checker of a pattern says of its repository as it was read last: what would be found if everything were looked at now.
 *
 * @throws NotFoundError PATTERN_NOT_FOUND; AppError CHECKER_REQUIRED when it has none.
 */
export async function backtestPattern({ ctx, input: { id, limit } }: { ctx: VerbContext; input: BacktestInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const isIt = isPattern({ mentoradoId, id });
  const of = (column: typeof patterns.repoId | typeof patterns.checker) => sql`(select ${column} from ${patterns} where ${isIt})`;
  const [[pattern], [scan], tallies] = await ctx.db.read([
    build.select({ checker: patterns.checker }).from(patterns).where(isIt),
    newestScan({ ctx, repoId: of(patterns.repoId) }),
    build.execute<{ files: TallyPage["files"]; total: number }>(
      tallyQuery({ mentoradoId, repoId: of(patterns.repoId), checker: of(patterns.checker) }),
    ),
  ]);
  const [page] = tallies.rows;
  if (pattern === undefined || page === undefined) throw new NotFoundError(undefined, { errorCode: "PATTERN_NOT_FOUND" });
  const { data: checker } = anyChecker.safeParse(pattern.checker);
  if (checker === undefined) throw new AppError("PRECONDITION_FAILED", "Refused", { errorCode: "CHECKER_REQUIRED" });
  return { ...reportOf({ evaluation: judgeFiles({ checker, page }), page, limit }), scan: scan ?? null };
}
