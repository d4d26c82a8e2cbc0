import type { AsaasQuota } from "./asaas.ts";

/** Asaas takes 25,000 requests of an account in 12 hours: 40 % are kept for what people do, and 10 % for the repair of gaps. */
export const RESERVED_FOR_PEOPLE = 10_000;
export const RESERVED_FOR_REPAIR = 2_500;

export interface Quota {
  /** To be given to what opens the account. */
  onQuota: (told: AsaasQuota) => void;
  /** Whether no more requests than the reserved ones are left; not before Asaas has told. */
  isSpent(): boolean;
  /** What Asaas told last. */
  told(): AsaasQuota | undefined;
}

/**
 * What is left of an account's requests, as Asaas tells with each answer: so all that uses the key counts, ours or not. For work that
 * nobody waits for; what serves a person does not ask.
 */
export function watchQuota(reserved: number): Quota {
  let quota: AsaasQuota | undefined;
  return {
    onQuota: (told) => {
      quota = told;
    },
    isSpent: () => quota !== undefined && quota.remaining <= reserved,
    told: () => quota,
  };
}
