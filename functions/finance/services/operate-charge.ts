import { and, eq, sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type ChargeOperation, RECEIVED_IN_CASH } from "../charges/charge-operations.ts";
import { STATUS_RANK } from "../charges/charge-status.ts";
import { isCharge } from "../charges/charge-view.ts";
import { paymentMade } from "../charges/made-payment.ts";
import type { Asaas, AsaasPayment } from "../outbound/asaas.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { settlePayment } from "../outbound/settle-payment.ts";

/**
 * Carries out what a person decided on a charge: asks the provider for it once. Neither the charge's status nor the ledger is touched
 * here; the provider's event does both. A draft that the provider was never asked for is cancelled without a call.
 *
 * @throws ProviderError PROVIDER_REFUSED when the payment has moved on meanwhile: dead, and told by `financial.charges.operations`.
 */
export async function operateCharge({
  ctx,
  input: { chargeId, operation },
  access,
}: {
  ctx: JobContext;
  input: PayloadOf<"finance.operate-charge">;
  access: AccountAccess;
}): Promise<void> {
  const [[charge], [account]] = await ctx.db.read([
    ctx.db.build
      .select({ externalId: charges.externalId, amountCents: charges.amountCents })
      .from(charges)
      .where(isCharge({ mentoradoId: ctx.mentoradoId, id: chargeId })),
    selectAccount(ctx),
  ]);
  if (charge === undefined) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  const open = () => openAccount({ ctx, access, account });
  if (charge.externalId === null && operation.kind !== "cancel")
    throw new AppError("PRECONDITION_FAILED", "Not made at the provider", { errorCode: "CHARGE_NOT_MADE" });
  const paymentId = charge.externalId ?? (await settleDraft({ ctx, chargeId, open }));
  if (paymentId === null) return cancelDraft({ ctx, chargeId });
  const asaas = await open();
  const before = operation.kind === "refund" ? await refundsBefore({ ctx, asaas, paymentId }) : NO_REFUNDS;
  const { confirm } = await runEffect({
    ctx,
    key: `asaas.${operation.kind}:${ctx.actor.jobId}`,
    find: async () => {
      const payment = await asaas.getPayment(paymentId);
      return isDone({ operation, payment, before }) ? { id: paymentId } : undefined;
    },
    call: async () => {
      await call({ asaas, paymentId, operation, amountCents: charge.amountCents });
      return { id: paymentId };
    },
  });
  await ctx.db.write({ statements: [confirm], answer: sql`null` });
}

/** @returns the payment that an attempt to make the draft has left at the provider; null when there is none, and will be none. */
async function settleDraft({
  ctx,
  chargeId,
  open,
}: {
  ctx: JobContext;
  chargeId: string;
  open: () => Promise<Asaas>;
}): Promise<string | null> {
  const { payment, confirm } = await settlePayment({ ctx, chargeId, open });
  const made = payment === undefined ? [] : paymentMade({ ctx, chargeId, payment });
  await ctx.db.checkpoint({ statements: [...made, confirm], answer: sql`null` });
  return payment?.id ?? null;
}

function cancelDraft({ ctx, chargeId }: { ctx: JobContext; chargeId: string }): Promise<void> {
  const isDraft = and(isCharge({ mentoradoId: ctx.mentoradoId, id: chargeId }), eq(charges.status, "draft"));
  return ctx.db.write({
    statements: [
      ctx.db.build
        .update(charges)
        .set({
          status: "cancelled",
          statusRank: STATUS_RANK.cancelled,
          version: sql`${charges.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(isDraft),
    ],
    answer: sql`null`,
  });
}

/** How often and how much had been given back, of any state, before this job asked for more. */
interface Refunds {
  count: number;
  cents: number;
}
const NO_REFUNDS: Refunds = { count: 0, cents: 0 };

/** Kept before the refund is asked for, so that a later attempt can tell what this one has done. */
async function refundsBefore({ ctx, asaas, paymentId }: { ctx: JobContext; asaas: Asaas; paymentId: string }): Promise<Refunds> {
  const { value, confirm } = await runEffect({
    ctx,
    key: `asaas.refunds-before:${ctx.actor.jobId}`,
    find: async () => undefined,
    call: async () => ({ ...refundsOf(await asaas.getPayment(paymentId)) }),
  });
  await ctx.db.checkpoint({ statements: [confirm], answer: sql`null` });
  return value;
}

function refundsOf({ refunds }: AsaasPayment): Refunds {
  return { count: refunds.length, cents: refunds.reduce((sum, { amountCents }) => sum + amountCents, 0) };
}

/** Whether the payment shows what an earlier attempt asked for. Nothing else can have done it: a charge bears one operation at a time. */
function isDone({ operation, payment, before }: { operation: ChargeOperation; payment: AsaasPayment; before: Refunds }): boolean {
  switch (operation.kind) {
    case "cancel":
      return payment.isDeleted;
    case "refund": {
      const after = refundsOf(payment);
      return after.count > before.count && after.cents - before.cents >= (operation.amountCents ?? 1);
    }
    case "receive_in_cash":
      return payment.status === RECEIVED_IN_CASH;
    case "undo_receive_in_cash":
      return payment.status !== RECEIVED_IN_CASH;
  }
}

async function call({
  asaas,
  paymentId,
  operation,
  amountCents,
}: {
  asaas: Asaas;
  paymentId: string;
  operation: ChargeOperation;
  amountCents: number;
}): Promise<void> {
  switch (operation.kind) {
    case "cancel":
      await asaas.cancelPayment(paymentId);
      return;
    case "refund":
      await asaas.refundPayment({ id: paymentId, amountCents: operation.amountCents });
      return;
    case "receive_in_cash": {
      const { paymentDate } = operation;
      await asaas.receiveInCash({ id: paymentId, paymentDate, amountCents: operation.amountCents ?? amountCents });
      return;
    }
    case "undo_receive_in_cash":
      await asaas.undoReceivedInCash(paymentId);
  }
}
