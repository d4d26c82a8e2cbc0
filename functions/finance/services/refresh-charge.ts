import { and, eq, sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import { AppError, NotFoundError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { isCharge } from "../charges/charge-view.ts";
import { billDrafts } from "../charges/drafts.ts";
import { applySnapshot } from "../events/apply-snapshot.ts";
import { movementsOfSnapshot } from "../events/movements.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { readCodes } from "../outbound/read-codes.ts";

/**
 * Reads a charge from the provider again: its state with all that must have happened to its money, its links, and its codes, of which an
 * expired one is made anew by being read. A draft whose job died is tried again.
 *
 * @throws UnavailableError CHARGE_CHANGED when an event came in between: what was read is old, and is read again.
 */
export async function refreshCharge({
  ctx,
  input: { chargeId },
  access,
}: {
  ctx: JobContext;
  input: { chargeId: string };
  access: AccountAccess;
}): Promise<void> {
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id: chargeId });
  const [[charge], [account]] = await ctx.db.read([
    ctx.db.build
      .select({ externalId: charges.externalId, billingType: charges.billingType, version: charges.version })
      .from(charges)
      .where(isIt),
    selectAccount(ctx),
  ]);
  if (charge === undefined) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  const { externalId, billingType, version } = charge;
  await billDrafts({ ctx, which: isIt, again: ctx.actor.jobId });
  if (externalId === null) return;
  const asaas = await openAccount({ ctx, access, account });
  const payment = await asaas.getPayment(externalId);
  const codes = payment.isDeleted ? {} : await readCodes({ ctx, asaas, billingType, paymentId: externalId });
  const snapshot = payment;
  const { guards, statements } = applySnapshot({
    ctx,
    charge: eq(charges.id, chargeId),
    report: {
      eventType: "REFRESHED",
      occurredAt: ctx.now.toISOString(),
      isTruth: true,
      payment: snapshot,
      movements: movementsOfSnapshot(snapshot),
      source: `job:${ctx.actor.jobId}`,
    },
  });
  const isAsRead = sql`exists (select 1 from ${charges} where ${and(isIt, eq(charges.version, version))})`;
  try {
    await ctx.db.write({
      guards,
      statements: [
        ctx.db.build.execute(guardStatement([{ condition: isAsRead, refuseWith: "CONFLICT", errorCode: "CHARGE_CHANGED" }])),
        ...statements,
        ctx.db.build
          .update(charges)
          .set({ ...codes, invoiceUrl: payment.invoiceUrl, boletoUrl: payment.boletoUrl, dueDate: payment.dueDate })
          .where(isIt),
      ],
      answer: sql`null`,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== "CHARGE_CHANGED") throw error;
    throw new UnavailableError(undefined, { errorCode: "CHARGE_CHANGED" });
  }
}
