import { type SQL, sql } from "drizzle-orm";
import { ledgerEntries, ledgerHeads, ledgerLines } from "../db/schema/money.ts";
import { GENESIS_HASH, type LedgerHead, type LedgerRecord } from "./entry.ts";

export interface LedgerExportPage {
  items: LedgerRecord[];
  /** Of the same snapshot as the entries. */
  head: LedgerHead;
}

/**
 * One row `{page}`: the entries after `afterSeq` by seq, at most `limit`, as they are exported. What a forger left is exported as it
 * is: a missing head is one of no entries.
 */
export function exportQuery({
  mentoradoId,
  afterSeq,
  limit,
}: {
  mentoradoId: string;
  afterSeq: number | undefined;
  limit: number;
}): SQL<{ page: LedgerExportPage }> {
  const lines = sql`(select json_agg(json_build_object('account', ${ledgerLines.account}, 'amountCents', ${ledgerLines.amountCents},
                       'currency', ${ledgerLines.currency}) order by ${ledgerLines.account} collate "C")
    from ${ledgerLines} where ${ledgerLines.mentoradoId} = ${ledgerEntries.mentoradoId} and ${ledgerLines.entryId} = ${ledgerEntries.id})`;
  const items = sql`select ${ledgerEntries.seq} as seq, ${ledgerEntries.id} as id, json_build_object(
        'mentoradoId', ${ledgerEntries.mentoradoId}, 'seq', ${ledgerEntries.seq}, 'id', ${ledgerEntries.id}, 'kind', ${ledgerEntries.kind},
        'chargeId', ${ledgerEntries.chargeId}, 'movement', ${ledgerEntries.movement}, 'source', ${ledgerEntries.source},
        'occurredAt', ${isoText(ledgerEntries.occurredAt)}, 'recordedAt', ${isoText(ledgerEntries.recordedAt)},
        'lines', coalesce(${lines}, '[]'), 'previousHash', encode(${ledgerEntries.previousHash}, 'hex'), 'hash', encode(${ledgerEntries.hash}, 'hex')) as item
      from ${ledgerEntries}
     where ${ledgerEntries.mentoradoId} = ${mentoradoId} ${afterSeq === undefined ? sql`` : sql`and ${ledgerEntries.seq} > ${afterSeq}`}
     order by ${ledgerEntries.seq}, ${ledgerEntries.id} limit ${limit}`;
  const head = sql`select json_build_object('mentoradoId', ${ledgerHeads.mentoradoId}, 'seq', ${ledgerHeads.seq}, 'hash', encode(${ledgerHeads.hash}, 'hex'))
      from ${ledgerHeads} where ${ledgerHeads.mentoradoId} = ${mentoradoId} limit 1`;
  return sql`select json_build_object(
    'items', coalesce((select json_agg(item order by seq, id) from (${items}) page), '[]'),
    'head', coalesce((${head}), json_build_object('mentoradoId', ${mentoradoId}::uuid, 'seq', 0, 'hash', ${GENESIS_HASH}::text))) as page`;
}

function isoText(instant: typeof ledgerEntries.occurredAt | typeof ledgerEntries.recordedAt): SQL {
  return sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
