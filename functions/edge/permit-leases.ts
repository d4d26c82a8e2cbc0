/** A lease is short beside the shortest window (a minute), so that a permit is used about when it was counted. */
const LEASE_MS = 5_000;
const MAX_AHEAD = 16;
/** At most this share of a limit is taken ahead by one isolate; a limit of five posts is counted post by post. */
const SHARE_AHEAD = 1 / 20;

interface Lease {
  taken: number;
  left: number;
  endsAtMs: number;
  /** More than half of the limit was left for everybody. */
  mayGrow: boolean;
}

/** Permits that this isolate took from Redis ahead of need: a busy caller costs one request to Redis in many calls, not in each. */
export interface PermitLeases {
  /** @returns permits that are missing for `cost` (0: taken from the lease, nothing to ask), and how many to ask for beyond them. */
  take(input: { key: string; cost: number; allowed: number }): { missing: number; ahead: number };
  /**
   * Keeps what Redis has granted beyond need.
   *
   * @param remaining what is left of the limit for everybody.
   */
  grant(input: { key: string; missing: number; ahead: number; remaining: number; allowed: number }): void;
}

/**
 * Leases double with demand and only while more than half of the limit is left: whoever calls now and then, and whoever comes near
 * the limit, is counted call by call. What lapses was counted and not used, so leases refuse a little early and never too late.
 *
 * @param now current time in milliseconds.
 * @param maxKeys how many keys are kept; the oldest gives way.
 */
export function createPermitLeases({ now, maxKeys }: { now: () => number; maxKeys: number }): PermitLeases {
  const leases = new Map<string, Lease>();

  return {
    take({ key, cost, allowed }) {
      const lease = leases.get(key);
      if (lease === undefined || lease.endsAtMs <= now()) {
        leases.delete(key);
        return { missing: cost, ahead: 0 };
      }
      const used = Math.min(lease.left, cost);
      lease.left -= used;
      const ahead = lease.mayGrow ? Math.min(2 * lease.taken, MAX_AHEAD, Math.floor(allowed * SHARE_AHEAD)) : 0;
      return { missing: cost - used, ahead };
    },

    grant({ key, missing, ahead, remaining, allowed }) {
      leases.delete(key);
      if (leases.size >= maxKeys) leases.delete(leases.keys().next().value ?? key);
      leases.set(key, {
        taken: missing + ahead,
        left: ahead,
        endsAtMs: now() + LEASE_MS,
        mayGrow: remaining > allowed / 2,
      });
    },
  };
}
