import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { charges, dunningOptOuts, paymentReminders } from "../../../shared/db/schema/money.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { REMINDED_STATUSES } from "./decide-reminder.ts";

export interface Reminder {
  id: string;
  chargeId: string;
  step: number;
  /** By which the step was decided. */
  dueDate: string;
}

interface Batch {
  ctx: Pick<VerbContext, "db" | "mentoradoId">;
  reminders: readonly Reminder[];
  /** When they are sent. */
  at: Date;
}

/**
 * A way to reach a student. Whatever it does happens in one transaction, which records the reminders (`recordReminders`): that is what
 * makes a step be sent once. A channel that calls a provider stages a job per reminder, which sends only what it finds recorded.
 */
export interface ReminderChannel {
  name: (typeof paymentReminders.channel.enumValues)[number];
  deliver(batch: Batch): { statements: readonly Statement[]; jobs: readonly NewJob[] };
}

/** Shown in the application: what is recorded is sent. */
export const inApp: ReminderChannel = {
  name: "in_app",
  deliver: (batch) => ({ statements: [recordReminders({ ...batch, channel: "in_app" })], jobs: [] }),
};

/** Leaves out what is no longer true: a charge that was paid, given up or moved meanwhile, a student who opted out, a step that was sent. */
function recordReminders({ ctx, reminders, at, channel }: Batch & { channel: ReminderChannel["name"] }): Statement {
  const isOptedOut = sql`exists (select 1 from ${dunningOptOuts} where ${and(
    eq(dunningOptOuts.mentoradoId, ctx.mentoradoId),
    eq(dunningOptOuts.studentId, charges.studentId),
    eq(dunningOptOuts.isOptedOut, true),
  )})`;
  return ctx.db.build.execute(sql`
    insert into ${paymentReminders} (mentorado_id, id, charge_id, step, channel, created_at)
    select ${charges.mentoradoId}, r.id, ${charges.id}, r.step, ${channel}, ${at.toISOString()}::timestamptz
      from jsonb_to_recordset(${JSON.stringify(reminders)}::jsonb) as r(id uuid, "chargeId" uuid, step smallint, "dueDate" date)
      join ${charges} on ${charges.id} = r."chargeId" and ${charges.dueDate} = r."dueDate"
     where ${and(eq(charges.mentoradoId, ctx.mentoradoId), inArray(charges.status, REMINDED_STATUSES), isNull(charges.writeOffReason), sql`not ${isOptedOut}`)}
    on conflict (mentorado_id, charge_id, step) do nothing`);
}
