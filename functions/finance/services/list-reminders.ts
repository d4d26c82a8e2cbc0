import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { charges, paymentReminders } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListRemindersInput } from "../dunning/dunning-schemas.ts";

/** What was sent, newest first, with the charge as it is now. */
export async function listReminders({
  ctx,
  input: { chargeId, limit, cursor },
}: {
  ctx: VerbContext;
  input: ListRemindersInput;
}) {
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({
        id: paymentReminders.id,
        chargeId: paymentReminders.chargeId,
        studentId: charges.studentId,
        studentName: students.name,
        step: paymentReminders.step,
        channel: paymentReminders.channel,
        amountCents: charges.amountCents,
        currency: charges.currency,
        dueDate: charges.dueDate,
        status: charges.status,
        createdAt: paymentReminders.createdAt,
      })
      .from(paymentReminders)
      .innerJoin(charges, and(eq(charges.mentoradoId, paymentReminders.mentoradoId), eq(charges.id, paymentReminders.chargeId)))
      .innerJoin(students, and(eq(students.mentoradoId, charges.mentoradoId), eq(students.id, charges.studentId)))
      .where(
        and(
          eq(paymentReminders.mentoradoId, ctx.mentoradoId),
          chargeId ? eq(paymentReminders.chargeId, chargeId) : undefined,
          cursor ? lt(paymentReminders.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(paymentReminders.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
