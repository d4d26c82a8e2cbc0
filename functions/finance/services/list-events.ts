import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { toPage } from "../../../shared/db/keyset.ts";
import { jobs, webhookEvents } from "../../../shared/db/schema/work.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type EVENT_STATUSES, replayKey } from "../events/replay-key.ts";
import type { ListEventsInput } from "../events/sync-schemas.ts";

interface Work {
  status: (typeof EVENT_STATUSES)[number];
  attempts: number;
  lastError: string | null;
}

/** What the provider has sent, newest first, with what became of it: of its last replay, or of its first processing. */
export async function listEvents({ ctx, input }: { ctx: VerbContext; input: ListEventsInput }) {
  const { limit, cursor, status, eventType, paymentId } = input;
  const work = workOf(ctx.mentoradoId);
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({
        id: webhookEvents.id,
        eventId: webhookEvents.eventId,
        eventType: webhookEvents.eventType,
        receivedAt: webhookEvents.receivedAt,
        deliveries: webhookEvents.deliveries,
        isMismatch: webhookEvents.mismatch,
        work: work.as("work"),
      })
      .from(webhookEvents)
      .where(
        and(
          eq(webhookEvents.mentoradoId, ctx.mentoradoId),
          eq(webhookEvents.provider, "asaas"),
          eventType ? eq(webhookEvents.eventType, eventType) : undefined,
          paymentId ? isAbout(paymentId) : undefined,
          status ? sql`${work} ->> 'status' = ${status}` : undefined,
          cursor ? lt(webhookEvents.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(webhookEvents.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}

/** Bodies are what the provider sent, so that one may be no JSON at all. */
function isAbout(paymentId: string): SQL {
  return sql`position(convert_to(${`"${paymentId}"`}, 'UTF8') in ${webhookEvents.raw}) > 0`;
}

function workOf(mentoradoId: string) {
  const replays = replayKey({ mentoradoId, eventId: sql`${webhookEvents.id}` });
  return correlated(sql<Work | null>`(
    select jsonb_build_object('attempts', ${jobs.attempts}, 'lastError', ${jobs.lastError},
             'status', case ${jobs.status} when 'done' then 'processed' when 'dead' then 'dead' else 'waiting' end)
      from ${jobs}
     where ${jobs.mentoradoId} = ${webhookEvents.mentoradoId}
       and (${jobs.dedupKey} = 'webhook:' || ${webhookEvents.id}::text
            or (${jobs.dedupKey} >= ${replays} and ${jobs.dedupKey} < ${replays} || '~'))
     order by ${jobs.createdAt} desc, ${jobs.id} desc limit 1)`);
}
