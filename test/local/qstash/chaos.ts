/** What goes wrong between acceptance and delivery, as probabilities from 0 to 1 unless said otherwise. Nothing, to begin with. */
export interface Chaos {
  /** An attempt is sent twice at the same time: same message id, same retry count. */
  duplicate?: number;
  /** Attempts start up to 50 ms late, each by its own random time. A queue of parallelism 1 keeps its order. */
  reorder?: boolean;
  /** The answer of a successful attempt is lost: the destination did its work and the message is delivered again. */
  dropResponse?: number;
  /** A message is accepted and then forgotten. */
  drop?: number;
  /** An item of a batch is refused inside a 200 answer. */
  batchItemError?: number;
  /** Milliseconds by which every attempt starts late. */
  delayMs?: number;
  /** Seconds by which the signer's clock is ahead; negative when it is behind. */
  clockSkewSeconds?: number;
}

/** @returns a repeatable source of numbers from 0 (included) to 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
