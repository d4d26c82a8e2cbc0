import { type SQL, sql } from "drizzle-orm";
import { ledgerEntries, ledgerHeads, ledgerLines } from "../db/schema/money.ts";
import { GENESIS_HASH } from "./entry.ts";
import type { LedgerBalance, LedgerFinding } from "./problems.ts";

export interface LedgerVerdict {
  isValid: boolean;
  /** Rows that there are. */
  entries: number;
  firstBad: LedgerFinding | null;
  /** As the head has it; zeros before the first entry. */
  headHash: string;
  /** The last entry; null before the first one. */
  through: { seq: number; id: string } | null;
  balances: LedgerBalance[];
}

/**
 * One row `{verdict}`: the whole chain of a mentorado computed anew, from one snapshot. The same judgement as `judgeEntry` and
 * `judgeHead`, in the same order.
 *
 * @see docs/ledger.md
 */
export function verifyQuery(mentoradoId: string): SQL<{ verdict: LedgerVerdict }> {
  const genesis = sql`decode(${GENESIS_HASH}, 'hex')`;
  return sql`
    with sums as (
      select ${ledgerLines.entryId} as entry_id,
             string_agg(concat_ws(' ', ${ledgerLines.account}, ${ledgerLines.amountCents}, ${ledgerLines.currency}), E'\n'
               order by ${ledgerLines.account} collate "C") as text,
             sum(${ledgerLines.amountCents}) = 0 and count(*) > 1 and min(${ledgerLines.currency}) = max(${ledgerLines.currency}) as is_balanced,
             bool_and(${ledgerLines.account} ~ '^[a-z_]+$' and ${ledgerLines.currency} ~ '^[A-Z]{3}$') as is_plain
        from ${ledgerLines} where ${ledgerLines.mentoradoId} = ${mentoradoId} group by ${ledgerLines.entryId}
    ), chain as materialized (
      select ${ledgerEntries.seq} as seq, ${ledgerEntries.id} as id, ${ledgerEntries.hash} as hash, ${ledgerEntries.previousHash} as previous_hash,
             row_number() over by_seq as place, lag(${ledgerEntries.hash}, 1, ${genesis}) over by_seq as before,
             sha256(${ledgerEntries.previousHash} || convert_to(guilda.ledger_text(${ledgerEntries}, sums.text), 'UTF8')) as computed,
             strpos(concat(${ledgerEntries.kind}, ${ledgerEntries.movement}, ${ledgerEntries.source}), E'\n') = 0 and coalesce(sums.is_plain, true) as is_plain,
             coalesce(sums.is_balanced, false) as is_balanced
        from ${ledgerEntries} left join sums on sums.entry_id = ${ledgerEntries.id}
       where ${ledgerEntries.mentoradoId} = ${mentoradoId}
      window by_seq as (order by ${ledgerEntries.seq}, ${ledgerEntries.id})
    ), judged as (
      select seq, id, place,
             case when seq > place then 'missing'
                  when seq < place then 'sequence'
                  when not is_plain then 'malformed'
                  when previous_hash <> before then 'previous_hash'
                  when hash <> computed then 'hash'
                  when not is_balanced then 'unbalanced' end as problem
        from chain
    ), last as (
      select seq, id, hash from chain order by seq desc, id limit 1
    ), head as (
      select ${ledgerHeads.seq} as seq, ${ledgerHeads.hash} as hash from ${ledgerHeads} where ${ledgerHeads.mentoradoId} = ${mentoradoId} limit 1
    ), end_of_chain as (
      select coalesce(head.seq, 0) as head_seq, coalesce(head.hash, ${genesis}) as head_hash,
             coalesce(last.seq, 0) as seq, last.id, coalesce(last.hash, ${genesis}) as hash
        from (select) always left join head on true left join last on true
    ), findings as (
      (select 1 as rank, case when problem = 'missing' then place else seq end as seq, case when problem = 'missing' then null else id end as id, problem
         from judged where problem is not null order by place limit 1)
      union all
      select 2, case when head_seq > seq then seq + 1 else seq end, case when head_seq > seq then null else id end,
             case when head_seq > seq then 'missing' else 'head' end
        from end_of_chain where head_seq <> seq or head_hash <> hash
      union all
      (select 3, null, sums.entry_id, 'stray_line' from sums
        where not exists (select 1 from chain where chain.id = sums.entry_id) order by sums.entry_id limit 1)
    ), first_bad as (
      select json_build_object('seq', seq, 'id', id, 'problem', problem) as finding from findings order by rank limit 1
    ), balances as (
      select ${ledgerLines.account} as account, ${ledgerLines.currency} as currency, sum(${ledgerLines.amountCents}) as cents
        from ${ledgerLines} where ${ledgerLines.mentoradoId} = ${mentoradoId} group by 1, 2
    )
    select json_build_object(
      'isValid', not exists (select 1 from first_bad),
      'entries', (select count(*) from chain),
      'firstBad', (select finding from first_bad),
      'headHash', (select encode(head_hash, 'hex') from end_of_chain),
      'through', (select json_build_object('seq', seq, 'id', id) from last),
      'balances', (select coalesce(json_agg(json_build_object('account', account, 'currency', currency, 'balanceCents', cents)
                     order by account collate "C", currency collate "C"), '[]') from balances)) as verdict`;
}
