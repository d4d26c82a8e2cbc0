import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { Asaas, AsaasSubscription } from "./asaas.ts";

/**
 * Settles once and for all whether a draft has a subscription at the provider: the job that makes it and the job that ends it both come
 * here, and whichever is first decides for the other.
 *
 * @param make asks the provider for it; a job that ends it leaves it out.
 * @returns its id at the provider, or null when there is none and will be none, and the statement that settles it.
 */
export async function settleSubscription({
  ctx,
  subscriptionId,
  open,
  make,
}: {
  ctx: JobContext;
  subscriptionId: string;
  open: () => Promise<Asaas>;
  make?: () => Promise<AsaasSubscription>;
}) {
  const { value, confirm } = await runEffect<{ id: string | null }>({
    ctx,
    key: `asaas.subscription:${subscriptionId}`,
    find: async () => {
      const asaas = await open();
      const found = await asaas.findSubscription({ externalReference: subscriptionId });
      return found && { id: found.id };
    },
    call: async () => ({ id: make === undefined ? null : (await make()).id }),
  });
  return { externalId: value.id, confirm };
}
