import { sql } from "drizzle-orm";
import { charges, subscriptions } from "../../../shared/db/schema/money.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { PaymentSnapshot } from "./payment-snapshot.ts";

/**
 * The provider makes the charges of a subscription by itself; the first that is heard of one makes ours, with its debt. That can be
 * before the job that makes the subscription has heard that it was made: then our reference, which its charges bear too, tells whose it is.
 *
 * @returns whether there is a charge of this payment now; false for a payment of no subscription of ours.
 */
export async function adoptCharge(ctx: JobContext, payment: PaymentSnapshot): Promise<boolean> {
  const { amountCents, dueDate, subscriptionId, billingType, externalReference } = payment;
  if (subscriptionId === null || amountCents === null || dueDate === null || billingType === null) return false;
  const { mentoradoId } = ctx;
  const id = ctx.newId();
  return await ctx.db.checkpoint({
    statements: [
      ctx.db.build.execute(sql`
        insert into ${charges} (mentorado_id, id, subscription_id, student_id, description, billing_type, amount_cents, currency, due_date, external_id)
        select s.mentorado_id, ${id}, s.id, s.student_id, s.description, ${billingType}, ${amountCents}, s.currency, ${dueDate}::date, ${payment.id}
          from ${subscriptions} s where s.mentorado_id = ${mentoradoId}
           and (s.external_id = ${subscriptionId} or (s.external_id is null and s.id::text = ${externalReference}::text))
        on conflict (mentorado_id, external_id) do nothing`),
      // What it bills is owed from the day on which it was made.
      ctx.db.build.execute(sql`
        select guilda.post_entry(c.mentorado_id, ${ctx.newId()}, c.id, 'charge', 'charge', ${`asaas:${payment.id}`}, null, now(),
                 jsonb_build_object('receivable', c.amount_cents, 'revenue', -c.amount_cents))
          from ${charges} c where c.mentorado_id = ${mentoradoId} and c.external_id = ${payment.id}`),
    ],
    answer: sql<boolean>`exists (select 1 from ${charges} c where c.mentorado_id = ${mentoradoId} and c.external_id = ${payment.id})`,
  });
}
