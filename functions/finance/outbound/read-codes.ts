import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";
import type { PaymentCodes } from "../charges/made-payment.ts";
import type { Asaas, BillingType } from "./asaas.ts";

/**
 * The payer's ways to pay. The provider refuses codes of what is paid already, and PIX codes of an account that may not take PIX: such
 * a charge has its invoice link.
 */
export async function readCodes({
  ctx,
  asaas,
  billingType,
  paymentId,
}: {
  ctx: JobContext;
  asaas: Asaas;
  billingType: BillingType;
  paymentId: string;
}): Promise<PaymentCodes> {
  try {
    switch (billingType) {
      case "pix": {
        const { payload, expiresAt } = await asaas.getPixQrCode(paymentId);
        return { pixPayload: payload, pixExpiresAt: expiresAt };
      }
      case "boleto":
        return { boletoLine: (await asaas.getBoletoLine(paymentId)).line };
      case "credit_card":
        return {};
    }
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== "refused") throw error;
    ctx.log.write("warn", "asaas.codes_refused", { provider: "asaas", externalId: paymentId });
    return {};
  }
}
