import { and, desc, eq, type SQL } from "drizzle-orm";
import { scans } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

/** The newest scan of a repository that has ended: what is known of its files is of this commit, or on its way to a newer one. */
export function newestScan({ ctx, repoId }: { ctx: VerbContext; repoId: SQL | string }) {
  return ctx.db.build
    .select({ commit: scans.commitSha, finishedAt: scans.finishedAt })
    .from(scans)
    .where(and(eq(scans.mentoradoId, ctx.mentoradoId), eq(scans.repoId, repoId), eq(scans.status, "done")))
    .orderBy(desc(scans.startedAt), desc(scans.id))
    .limit(1);
}
