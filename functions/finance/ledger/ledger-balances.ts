import { and, eq, lte, sql } from "drizzle-orm";
import { ledgerEntries, ledgerLines } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

/**
 * The balance of each account over the whole ledger, debit positive.
 *
 * @param at ISO 8601; only what was known then.
 */
export function balancesStatement({ ctx, at }: { ctx: Pick<VerbContext, "db" | "mentoradoId">; at: string | undefined }) {
  const ofLine = and(eq(ledgerEntries.mentoradoId, ledgerLines.mentoradoId), eq(ledgerEntries.id, ledgerLines.entryId));
  return ctx.db.build
    .select({
      account: ledgerLines.account,
      currency: ledgerLines.currency,
      balanceCents: sql`sum(${ledgerLines.amountCents})`.mapWith(Number).as("balance_cents"),
    })
    .from(ledgerLines)
    .innerJoin(ledgerEntries, ofLine)
    .where(and(eq(ledgerLines.mentoradoId, ctx.mentoradoId), at ? lte(ledgerEntries.recordedAt, at) : undefined))
    .groupBy(ledgerLines.account, ledgerLines.currency)
    .orderBy(ledgerLines.account, ledgerLines.currency);
}
