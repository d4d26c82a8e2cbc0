import { eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { ledgerStatement } from "../ledger/ledger.ts";
import { STATUS_RANK, toChargeStatus } from "./charge-status.ts";
import { isCharge } from "./charge-view.ts";

/** Names the effect that makes the payment of a charge, followed by the charge's id. */
export const PAYMENT_EFFECT = "asaas.payment:";

/** What is kept of a payment that was made for a charge: ids and amounts. */
export type MadePayment = {
  id: string;
  /** Asaas' own word. */
  status: string;
  netCents: number | null;
  /** `YYYY-MM-DD`. */
  dueDate: string;
  invoiceUrl: string | null;
  boletoUrl: string | null;
};

/** The payer's ways to pay, as far as the provider told them. */
export interface PaymentCodes {
  pixPayload?: string;
  /** ISO 8601. */
  pixExpiresAt?: string | null;
  boletoLine?: string;
}

/** The charge as the provider has made it, and the student's debt in the ledger. Again, it changes nothing more. */
export function paymentMade({
  ctx,
  chargeId,
  payment,
  codes = {},
}: {
  ctx: JobContext;
  chargeId: string;
  payment: MadePayment;
  codes?: PaymentCodes;
}): Statement[] {
  const { mentoradoId, actor, db } = ctx;
  const status = toChargeStatus({ status: payment.status }) ?? "pending";
  // An event of the provider may have moved the charge already: only a draft takes the status from here.
  const isDraft = sql`${charges.status} = 'draft'`;
  return [
    db.build
      .update(charges)
      .set({
        externalId: payment.id,
        dueDate: payment.dueDate,
        invoiceUrl: payment.invoiceUrl,
        boletoUrl: payment.boletoUrl,
        ...codes,
        netCents: sql`coalesce(${charges.netCents}, ${payment.netCents}::bigint)`,
        status: sql`case when ${isDraft} then ${status} else ${charges.status} end`,
        statusRank: sql`case when ${isDraft} then ${STATUS_RANK[status]} else ${charges.statusRank} end`,
        providerStatus: sql`case when ${isDraft} then ${payment.status} else ${charges.providerStatus} end`,
        version: sql`${charges.version} + 1`,
        updatedAt: sql`now()`,
      })
      .where(isCharge({ mentoradoId, id: chargeId })),
    ledgerStatement(db.build, {
      id: ctx.newId(),
      mentoradoId,
      charge: eq(charges.id, chargeId),
      kind: "charge",
      movement: "charge",
      source: `job:${actor.jobId}`,
      lines: { receivable: sql`${charges.amountCents}`, revenue: sql`-${charges.amountCents}` },
    }),
  ];
}
