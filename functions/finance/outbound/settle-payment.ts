import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type MadePayment, PAYMENT_EFFECT } from "../charges/made-payment.ts";
import type { Asaas, AsaasPayment } from "./asaas.ts";

/** Settled, too: there is no payment, and there will be none. */
type Settled = MadePayment | { [Field in keyof MadePayment]: null };

/** What a draft comes to that is cancelled before anybody has asked the provider for it. */
const NOT_MADE: Settled = { id: null, status: null, netCents: null, dueDate: null, invoiceUrl: null, boletoUrl: null };

/**
 * Settles once and for all whether a charge has a payment at the provider: the job that makes it and the job that cancels the draft
 * both come here, and whichever is first decides for the other.
 *
 * @param knownId the payment's, where an event has told it already: it is this one even when it was removed since, which the search for our
 * reference would not show.
 * @param make asks the provider for it; a job that cancels leaves it out.
 * @returns the payment, or undefined when there is none, and the statement that settles it.
 */
export async function settlePayment({
  ctx,
  chargeId,
  knownId = null,
  open,
  make,
}: {
  ctx: JobContext;
  chargeId: string;
  knownId?: string | null;
  open: () => Promise<Asaas>;
  make?: () => Promise<AsaasPayment>;
}) {
  const { value, confirm } = await runEffect<Settled>({
    ctx,
    key: `${PAYMENT_EFFECT}${chargeId}`,
    find: async () => {
      const asaas = await open();
      const payment =
        knownId === null ? await asaas.findPayment({ externalReference: chargeId }) : await asaas.getPayment(knownId);
      return payment && toMadePayment(payment);
    },
    call: async () => (make === undefined ? NOT_MADE : toMadePayment(await make())),
  });
  return { payment: value.id === null ? undefined : value, confirm };
}

function toMadePayment({ id, status, netCents, dueDate, invoiceUrl, boletoUrl }: AsaasPayment): MadePayment {
  return { id, status, netCents, dueDate, invoiceUrl, boletoUrl };
}
