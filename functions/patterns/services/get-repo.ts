import { and, count, desc, eq, ne } from "drizzle-orm";
import { type PATTERN_STATUSES, patterns, repos, scans } from "../../../shared/db/schema/craft.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { isRepo, repoView } from "../repos/repo-view.ts";

/**
 * A repository with its newest scan, how far that has come and why it failed, the commit that was read last, and how many patterns it has.
 *
 * @throws NotFoundError REPO_NOT_FOUND.
 */
export async function getRepo({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const ofRepo = and(eq(scans.mentoradoId, mentoradoId), eq(scans.repoId, id));
  const [[repo], [scan], [ingested], counted] = await ctx.db.read([
    build.select(repoView).from(repos).where(isRepo({ mentoradoId, id })),
    build
      .select({
        id: scans.id,
        commit: scans.commitSha,
        kind: scans.kind,
        status: scans.status,
        failure: scans.failure,
        filesRead: scans.filesRead,
        filesTotal: scans.filesTotal,
        bytesRead: scans.bytesRead,
        skipped: scans.skipped,
        startedAt: scans.startedAt,
        finishedAt: scans.finishedAt,
      })
      .from(scans)
      .where(and(ofRepo, ne(scans.status, "superseded")))
      .orderBy(desc(scans.startedAt), desc(scans.id))
      .limit(1),
    build
      .select({ commit: scans.commitSha })
      .from(scans)
      .where(and(ofRepo, eq(scans.status, "done")))
      .orderBy(desc(scans.startedAt), desc(scans.id))
      .limit(1),
    build
      .select({ status: patterns.status, count: count() })
      .from(patterns)
      .where(and(eq(patterns.mentoradoId, mentoradoId), eq(patterns.repoId, id)))
      .groupBy(patterns.status),
  ]);
  if (repo === undefined) throw new NotFoundError(undefined, { errorCode: "REPO_NOT_FOUND" });
  const patternCounts: Record<(typeof PATTERN_STATUSES)[number], number> = {
    candidate: 0,
    authoritative: 0,
    rejected: 0,
    deferred: 0,
    deprecated: 0,
  };
  for (const { status, count } of counted) patternCounts[status] = count;
  return { ...repo, scan: scan ?? null, lastIngestedCommit: ingested?.commit ?? null, patternCounts };
}
