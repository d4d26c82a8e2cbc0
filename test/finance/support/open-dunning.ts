import { v7 as uuidv7 } from "uuid";
import type { DunningPolicy } from "../../../functions/finance/dunning/decide-reminder.ts";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import { createCallerFactory } from "../../../shared/trpc/procedures.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Platform } from "../../support/platform.ts";
import type { Books } from "./open-books.ts";

/** At every hour of every day. */
export const ALWAYS_OPEN: DunningPolicy = {
  isEnabled: true,
  steps: [-3, 0, 1, 3, 7],
  quietFrom: "00:00",
  quietUntil: "00:00",
  skipsWeekends: false,
};

export interface SentReminder {
  chargeId: string;
  step: number;
  at: string;
}

/** Sets the policy of the practice as its row is, without asking anybody. */
export async function setPolicyRow({ database }: Platform, { mentoradoId }: Books, policy: DunningPolicy): Promise<void> {
  await database.query(
    "delete from dunning_policies using set_config('app.actor_type', 'system', true) where mentorado_id = $1",
    [mentoradoId],
  );
  await insertRow(database, "dunning_policies", {
    mentorado_id: mentoradoId,
    is_enabled: policy.isEnabled,
    steps: policy.steps,
    quiet_from: policy.quietFrom,
    quiet_until: policy.quietUntil,
    skips_weekends: policy.skipsWeekends,
    version: 1,
    updated_at: "2030-01-01T00:00:00Z",
  });
}

/** Stages the job of one slot of the schedule. @returns its id. */
export async function stageSlot({ database }: Platform, { mentoradoId }: Books, slot: string): Promise<string> {
  const id = uuidv7();
  await insertRow(database, "jobs", {
    id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: "finance.remind-due-charges",
    dedup_key: id,
    payload: { slot },
    max_attempts: 3,
    request_id: "tick-0001",
  });
  return id;
}

/** The schedule fires for one mentorado. @param slot the time that the run stands for, ISO 8601; ahead of the clock it is the time of the run. */
export async function remind(platform: Platform, books: Books, slot: string): Promise<void> {
  const { status } = await platform.ring(await stageSlot(platform, books, slot));
  if (status !== 200) throw new Error(`the job answered ${status}`);
}

/** What was sent, in order. */
export function sentBy({ database }: Platform, { mentoradoId }: Books): Promise<SentReminder[]> {
  return database.query<SentReminder & Record<string, unknown>>(
    `select charge_id as "chargeId", step, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
       from payment_reminders where mentorado_id = $1 order by created_at, charge_id`,
    [mentoradoId],
  );
}

/** What a new owner calls finance with, at any time. */
export async function ownersCalls(platform: Platform, { mentoradoId, practice }: Books) {
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const { router } = openFinance(platform.env);
  const { connection, cache, doorbell, memory, log, newId } = practice.kernel;
  const services = { connection, cache, doorbell, memory, log, newId, waitUntil: () => undefined };
  return (now: string) =>
    createCallerFactory(router)({ ...services, caller: platform.caller(owner), now: new Date(now) }).financial;
}
