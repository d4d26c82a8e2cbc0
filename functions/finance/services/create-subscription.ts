import { and, eq, sql } from "drizzle-orm";
import { subscriptions } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { earliestDueDate } from "../calendar/local-today.ts";
import { isSubscription } from "../charges/subscription-view.ts";
import { customerColumns, ensureCustomer } from "../outbound/ensure-customer.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { settleSubscription } from "../outbound/settle-subscription.ts";

/** Makes a subscription at Asaas, once. Its status is what events say; until the first one, it is active. */
export async function createSubscription({
  ctx,
  input: { subscriptionId },
  access,
}: {
  ctx: JobContext;
  input: { subscriptionId: string };
  access: AccountAccess;
}): Promise<void> {
  const isIt = isSubscription({ mentoradoId: ctx.mentoradoId, id: subscriptionId });
  const [[draft], [account]] = await ctx.db.read([
    ctx.db.build
      .select({
        subscription: subscriptions,
        dueDate: sql<string>`greatest(${subscriptions.nextDueDate}, ${earliestDueDate(ctx.mentoradoId)})::text`,
        student: customerColumns,
      })
      .from(subscriptions)
      .innerJoin(students, and(eq(students.mentoradoId, subscriptions.mentoradoId), eq(students.id, subscriptions.studentId)))
      .where(isIt),
    selectAccount(ctx),
  ]);
  if (draft === undefined) throw new NotFoundError(undefined, { errorCode: "SUBSCRIPTION_NOT_FOUND" });
  const { subscription, dueDate, student } = draft;
  if (subscription.status === "cancelled") return;
  const asaas = await openAccount({ ctx, access, account });
  const customer = await ensureCustomer({ ctx, asaas, keyring: access.keyring, student });
  const { billingType, amountCents, cycle, endDate, maxPayments, description } = subscription;
  const { externalId, confirm } = await settleSubscription({
    ctx,
    subscriptionId,
    open: async () => asaas,
    make: () =>
      asaas.createSubscription({
        customerId: customer.customerId,
        billingType,
        amountCents,
        nextDueDate: dueDate,
        cycle,
        endDate: endDate ?? undefined,
        maxPayments: maxPayments ?? undefined,
        description: description ?? undefined,
        externalReference: subscriptionId,
      }),
  });
  const isDraft = eq(subscriptions.status, "draft");
  await ctx.db.write({
    statements: [
      ...(externalId === null
        ? []
        : [
            ctx.db.build
              .update(subscriptions)
              .set({
                externalId,
                // An event may have told of the second charge already.
                nextDueDate: sql`case when ${isDraft} then ${dueDate}::date else ${subscriptions.nextDueDate} end`,
                status: sql`case when ${isDraft} then 'active' else ${subscriptions.status} end`,
                version: sql`${subscriptions.version} + 1`,
                updatedAt: sql`now()`,
              })
              .where(isIt),
          ]),
      ...customer.statements,
      confirm,
    ],
    answer: sql`null`,
  });
}
