import { and, asc, eq, gte, inArray, lt, sql } from "drizzle-orm";
import { jobs, webhookEvents } from "../../../shared/db/schema/work.ts";
import { JOBS } from "../../../shared/jobs/catalog.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { replayKey } from "../events/replay-key.ts";
import type { ReplayEventsInput } from "../events/sync-schemas.ts";

const NAME = "finance.process-asaas-event";
/** Of a span of time; the answer says how many there were, so that people go on with the rest. */
const MAX_REPLAYED = 1_000;

/**
 * Lets stored events be processed once more, which is harmless: what they have done already they do not do again. The jobs are rung by
 * the sweeper within a minute or two.
 *
 * @returns how many were staged, and `lastReceivedAt` of them when there may be more.
 */
export async function replayEvents({ ctx, input }: { ctx: VerbContext; input: ReplayEventsInput }) {
  const { mentoradoId, requestId } = ctx;
  const isChosen =
    "ids" in input
      ? inArray(webhookEvents.id, input.ids)
      : and(
          gte(webhookEvents.receivedAt, input.receivedFrom),
          lt(webhookEvents.receivedAt, input.receivedUntil),
          input.eventType === undefined ? undefined : eq(webhookEvents.eventType, input.eventType),
        );
  const key = sql`${replayKey({ mentoradoId, eventId: sql`${webhookEvents.id}` })} || ${ctx.newId()}`;
  const chosen = ctx.db.build
    .select({ id: webhookEvents.id, receivedAt: webhookEvents.receivedAt, key: sql<string>`${key}`.as("key") })
    .from(webhookEvents)
    .where(and(eq(webhookEvents.mentoradoId, mentoradoId), eq(webhookEvents.provider, "asaas"), isChosen))
    .orderBy(asc(webhookEvents.receivedAt), asc(webhookEvents.id))
    .limit(MAX_REPLAYED);
  const { attempts } = JOBS[NAME].retry;
  return await ctx.db.write<{ staged: number; lastReceivedAt: string | null }>({
    statements: [
      ctx.db.build.execute(sql`
        insert into ${jobs} (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id, rung_at)
        select gen_random_uuid(), ${mentoradoId}, ${JOBS[NAME].group}, ${NAME}, chosen.key, jsonb_build_object('eventId', chosen.id),
               ${attempts}, ${requestId}, now() - interval '1 hour'
          from (${chosen}) as chosen(id, received_at, key)`),
    ],
    answer: sql`(
      select jsonb_build_object('staged', count(*), 'lastReceivedAt', case when count(*) = ${MAX_REPLAYED} then max(chosen.received_at) end)
        from (${chosen}) as chosen(id, received_at, key))`,
  });
}
