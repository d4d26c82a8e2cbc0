import { sql } from "drizzle-orm";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type DunningPolicy, decideReminder, pauseOf } from "../dunning/decide-reminder.ts";
import { type ReadCharge, readDunning, type Slot } from "../dunning/read-dunning.ts";
import { inApp, type Reminder } from "../dunning/reminder-channel.ts";

const CHARGES_PER_PAGE = 500;

/**
 * Sends the reminders that are due, page by page, each page in one transaction that looks again at what it was decided by. A run that is
 * repeated, or cut short and tried again, finds what was sent and sends the rest.
 *
 * @param input.slot the time of the schedule that this run stands for (ISO 8601). A run that comes late decides by the time at which it
 * runs, so that a queue that was stuck wakes nobody at night.
 */
export async function remindDueCharges({ ctx, input }: { ctx: JobContext; input: { slot: string } }): Promise<void> {
  const at = new Date(Math.max(ctx.now.getTime(), Date.parse(input.slot)));
  for (let cursor: string | undefined, isMore = true; isMore; ) {
    const { policy, slots, charges, nextCursor } = await readDunning({
      ctx,
      first: at,
      isOpenOnly: true,
      cursor,
      limit: CHARGES_PER_PAGE,
    });
    const [slot] = slots;
    if (slot === undefined || !policy.isEnabled || pauseOf({ policy, local: slot.local }) !== undefined) return;
    isMore = nextCursor !== null;
    cursor = nextCursor ?? undefined;
    const reminders = decideAll({ ctx, policy, charges, slot });
    const save = isMore ? ctx.db.checkpoint : ctx.db.write;
    if (reminders.length > 0) await save({ ...inApp.deliver({ ctx, reminders, at }), answer: sql`null` });
  }
}

function decideAll({
  ctx,
  policy,
  charges,
  slot: { local },
}: {
  ctx: JobContext;
  policy: DunningPolicy;
  charges: readonly ReadCharge[];
  slot: Slot;
}): Reminder[] {
  return charges.flatMap((charge) => {
    const decision = decideReminder({ policy, charge, local });
    if (decision.kind !== "send") return [];
    return [{ id: ctx.newId(), chargeId: charge.id, step: decision.step, dueDate: charge.dueDate }];
  });
}
