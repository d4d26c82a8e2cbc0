import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { SimulateInput } from "../dunning/dunning-schemas.ts";
import { readDunning } from "../dunning/read-dunning.ts";
import { inApp } from "../dunning/reminder-channel.ts";
import { simulateReminders } from "../dunning/simulate-reminders.ts";

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

/**
 * What the schedule would send in the next days, slot by slot, if nothing were paid or changed: `reminders` in the order in which they
 * would be sent; `skipped`, each step of these days that would not be, with the reason. Amounts are integer cents of `currency`.
 */
export async function simulateDunning({ ctx, input: { days, limit, cursor } }: { ctx: VerbContext; input: SimulateInput }) {
  const first = new Date((Math.floor(ctx.now.getTime() / HOUR_MS) + 1) * HOUR_MS);
  const last = new Date(first.getTime() + (days * DAY_HOURS - 1) * HOUR_MS);
  const { policy, slots, charges, nextCursor } = await readDunning({ ctx, first, last, isOpenOnly: false, cursor, limit });
  const { reminders, skipped } = simulateReminders({ policy, charges, slots });
  return {
    from: first.toISOString(),
    until: last.toISOString(),
    policy,
    reminders: reminders.map((reminder) => ({ ...reminder, channel: inApp.name })),
    skipped,
    nextCursor,
  };
}
