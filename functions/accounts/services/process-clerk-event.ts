import { and, eq } from "drizzle-orm";
import type * as z from "zod";
import type { Cache } from "../../../shared/cache/redis.ts";
import { webhookEvents } from "../../../shared/db/schema/work.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type ClerkEvent, clerkMembership, clerkPerson, clerkReference, parseClerkEvent } from "../clerk-event.ts";
import { endPerson } from "./end-person.ts";
import { endSession } from "./end-session.ts";
import { projectMembership } from "./project-membership.ts";
import { projectPerson } from "./project-person.ts";

/**
 * Projects an event of Clerk, who knows people, their addresses and sessions; roles and doors are ours. Duplicates, late events and
 * events in any order leave the same rows as the orderly ones.
 *
 * @throws AppError EVENT_UNREADABLE; NotFoundError EVENT_NOT_FOUND; what the verbs of the single events throw.
 */
export async function processClerkEvent({
  ctx,
  input: { eventId },
  cache,
}: {
  ctx: ProgrammeJobContext;
  input: { eventId: string };
  cache: Cache;
}): Promise<void> {
  const [[stored]] = await ctx.db.read([
    ctx.db.build
      .select({ raw: webhookEvents.raw })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.provider, "clerk"), eq(webhookEvents.id, eventId))),
  ]);
  if (stored === undefined) throw new NotFoundError(undefined, { errorCode: "EVENT_NOT_FOUND" });
  const event = readable(() => parseClerkEvent(stored.raw));
  switch (event.type) {
    case "user.created":
    case "user.updated":
      return projectPerson({ ctx, person: dataOf(event, clerkPerson) });
    case "user.deleted":
      return endPerson({ ctx, clerkUserId: dataOf(event, clerkReference).id, cache });
    case "session.ended":
    case "session.removed":
    case "session.revoked":
      return endSession({ ctx, sessionId: dataOf(event, clerkReference).id, cache });
    case "organizationMembership.created":
    case "organizationMembership.updated":
    case "organizationMembership.deleted":
      return projectMembership({ ctx, eventId, type: event.type, membership: dataOf(event, clerkMembership), cache });
    default:
      ctx.log.write("info", "clerk.event_ignored", { provider: "clerk", outcome: "ignored" });
  }
}

function dataOf<Schema extends z.ZodType>(event: ClerkEvent, schema: Schema): z.output<Schema> {
  return readable(() => schema.parse(event.data));
}

function readable<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new AppError("VALIDATION", "The event is not readable", { errorCode: "EVENT_UNREADABLE", cause });
  }
}
