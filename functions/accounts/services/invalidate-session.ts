import { eq } from "drizzle-orm";
import type { Cache } from "../../../shared/cache/redis.ts";
import { users } from "../../../shared/db/schema/tenancy.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import { voidSessions } from "../../../shared/trpc/session.ts";

/**
 * What Redis believes of a person is worth nothing below the epoch that the database has now.
 *
 * @throws UnavailableError CACHE_UNAVAILABLE; NotFoundError USER_NOT_FOUND.
 */
export async function invalidateSession({
  ctx,
  input,
  cache,
}: {
  ctx: ProgrammeJobContext;
  input: { userId: string };
  cache: Cache;
}): Promise<void> {
  const [[user]] = await ctx.db.read([
    ctx.db.build
      .select({ clerkUserId: users.clerkUserId, epoch: users.sessionEpoch })
      .from(users)
      .where(eq(users.id, input.userId)),
  ]);
  if (user === undefined) throw new NotFoundError(undefined, { errorCode: "USER_NOT_FOUND" });
  await voidSessions({ cache, ...user });
}
