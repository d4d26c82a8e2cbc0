import { sql } from "drizzle-orm";
import type { Connection } from "../../../shared/db/connect.ts";
import { toAppError } from "../../../shared/db/database-error.ts";
import { JOBS } from "../../../shared/jobs/catalog.ts";
import type { StagedJob } from "../../../shared/jobs/stage.ts";
import { type IncomingEvent, jobOf } from "../incoming-event.ts";

interface Stored {
  /** The account that the URL names exists and the token is its own; always true where the provider signs by itself. */
  isKnown: boolean;
  isNew: boolean;
  isMismatch: boolean;
  job: StagedJob | null;
}

/**
 * One statement: the event and its job appear together, or the delivery is counted on the event that is there. For a provider whose
 * proof is a token per account, the statement itself compares the keyed digest and finds the mentorado.
 *
 * @throws AppError UNAVAILABLE when the database cannot say that it is stored.
 */
export async function storeEvent({
  connection,
  event,
  newId,
}: {
  connection: Connection;
  event: IncomingEvent;
  newId: () => string;
}): Promise<Stored> {
  const { provider, accountRef, eventId, eventType, raw, requestId, tokenDigest } = event;
  const job = jobOf(provider);
  const id = newId();
  try {
    const [answer] = await connection.run(sql`select guilda.enter_system('webhook', ${provider}, ${requestId})`, [
      connection.build.execute(sql`
        with account as (
          select a.mentorado_id from provider_accounts a
           where ${tokenDigest !== undefined} and a.provider = ${provider} and a.account_ref = ${accountRef} and a.is_active
             and a.webhook_token_digest = decode(${tokenDigest ?? ""}, 'base64')
          union all
          select null::uuid where ${tokenDigest === undefined}
        ),
        event as (
          insert into webhook_events as e (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id)
          select ${id}, ${provider}, ${accountRef}, ${eventId}, ${eventType}, account.mentorado_id,
                 decode(${raw}, 'base64'), sha256(decode(${raw}, 'base64')), ${requestId}
            from account
          on conflict (provider, account_ref, event_id) do update
            set deliveries = e.deliveries + 1, mismatch = e.mismatch or e.raw_sha256 <> excluded.raw_sha256
          returning e.id, e.mentorado_id, e.id = ${id} as is_new, e.mismatch
        ),
        job as (
          insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
          select ${newId()}, event.mentorado_id, ${JOBS[job].group}, ${job}, 'webhook:' || event.id,
                 jsonb_build_object('eventId', event.id), ${JOBS[job].retry.attempts}, ${requestId}
            from event where event.is_new
          returning id, name, ring, run_at
        )
        select exists (select 1 from event) as "isKnown", coalesce((select is_new from event), false) as "isNew",
               coalesce((select mismatch from event), false) as "isMismatch",
               (select jsonb_build_object('id', id, 'name', name, 'ring', ring, 'runAt', run_at) from job) as job`),
    ]);
    return answer.rows[0] as unknown as Stored;
  } catch (error) {
    throw toAppError(error);
  }
}
