import { sql } from "drizzle-orm";
import { charges, paymentReminders } from "../../../shared/db/schema/money.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";

/**
 * Leaves a reminder for each open charge that is due in three days, due today, or due since yesterday, by the mentorado's own
 * calendar. One per charge and step, so a slot that is fired twice leaves nothing more.
 *
 * @param input.slot the time of the schedule that this run stands for (ISO 8601), not the time at which it runs.
 */
export async function remindDueCharges({ ctx, input }: { ctx: JobContext; input: { slot: string } }): Promise<void> {
  await ctx.db.write({
    statements: [
      ctx.db.build.execute(sql`
        insert into ${paymentReminders} (mentorado_id, id, charge_id, step)
        select ${charges.mentoradoId}, gen_random_uuid(), ${charges.id}, step.name
          from ${charges}
          join ${mentorados} on ${mentorados.id} = ${charges.mentoradoId}
          join (values ('due_in_3_days', 3), ('due_today', 0), ('overdue_1_day', -1)) as step(name, days)
            on ${charges.dueDate} = (${input.slot}::timestamptz at time zone ${mentorados.timezone})::date + step.days
         where ${charges.mentoradoId} = ${ctx.mentoradoId} and ${charges.status} in ('pending', 'overdue')
        on conflict (mentorado_id, charge_id, step) do nothing`),
    ],
    answer: sql`null`,
  });
}
