import { eq, sql } from "drizzle-orm";
import type { Cache } from "../../../shared/cache/redis.ts";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import { voidSessions } from "../../../shared/trpc/session.ts";

/**
 * A person who was deleted at Clerk enters nowhere any more. The memberships stay as they are: an inactive person is let in through none
 * of them, and a mentorado whose last owner this was keeps its owner on paper until staff find another one. A person not heard of before
 * is entered as inactive, so that a late `user.created` opens no door.
 *
 * @throws UnavailableError CACHE_UNAVAILABLE, after the person was deactivated.
 */
export async function endPerson({
  ctx,
  clerkUserId,
  cache,
}: {
  ctx: ProgrammeJobContext;
  clerkUserId: string;
  cache: Cache;
}): Promise<void> {
  const { epoch } = await ctx.db.checkpoint({
    statements: [
      ctx.db.build
        .insert(users)
        .values({ id: ctx.newId(), clerkUserId, isActive: false })
        .onConflictDoUpdate({
          target: users.clerkUserId,
          set: { isActive: false, sessionEpoch: sql`${users.sessionEpoch} + 1` },
          setWhere: eq(users.isActive, true),
        }),
    ],
    answer: sql<{
      epoch: number;
    }>`(select ${jsonRow({ epoch: users.sessionEpoch })} from ${users} where ${eq(users.clerkUserId, clerkUserId)})`,
  });
  await voidSessions({ cache, clerkUserId, epoch });
}
