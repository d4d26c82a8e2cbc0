import { createHash } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Platform } from "../../support/platform.ts";

export interface EventBody {
  event: string;
  payment?: {
    id: string;
    status: string;
    externalReference?: string | null;
    netValue?: number | null;
    deleted?: boolean;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** Lets the platform's `/jobs/finance/…` be answered as the Worker answers them. */
export function mountFinance(platform: Platform, env: Record<string, string> = {}): void {
  const { kernel, handlers } = openFinance({ ...platform.env, ...env });
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers, kernel, waitUntil }));
}

/** Stores an event in the inbox of a mentorado, as the webhook does. @returns its id. */
export async function storeEvent(platform: Platform, mentoradoId: string, body: EventBody | string): Promise<string> {
  const id = uuidv7();
  const raw = Buffer.from(typeof body === "string" ? body : JSON.stringify({ id: `evt_${id}`, ...body }));
  await insertRow(platform.database, "webhook_events", {
    id,
    provider: "asaas",
    account_ref: `account-${mentoradoId}`,
    event_id: `evt_${id}`,
    event_type: typeof body === "string" ? "unreadable" : body.event,
    mentorado_id: mentoradoId,
    raw: `\\x${raw.toString("hex")}`,
    raw_sha256: `\\x${createHash("sha256").update(raw).digest("hex")}`,
    request_id: `webhook-${id}`,
  });
  return id;
}

/** Stages a job for a stored event, one more at each call: so a verb can meet an event that it has met before. @returns the job's id. */
export async function stageEvent(platform: Platform, mentoradoId: string, eventId: string): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: "finance.process-asaas-event",
    dedup_key: id,
    payload: { eventId },
    max_attempts: 12,
    request_id: `webhook-${eventId}`,
  });
  return id;
}

/** An event comes and is processed at once. @returns the answer of its job. */
export async function deliver(platform: Platform, mentoradoId: string, body: EventBody | string): Promise<Response> {
  return platform.ring(await stageEvent(platform, mentoradoId, await storeEvent(platform, mentoradoId, body)));
}
