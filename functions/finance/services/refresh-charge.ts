import { eq, sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { NotFoundError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { isCharge } from "../charges/charge-view.ts";
import { billDrafts } from "../charges/drafts.ts";
import { applySnapshot, isChanged } from "../events/apply-snapshot.ts";
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
  const { guards, statements } = applySnapshot({
    ctx,
    charge: eq(charges.id, chargeId),
    version,
    report: {
      eventType: "REFRESHED",
      occurredAt: ctx.now.toISOString(),
      isTruth: true,
      payment,
      movements: movementsOfSnapshot(payment),
      source: `job:${ctx.actor.jobId}`,
    },
  });
  try {
    await ctx.db.write({
      guards,
      statements: [
        ...statements,
        ctx.db.build
          .update(charges)
          .set({ ...codes, invoiceUrl: payment.invoiceUrl, boletoUrl: payment.boletoUrl, dueDate: payment.dueDate })
          .where(isIt),
      ],
      answer: sql`null`,
    });
  } catch (error) {
    // Without the cause, which would say again that trying is of no use.
    throw isChanged(error) ? new UnavailableError(undefined, { errorCode: "CHARGE_CHANGED" }) : error;
  }
}
