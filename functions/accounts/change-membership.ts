import { and, eq, type SQL, sql } from "drizzle-orm";
import { jsonRow } from "../../shared/db/json-view.ts";
import { memberships, type Role, users } from "../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../shared/trpc/verb-context.ts";
import { memberView } from "./member-view.ts";

/**
 * A person changes the membership of another one: from then on this mentorado decides about it, no longer Clerk (`role_revision`), and
 * sessions that are cached of the other one are void.
 *
 * @param reason kept in the audit log.
 * @returns the member.
 * @throws NotFoundError MEMBERSHIP_NOT_FOUND; ForbiddenError OWN_MEMBERSHIP; ConflictError STALE_VERSION, LAST_OWNER.
 */
export function changeMembership({
  ctx,
  input: { membershipId, version },
  change,
  reason,
}: {
  ctx: VerbContext;
  input: { membershipId: string; version: number };
  change: { role: Role } | { status: "active" | "revoked" };
  reason?: string;
}) {
  const { build } = ctx.db;
  const isIt = and(eq(memberships.mentoradoId, ctx.mentoradoId), eq(memberships.id, membershipId));
  const isNotOwn = and(isIt, sql`${memberships.userId}::text <> guilda.actor_id()`);
  const userId = sql`(select ${memberships.userId} from ${memberships} where ${isIt})`;
  return ctx.db.write({
    guards: [
      { condition: lockMembership(isIt), refuseWith: "NOT_FOUND", errorCode: "MEMBERSHIP_NOT_FOUND" },
      { condition: lockMembership(isNotOwn), refuseWith: "FORBIDDEN", errorCode: "OWN_MEMBERSHIP" },
      {
        condition: lockMembership(and(isIt, eq(memberships.version, version))),
        refuseWith: "CONFLICT",
        errorCode: "STALE_VERSION",
      },
    ],
    statements: [
      ...(reason === undefined ? [] : [build.execute(sql`select set_config('app.reason', ${reason}, true)`)]),
      build
        .update(memberships)
        .set({ ...change, roleRevision: sql`${memberships.roleRevision} + 1`, version: sql`${memberships.version} + 1` })
        .where(isIt),
      build
        .update(users)
        .set({ sessionEpoch: sql`${users.sessionEpoch} + 1` })
        .where(eq(users.id, userId)),
    ],
    jobs: [
      {
        name: "accounts.invalidate-session",
        payload: sql`jsonb_build_object('userId', ${userId})`,
        dedupKey: `${membershipId}:${version}`,
      },
    ],
    answer: sql`(select ${jsonRow(memberView)} from ${memberships} join ${users} on ${users.id} = ${memberships.userId} where ${isIt})`,
  });
}

/** Locks the membership for the rest of the batch. @returns whether there is such a membership. */
function lockMembership(condition: SQL | undefined): SQL {
  return sql`exists (select 1 from ${memberships} where ${condition} for update)`;
}
