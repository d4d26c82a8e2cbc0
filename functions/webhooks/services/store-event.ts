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

interface Row {
  is_known: boolean;
  is_new: boolean;
  is_mismatch: boolean;
  ring: number | null;
  run_at: string | null;
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
  const name = jobOf(provider);
  const { group, retry } = JOBS[name];
  const jobId = newId();
  try {
    const [row] = await connection.call<Row>(sql`
      select * from guilda.store_event(${newId()}, ${provider}, ${accountRef}, ${eventId}, ${eventType}, decode(${raw}, 'base64'),
        decode(${tokenDigest ?? null}, 'base64'), ${requestId}, ${jobId}, ${name}, ${group}, ${retry.attempts})`);
    if (row === undefined) throw new Error("store_event must answer with one row");
    const { is_known: isKnown, is_new: isNew, is_mismatch: isMismatch, ring, run_at: runAt } = row;
    const job = ring === null || runAt === null ? null : { id: jobId, name, ring, runAt };
    return { isKnown, isNew, isMismatch, job };
  } catch (error) {
    throw toAppError(error);
  }
}
