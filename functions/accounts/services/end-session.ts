import { sql } from "drizzle-orm";
import type { Cache } from "../../../shared/cache/redis.ts";
import { revokedSessions } from "../../../shared/db/schema/tenancy.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import { refuseSession } from "../../../shared/trpc/session.ts";

/**
 * A session that ended at Clerk is refused, though its last token is still good: by the database at once, and early by Redis.
 *
 * @throws UnavailableError CACHE_UNAVAILABLE, after the database knows.
 */
export async function endSession({
  ctx,
  sessionId,
  cache,
}: {
  ctx: ProgrammeJobContext;
  sessionId: string;
  cache: Cache;
}): Promise<void> {
  await ctx.db.checkpoint({
    statements: [ctx.db.build.insert(revokedSessions).values({ sessionId }).onConflictDoNothing()],
    answer: sql`null`,
  });
  await refuseSession({ cache, sessionId });
}
