import { and, asc, eq } from "drizzle-orm";
import { chargeEvents, charges, paymentReminders } from "../../../shared/db/schema/money.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { chargeView } from "../charges/charge-view.ts";

/** The charge with what the provider's events did to it and the reminders that were left. */
export async function getCharge({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const [[charge], events, reminders] = await ctx.db.read([
    build
      .select(chargeView)
      .from(charges)
      .where(and(eq(charges.mentoradoId, ctx.mentoradoId), eq(charges.id, input.id))),
    build
      .select({
        eventId: chargeEvents.eventId,
        eventType: chargeEvents.eventType,
        outcome: chargeEvents.outcome,
        recordedAt: chargeEvents.recordedAt,
      })
      .from(chargeEvents)
      .where(and(eq(chargeEvents.mentoradoId, ctx.mentoradoId), eq(chargeEvents.chargeId, input.id)))
      .orderBy(asc(chargeEvents.recordedAt)),
    build
      .select({
        id: paymentReminders.id,
        step: paymentReminders.step,
        channel: paymentReminders.channel,
        createdAt: paymentReminders.createdAt,
      })
      .from(paymentReminders)
      .where(and(eq(paymentReminders.mentoradoId, ctx.mentoradoId), eq(paymentReminders.chargeId, input.id)))
      .orderBy(asc(paymentReminders.createdAt)),
  ]);
  if (charge === undefined) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  return { ...charge, events, reminders };
}
