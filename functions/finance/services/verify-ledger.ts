import { type LedgerVerdict, verifyQuery } from "../../../shared/ledger/verify-query.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

/** Computes the whole chain of the mentorado anew, and names the first row at which it no longer holds. */
export async function verifyLedger({ ctx }: { ctx: VerbContext }): Promise<LedgerVerdict> {
  const [{ rows }] = await ctx.db.read([ctx.db.build.execute<{ verdict: LedgerVerdict }>(verifyQuery(ctx.mentoradoId))]);
  const [row] = rows;
  if (row === undefined) throw new Error("A ledger always has a verdict");
  return row.verdict;
}
