import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { PaymentSnapshot } from "../events/payment-snapshot.ts";
import { type AccountAccess, openOwnAccount } from "../outbound/open-account.ts";

/** What the provider says of a payment now. @throws UnavailableError PROVIDER_ACCOUNT_MISSING; ProviderError. */
export async function readPayment({
  ctx,
  id,
  access,
}: {
  ctx: JobContext;
  id: string;
  access: AccountAccess;
}): Promise<PaymentSnapshot> {
  const asaas = await openOwnAccount({ ctx, access });
  return await asaas.getPayment(id);
}
