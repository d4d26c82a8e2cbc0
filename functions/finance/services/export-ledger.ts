import { exportQuery, type LedgerExportPage } from "../../../shared/ledger/export-query.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ExportLedgerInput } from "../ledger/ledger-schemas.ts";

/**
 * Entries by seq, for a file that is checked without the database: one line of JSON for each entry as it is answered, then one of
 * `{head}` of the last page.
 *
 * @returns `nextCursor` is null on the last page, whose head names its last entry.
 */
export async function exportLedger({ ctx, input }: { ctx: VerbContext; input: ExportLedgerInput }) {
  const { limit, cursor } = input;
  const query = exportQuery({ mentoradoId: ctx.mentoradoId, afterSeq: cursor, limit: limit + 1 });
  const [{ rows }] = await ctx.db.read([ctx.db.build.execute<{ page: LedgerExportPage }>(query)]);
  const [row] = rows;
  if (row === undefined) throw new Error("An export always has a page");
  const items = row.page.items.slice(0, limit);
  return {
    items,
    nextCursor: row.page.items.length > limit ? (items.at(-1)?.seq ?? null) : null,
    head: row.page.head,
  };
}
