import { and, eq, inArray, isNotNull, or, sql } from "drizzle-orm";
import { checker as anyChecker, type Checker } from "../../../shared/craft/checker.ts";
import { wilsonLowerBound } from "../../../shared/craft/wilson.ts";
import { patternHistory, patterns } from "../../../shared/db/schema/craft.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { isComplete, judgeFiles } from "../measuring/judge-files.ts";
import { type TallyPage, tallyQuery } from "../measuring/tally-query.ts";

/** The authoritative ones first. Each is one look at the files. */
const MAX_MEASURED = 100;

/** The words of a model change nothing that is counted. */
const isChangedByMember = sql`exists (
  select 1 from ${patternHistory} where ${patternHistory.mentoradoId} = ${patterns.mentoradoId} and ${patternHistory.patternId} = ${patterns.id}
     and ${patternHistory.actorKind} = 'member')`;

interface Figures {
  id: string;
  checker: Checker;
  hits: number;
  opportunities: number;
  lowerBound: number;
}

/**
 * Counts how far the patterns that people have put their hands on are followed in the files as they were read last: mining tells the figures
 * of what it finds, but not of what people proposed, of a checker that they changed, or of what is no longer followed enough to be found.
 * What a person changes in the meantime keeps its figures; the change has staged another job.
 */
export async function measureRepo({ ctx, input: { repoId } }: { ctx: JobContext; input: { repoId: string } }): Promise<void> {
  const { mentoradoId } = ctx;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({ id: patterns.id, checker: patterns.checker })
      .from(patterns)
      .where(
        and(
          eq(patterns.mentoradoId, mentoradoId),
          eq(patterns.repoId, repoId),
          inArray(patterns.status, ["candidate", "authoritative", "deferred"]),
          isNotNull(patterns.checker),
          or(eq(patterns.origin, "person"), isChangedByMember),
        ),
      )
      .orderBy(sql`${patterns.status} <> 'authoritative'`, patterns.id)
      .limit(MAX_MEASURED),
  ]);
  const measured: Figures[] = [];
  for (const { id, checker } of rows) {
    const figures = await measure({ ctx, repoId, id, checker });
    if (figures !== undefined) measured.push(figures);
  }
  await ctx.db.write({
    statements: [
      ctx.db.build.execute(sql`
        update ${patterns} set hits = m.hits, opportunities = m.opportunities, lower_bound = m."lowerBound"
          from jsonb_to_recordset(${JSON.stringify(measured)}::jsonb)
            as m(id uuid, checker jsonb, hits integer, opportunities integer, "lowerBound" double precision)
         where ${patterns.mentoradoId} = ${mentoradoId} and ${patterns.repoId} = ${repoId} and ${patterns.id} = m.id
           and ${patterns.checker} = m.checker
           and (${patterns.hits}, ${patterns.opportunities}, ${patterns.lowerBound})
               is distinct from (m.hits, m.opportunities, m."lowerBound")`),
    ],
    answer: sql`null`,
  });
}

async function measure({
  ctx,
  repoId,
  id,
  checker: stored,
}: {
  ctx: JobContext;
  repoId: string;
  id: string;
  checker: unknown;
}): Promise<Figures | undefined> {
  const { data: checker } = anyChecker.safeParse(stored);
  if (checker === undefined) return undefined;
  const query = tallyQuery({
    mentoradoId: ctx.mentoradoId,
    repoId: sql`${repoId}::uuid`,
    checker: sql`${JSON.stringify(checker)}::jsonb`,
  });
  const [{ rows }] = await ctx.db.read([ctx.db.build.execute<{ files: TallyPage["files"]; total: number }>(query)]);
  const [page] = rows;
  if (page === undefined || !isComplete(page)) return undefined;
  const { hits, opportunities } = judgeFiles({ checker, page });
  return { id, checker, hits, opportunities, lowerBound: wilsonLowerBound({ hits, opportunities }) };
}
