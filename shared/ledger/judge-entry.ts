import { fromHex, toHex } from "../bytes.ts";
import { entryText, type LedgerHead, type LedgerRecord } from "./entry.ts";
import type { LedgerFinding, LedgerProblem } from "./problems.ts";

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** Where a chain stands after an entry; before the first one, seq 0 and the hash of nothing. */
export interface ChainEnd {
  seq: number;
  /** Null before the first entry. */
  id: string | null;
  /** Lower-case hex. */
  hash: string;
}

/**
 * Whether an entry continues the chain. Pure; the same judgement as `verifyQuery`, in the same order.
 *
 * @returns null when it does.
 */
export function judgeEntry({
  entry,
  before,
  sha256,
}: {
  entry: LedgerRecord;
  before: ChainEnd;
  sha256: Sha256;
}): LedgerFinding | null {
  if (entry.seq > before.seq + 1) return { seq: before.seq + 1, id: null, problem: "missing" };
  const problem = problemOf({ entry, before, sha256 });
  return problem === null ? null : { seq: entry.seq, id: entry.id, problem };
}

/** Whether the head names the last entry of the chain. @returns null when it does. */
export function judgeHead({ head, last }: { head: LedgerHead; last: ChainEnd }): LedgerFinding | null {
  if (head.seq > last.seq) return { seq: last.seq + 1, id: null, problem: "missing" };
  if (head.seq < last.seq || head.hash !== last.hash) return { seq: last.seq, id: last.id, problem: "head" };
  return null;
}

function problemOf({ entry, before, sha256 }: { entry: LedgerRecord; before: ChainEnd; sha256: Sha256 }): LedgerProblem | null {
  if (entry.seq <= before.seq) return "sequence";
  if (!isPlain(entry)) return "malformed";
  if (entry.previousHash !== before.hash) return "previous_hash";
  if (entry.hash !== hashOf({ entry, sha256 })) return "hash";
  return isBalanced(entry) ? null : "unbalanced";
}

/** One text has one reading: no line break in a word, lines by account, each account once. */
function isPlain({ kind, movement, source, lines }: LedgerRecord): boolean {
  return (
    [kind, movement, source].every((word) => !word.includes("\n") && word.isWellFormed()) &&
    lines.every(({ account, currency }) => /^[a-z_]+$/.test(account) && /^[A-Z]{3}$/.test(currency)) &&
    lines.every(({ account }, index) => index === 0 || (lines[index - 1]?.account ?? "") < account)
  );
}

function hashOf({ entry, sha256 }: { entry: LedgerRecord; sha256: Sha256 }): string {
  const before = fromHex(entry.previousHash);
  const text = new TextEncoder().encode(entryText(entry));
  const bytes = new Uint8Array(before.length + text.length);
  bytes.set(before);
  bytes.set(text, before.length);
  return toHex(sha256(bytes));
}

function isBalanced({ lines }: LedgerRecord): boolean {
  const sum = lines.reduce((total, { amountCents }) => total + amountCents, 0);
  return lines.length > 1 && sum === 0 && lines.every(({ currency }) => currency === lines[0]?.currency);
}
