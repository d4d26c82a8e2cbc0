import { and, desc, eq, lt, lte, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { toPage } from "../../../shared/db/keyset.ts";
import { ledgerEntries, ledgerLines } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { LedgerAccount } from "../ledger/ledger.ts";
import { balancesStatement } from "../ledger/ledger-balances.ts";
import type { ListLedgerInput } from "../ledger/ledger-schemas.ts";

interface Line {
  account: LedgerAccount;
  /** Debit positive, credit negative. */
  amountCents: number;
}

/** Entries, newest first, with their lines, and the balance of each account over the whole ledger; with `at`, as it was known then. */
export async function listLedger({ ctx, input }: { ctx: VerbContext; input: ListLedgerInput }) {
  const { limit, cursor, chargeId, at } = input;
  const lines = correlated(sql<
    Line[]
  >`(select jsonb_agg(jsonb_build_object('account', ${ledgerLines.account}, 'amountCents', ${ledgerLines.amountCents}) order by ${ledgerLines.account})
    from ${ledgerLines} where ${ledgerLines.mentoradoId} = ${ledgerEntries.mentoradoId} and ${ledgerLines.entryId} = ${ledgerEntries.id})`);
  const [rows, balances] = await ctx.db.read([
    ctx.db.build
      .select({
        id: ledgerEntries.id,
        seq: ledgerEntries.seq,
        kind: ledgerEntries.kind,
        chargeId: ledgerEntries.chargeId,
        movement: ledgerEntries.movement,
        source: ledgerEntries.source,
        sourceEventId: ledgerEntries.sourceEventId,
        occurredAt: ledgerEntries.occurredAt,
        recordedAt: ledgerEntries.recordedAt,
        hash: sql<string>`encode(${ledgerEntries.hash}, 'hex')`,
        lines: lines.as("lines"),
      })
      .from(ledgerEntries)
      .where(
        and(
          eq(ledgerEntries.mentoradoId, ctx.mentoradoId),
          chargeId ? eq(ledgerEntries.chargeId, chargeId) : undefined,
          at ? lte(ledgerEntries.recordedAt, at) : undefined,
          cursor ? lt(ledgerEntries.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(ledgerEntries.id))
      .limit(limit + 1),
    balancesStatement({ ctx, at }),
  ]);
  return { ...toPage(rows, limit), balances };
}
