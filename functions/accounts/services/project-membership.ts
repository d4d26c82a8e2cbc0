import { and, eq, inArray, isNull, ne, type SQL, sql } from "drizzle-orm";
import type { Cache } from "../../../shared/cache/redis.ts";
import { guardStatement } from "../../../shared/db/guard.ts";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { memberships, mentorados, type Role, users } from "../../../shared/db/schema/tenancy.ts";
import { webhookEvents } from "../../../shared/db/schema/work.ts";
import { AppError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import { voidSessions } from "../../../shared/trpc/session.ts";
import { type ClerkMembership, clerkMembership, parseClerkEvent } from "../clerk-event.ts";

const END = "organizationMembership.deleted";
/** Of two events of the same millisecond the one that is later in this list counts. */
const TYPES: string[] = ["organizationMembership.created", "organizationMembership.updated", END];

/** An event is delivered for at most 28 hours and tried by its job for an hour: an older one is no rival of this one. */
const RIVALS = sql`interval '7 days'`;

interface Projection {
  role: Role;
  status: "active" | "revoked";
}

/**
 * Projects what Clerk says of a person in an organisation onto the membership of its mentorado. Clerk's events carry no version of the
 * membership, so the inbox is the clock: whichever event this is, the newest one about the two decides.
 *
 * An owner, and a member whom a person has changed here, is no longer Clerk's to change; only an end at Clerk is an end here too, except
 * for the last owner.
 *
 * @throws UnavailableError USER_UNKNOWN until the person is known, INBOX_MOVED when another event came in between, CACHE_UNAVAILABLE.
 */
export async function projectMembership({
  ctx,
  eventId,
  type,
  membership,
  cache,
}: {
  ctx: ProgrammeJobContext;
  eventId: string;
  type: string;
  membership: ClerkMembership;
  cache: Cache;
}): Promise<void> {
  const { build } = ctx.db;
  const isRival = aboutTheSame({ eventId, membership });
  const clerkUserId = membership.public_user_data.user_id;
  const [[mentorado], [user], rivals] = await ctx.db.read([
    build.select({ id: mentorados.id }).from(mentorados).where(eq(mentorados.clerkOrganizationId, membership.organization.id)),
    build.select({ id: users.id }).from(users).where(eq(users.clerkUserId, clerkUserId)),
    build.select({ raw: webhookEvents.raw }).from(webhookEvents).where(isRival),
  ]);
  if (mentorado === undefined)
    return ctx.log.write("info", "clerk.organization_unknown", { provider: "clerk", outcome: "ignored" });
  if (user === undefined) throw new UnavailableError("This person is not known yet", { errorCode: "USER_UNKNOWN" });
  const projection = newestOf(
    rivals.map(({ raw }) => raw),
    membership,
  );
  const epoch = await apply({
    ctx,
    row: { mentoradoId: mentorado.id, userId: user.id, ...projection },
    isEnd: type === END,
    inboxIsStill: sql`(select count(*) from ${webhookEvents} where ${isRival}) = ${rivals.length}`,
  });
  if (epoch !== undefined) await voidSessions({ cache, clerkUserId, epoch });
}

/** The ids stand in the bytes as they are; what else bears them is sorted out after parsing. */
function aboutTheSame({ eventId, membership }: { eventId: string; membership: ClerkMembership }): SQL | undefined {
  const holds = (id: string) => sql`position(convert_to(${id}, 'UTF8') in ${webhookEvents.raw}) > 0`;
  return and(
    isNull(webhookEvents.mentoradoId),
    sql`${webhookEvents.receivedAt} > (select own.received_at - ${RIVALS} from ${webhookEvents} own where own.id = ${eventId})`,
    eq(webhookEvents.provider, "clerk"),
    inArray(webhookEvents.eventType, TYPES),
    holds(membership.organization.id),
    holds(membership.public_user_data.user_id),
  );
}

function newestOf(raws: Uint8Array[], { organization, public_user_data }: ClerkMembership): Projection {
  let newest = { at: Number.NEGATIVE_INFINITY, rank: 0, role: "" };
  for (const raw of raws) {
    const { type, timestamp, data } = parseClerkEvent(raw);
    const parsed = clerkMembership.safeParse(data).data;
    if (parsed?.organization.id !== organization.id || parsed.public_user_data.user_id !== public_user_data.user_id) continue;
    const candidate = { at: timestamp, rank: TYPES.indexOf(type), role: parsed.role };
    if (candidate.at > newest.at || (candidate.at === newest.at && candidate.rank > newest.rank)) newest = candidate;
  }
  return { role: newest.role === "org:admin" ? "manager" : "viewer", status: TYPES[newest.rank] === END ? "revoked" : "active" };
}

/** @returns the person's new epoch; undefined when nothing was done, because a mentorado would lose its last owner. */
async function apply({
  ctx,
  row,
  isEnd,
  inboxIsStill,
}: {
  ctx: ProgrammeJobContext;
  row: Projection & { mentoradoId: string; userId: string };
  isEnd: boolean;
  inboxIsStill: SQL;
}): Promise<number | undefined> {
  const { build } = ctx.db;
  const { mentoradoId, userId, role, status } = row;
  const isPerson = eq(users.id, userId);
  const isClerks = sql`${memberships.roleRevision} = 0 and ${memberships.role} <> 'owner'`;
  const next = { status, version: sql`${memberships.version} + 1` };
  try {
    const { epoch } = await ctx.db.checkpoint({
      statements: [
        // Locked by a statement of its own, so that the next one sees what those who held the lock have seen.
        build.execute(sql`select 1 from ${users} where ${isPerson} for update`),
        build.execute(guardStatement([{ condition: inboxIsStill, refuseWith: "CONFLICT", errorCode: "INBOX_MOVED" }])),
        build
          .insert(memberships)
          .values({ ...row, id: ctx.newId() })
          .onConflictDoUpdate({
            target: [memberships.mentoradoId, memberships.userId],
            set: { ...next, role },
            setWhere: sql`${isClerks} and (${ne(memberships.role, role)} or ${ne(memberships.status, status)})`,
          }),
        ...(isEnd
          ? [
              build
                .update(memberships)
                .set({ ...next, status: "revoked" })
                .where(
                  and(
                    eq(memberships.mentoradoId, mentoradoId),
                    eq(memberships.userId, userId),
                    eq(memberships.status, "active"),
                    sql`not (${isClerks})`,
                  ),
                ),
            ]
          : []),
        build
          .update(users)
          .set({ sessionEpoch: sql`${users.sessionEpoch} + 1` })
          .where(isPerson),
      ],
      answer: sql<{ epoch: number }>`(select ${jsonRow({ epoch: users.sessionEpoch })} from ${users} where ${isPerson})`,
    });
    return epoch;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.errorCode === "INBOX_MOVED") throw new UnavailableError(undefined, { errorCode: "INBOX_MOVED" });
    if (error.errorCode !== "LAST_OWNER") throw error;
    ctx.log.write("error", "clerk.last_owner_kept", { provider: "clerk", mentoradoId, outcome: "ignored" });
    return undefined;
  }
}
