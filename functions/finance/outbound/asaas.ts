import { type AccountCalls, accountCalls } from "./asaas/account.ts";
import { type AsaasClientOptions, createClient } from "./asaas/client.ts";
import { type CustomerCalls, customerCalls } from "./asaas/customers.ts";
import { requireKeyOf } from "./asaas/key.ts";
import { type PaymentCalls, paymentCalls } from "./asaas/payments.ts";
import { type SubscriptionCalls, subscriptionCalls } from "./asaas/subscriptions.ts";

export type { AsaasAccount, AsaasWebhook } from "./asaas/account.ts";
export type { AsaasQuota } from "./asaas/client.ts";
export type { AsaasCustomer } from "./asaas/customers.ts";
export { ASAAS_EVENTS, type AsaasEventName } from "./asaas/events.ts";
export { type AsaasEnvironment, environmentOf } from "./asaas/key.ts";
export { type AsaasPayment, type AsaasRefund, asaasPaymentSnapshot, type BillingType } from "./asaas/payment.ts";
export type { AsaasPaymentPage } from "./asaas/payments.ts";
export { type AsaasSubscription, asaasSubscriptionSnapshot, type SubscriptionCycle } from "./asaas/subscription.ts";

/**
 * The calls of one Asaas account. All reject with `ProviderError`; an id that is none throws `ASAAS_ID_INVALID`, and an amount that is
 * no whole number of cents a `RangeError`, before anything is sent.
 *
 * Asaas knows no idempotency keys and takes the same thing twice, so what creates or moves money is sent once and is to be run through
 * `runEffect`, with the reading call beside it; what creates does so under an `externalReference` that was stored before. What removes or
 * sets can be asked again.
 *
 * @see https://docs.asaas.com/reference
 */
export type Asaas = CustomerCalls & PaymentCalls & SubscriptionCalls & AccountCalls;

/**
 * @param baseUrl `ASAAS_API_URL`, with its version: `https://api.asaas.com/v3`, `https://api-sandbox.asaas.com/v3`.
 * @param apiKey of the mentorado's account. A production key is only ever sent to the production host, and no other key is sent there.
 * @param account names the circuit breaker: one mentorado's trouble is not another's.
 * @param signal ends the calls with the attempt that they are part of.
 * @param onQuota is told after each successful answer what is left of the account's requests; a quota that is spent is the `ProviderError`
 * of kind `rate_limited`.
 * @throws AppError `ASAAS_KEY_MISMATCH`.
 */
export function createAsaas(options: AsaasClientOptions): Asaas {
  requireKeyOf(options);
  const client = createClient(options);
  return { ...customerCalls(client), ...paymentCalls(client), ...subscriptionCalls(client), ...accountCalls(client) };
}
