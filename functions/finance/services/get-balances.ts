import { and, eq, lte, sql } from "drizzle-orm";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { ledgerEntries } from "../../../shared/db/schema/money.ts";
import type { LedgerBalance } from "../../../shared/ledger/problems.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { balancesStatement } from "../ledger/ledger-balances.ts";
import type { LedgerBalancesInput } from "../ledger/ledger-schemas.ts";

/** The balance of each account, now or as it was known at an instant, and the last entry that they have in them. */
export async function getBalances({ ctx, input: { at } }: { ctx: VerbContext; input: LedgerBalancesInput }) {
  const { build } = ctx.db;
  const balances = balancesStatement({ ctx, at }).as("balances");
  const isKnown = and(eq(ledgerEntries.mentoradoId, ctx.mentoradoId), at ? lte(ledgerEntries.recordedAt, at) : undefined);
  const last = jsonRow({ seq: ledgerEntries.seq, id: ledgerEntries.id, recordedAt: ledgerEntries.recordedAt });
  const { account, currency, balanceCents } = balances;
  // One statement, so one snapshot: an entry that is added meanwhile is in both or in neither.
  const [[answer]] = await ctx.db.read([
    build
      .select({
        through: sql<{ seq: number; id: string; recordedAt: string } | null>`(
          select ${last} from ${ledgerEntries} where ${isKnown} order by ${ledgerEntries.seq} desc, ${ledgerEntries.id} limit 1)`,
        balances: sql<LedgerBalance[]>`coalesce(
          json_agg(${jsonRow({ account, currency, balanceCents: sql`${balanceCents}` })} order by ${account}, ${currency}), '[]')`,
      })
      .from(balances),
  ]);
  if (answer === undefined) throw new Error("A ledger always has balances");
  return answer;
}
