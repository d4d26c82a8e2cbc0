import { and, eq, sql } from "drizzle-orm";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { AdminContext } from "../../../shared/trpc/verb-context.ts";
import type { SetActiveInput } from "../schemas.ts";

/**
 * Opens or closes every door of the programme to a person.
 *
 * @throws NotFoundError USER_NOT_FOUND; ForbiddenError OWN_ACCOUNT.
 */
export function setActive({ ctx, input: { userId, isActive } }: { ctx: AdminContext; input: SetActiveInput }) {
  const { build } = ctx.db;
  const isIt = eq(users.id, userId);
  const isNotOwn = and(isIt, sql`${users.id}::text <> guilda.actor_id()`);
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${users} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "USER_NOT_FOUND",
      },
      { condition: sql`exists (select 1 from ${users} where ${isNotOwn})`, refuseWith: "FORBIDDEN", errorCode: "OWN_ACCOUNT" },
    ],
    statements: [
      build
        .update(users)
        .set({ isActive, sessionEpoch: sql`${users.sessionEpoch} + 1` })
        .where(isIt),
    ],
    jobs: [{ name: "accounts.invalidate-session", payload: { userId }, dedupKey: ctx.newId() }],
    answer: sql`(select ${jsonRow({ id: users.id, isActive: users.isActive })} from ${users} where ${isIt})`,
  });
}
