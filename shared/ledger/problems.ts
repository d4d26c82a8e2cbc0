/** What can be wrong with a ledger, by what a reader finds first. */
export const LEDGER_PROBLEMS = {
  missing: "there is no entry with this number, though later ones or the head say that there was",
  sequence: "its number was used before it, or is below 1",
  malformed: "a word of it has characters that it may not have, so that its text could be read in two ways",
  previous_hash: "it does not carry the hash of the entry before it",
  hash: "its hash is not that of what it says",
  unbalanced: "its lines are not two or more of one currency that sum to zero",
  head: "it is the last entry, but the head names another one",
  stray_line: "there are lines of this entry, but no such entry",
} as const;
export type LedgerProblem = keyof typeof LEDGER_PROBLEMS;

/** The first row at which a ledger no longer holds. */
export interface LedgerFinding {
  /** Null for a line without an entry. */
  seq: number | null;
  /** Null when the entry is missing. */
  id: string | null;
  problem: LedgerProblem;
}

export interface LedgerBalance {
  account: string;
  currency: string;
  /** Debit positive, credit negative. */
  balanceCents: number;
}
