import * as z from "zod";
import { GENESIS_HASH, type LedgerHead, type LedgerRecord, ledgerHead, ledgerRecord } from "./entry.ts";
import { type ChainEnd, judgeEntry, judgeHead, type Sha256 } from "./judge-entry.ts";
import { LEDGER_PROBLEMS, type LedgerBalance, type LedgerFinding, type LedgerProblem } from "./problems.ts";

/** What can be wrong with an exported file, beside the ledger in it. */
export const EXPORT_PROBLEMS = {
  ...LEDGER_PROBLEMS,
  unreadable: "the line is not an entry, or the head, exactly as it is exported",
  foreign: "it belongs to another mentorado than the lines before it",
  unfinished: "the file ends without the line of the head: something after this line is missing",
} as const;
export type ExportProblem = LedgerProblem | "unreadable" | "foreign" | "unfinished";

/** The first line at which a file no longer holds. */
export interface ExportFinding extends Pick<LedgerFinding, "seq" | "id"> {
  /** From 1. */
  line: number;
  problem: ExportProblem;
}

export interface ExportVerdict {
  isValid: boolean;
  /** That hold. */
  entries: number;
  firstBad: ExportFinding | null;
  /** Of the last entry that holds. */
  headHash: string;
  balances: LedgerBalance[];
}

/**
 * Checks an exported ledger without a database: one line after the other, so a file of any size.
 *
 * @param lines of the file, without their line ends: entries by seq, then the head.
 * @see docs/ledger.md
 */
export async function checkExport({
  lines,
  sha256,
}: {
  lines: AsyncIterable<string> | Iterable<string>;
  sha256: Sha256;
}): Promise<ExportVerdict> {
  const state: State = {
    line: 0,
    mentoradoId: null,
    last: { seq: 0, id: null, hash: GENESIS_HASH },
    balances: new Map(),
    isEnded: false,
  };
  for await (const text of lines) {
    state.line += 1;
    const finding = readLine({ state, text, sha256 });
    if (finding !== null) return toVerdict({ state, firstBad: { line: state.line, ...finding } });
  }
  if (!state.isEnded)
    return toVerdict({ state, firstBad: { line: state.line, seq: state.last.seq, id: state.last.id, problem: "unfinished" } });
  return toVerdict({ state, firstBad: null });
}

interface State {
  line: number;
  mentoradoId: string | null;
  last: ChainEnd;
  /** By account and currency. */
  balances: Map<string, LedgerBalance>;
  isEnded: boolean;
}

const UNREADABLE = { seq: null, id: null, problem: "unreadable" } as const;

function readLine({ state, text, sha256 }: { state: State; text: string; sha256: Sha256 }): Omit<ExportFinding, "line"> | null {
  const read = state.isEnded ? null : parseLine(text);
  if (read === null) return UNREADABLE;
  const { mentoradoId } = "head" in read ? read.head : read;
  state.mentoradoId ??= mentoradoId;
  if ("head" in read) {
    state.isEnded = true;
    if (mentoradoId !== state.mentoradoId) return { seq: null, id: null, problem: "foreign" };
    return judgeHead({ head: read.head, last: state.last });
  }
  if (mentoradoId !== state.mentoradoId) return { seq: read.seq, id: read.id, problem: "foreign" };
  const finding = judgeEntry({ entry: read, before: state.last, sha256 });
  if (finding === null) take({ state, entry: read });
  return finding;
}

const exportLine = z.union([ledgerRecord, z.strictObject({ head: ledgerHead })]);

/** Only the one way to write a line is read, so that no two readers see different things in it. */
function parseLine(text: string): LedgerRecord | { head: LedgerHead } | null {
  try {
    const line = exportLine.parse(JSON.parse(text));
    return JSON.stringify(line) === text ? line : null;
  } catch {
    return null;
  }
}

function take({ state, entry }: { state: State; entry: LedgerRecord }): void {
  state.last = { seq: entry.seq, id: entry.id, hash: entry.hash };
  for (const { account, currency, amountCents } of entry.lines) {
    const balance = state.balances.get(`${account} ${currency}`) ?? { account, currency, balanceCents: 0 };
    state.balances.set(`${account} ${currency}`, { ...balance, balanceCents: balance.balanceCents + amountCents });
  }
}

function toVerdict({ state, firstBad }: { state: State; firstBad: ExportFinding | null }): ExportVerdict {
  const balances = [...state.balances].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, balance]) => balance);
  return { isValid: firstBad === null, entries: state.last.seq, firstBad, headHash: state.last.hash, balances };
}
