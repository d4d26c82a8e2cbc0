import { and, desc, eq, lt, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { toPage } from "../../../shared/db/keyset.ts";
import { ledgerEntries, ledgerLines } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { LedgerAccount } from "../ledger.ts";
import type { ListLedgerInput } from "../schemas.ts";

interface Line {
  account: LedgerAccount;
  /** Debit positive, credit negative. */
  amountCents: number;
}

/** Entries, newest first, with their lines, and the balance of each account over the whole ledger. */
export async function listLedger({ ctx, input }: { ctx: VerbContext; input: ListLedgerInput }) {
  const { limit, cursor, chargeId } = input;
  const { build } = ctx.db;
  const lines = correlated(sql<
    Line[]
  >`(select jsonb_agg(jsonb_build_object('account', ${ledgerLines.account}, 'amountCents', ${ledgerLines.amountCents}) order by ${ledgerLines.account})
    from ${ledgerLines} where ${ledgerLines.mentoradoId} = ${ledgerEntries.mentoradoId} and ${ledgerLines.entryId} = ${ledgerEntries.id})`);
  const [rows, balances] = await ctx.db.read([
    build
      .select({
        id: ledgerEntries.id,
        kind: ledgerEntries.kind,
        chargeId: ledgerEntries.chargeId,
        sourceEventId: ledgerEntries.sourceEventId,
        recordedAt: ledgerEntries.recordedAt,
        lines: lines.as("lines"),
      })
      .from(ledgerEntries)
      .where(
        and(
          eq(ledgerEntries.mentoradoId, ctx.mentoradoId),
          chargeId ? eq(ledgerEntries.chargeId, chargeId) : undefined,
          cursor ? lt(ledgerEntries.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(ledgerEntries.id))
      .limit(limit + 1),
    build
      .select({ account: ledgerLines.account, balanceCents: sql<number>`sum(${ledgerLines.amountCents})`.mapWith(Number) })
      .from(ledgerLines)
      .where(eq(ledgerLines.mentoradoId, ctx.mentoradoId))
      .groupBy(ledgerLines.account)
      .orderBy(ledgerLines.account),
  ]);
  return { ...toPage(rows, limit), balances };
}
