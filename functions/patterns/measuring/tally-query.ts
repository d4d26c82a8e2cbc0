import { type SQL, sql } from "drizzle-orm";
import { repoFiles } from "../../../shared/db/schema/craft.ts";

/** What one evaluation reads at most; a checker of a few slots stays below it in a repository of tens of thousands of files. */
const MAX_BYTES = 4_000_000;

export interface TallyPage {
  /** In order of their paths: path, kind, and the values of the one slot that the checker is about. */
  files: [path: string, kind: "source" | "other" | "skipped", values: Record<string, [number, number, number]> | null][];
  /** How many files there are to be read. */
  total: number;
}

/**
 * The present files of a repository as one checker needs them: those of its folder, without the slots that it is not about, and at most
 * `MAX_BYTES` of them.
 *
 * @param repoId an id, or an expression for one.
 * @param checker an expression of JSON.
 */
export function tallyQuery({ mentoradoId, repoId, checker }: { mentoradoId: string; repoId: SQL; checker: SQL }): SQL {
  return sql`
    with wanted as materialized (
      select c.checker ->> 'kind' as kind,
             case c.checker ->> 'kind' when 'decision' then c.checker ->> 'slot' when 'import' then '~import' when 'call' then '~call' end as slot,
             case when c.checker ->> 'kind' <> 'pair' then nullif(c.checker #>> '{in,folder}', '') || '/' end as folder
        from (select ${checker} as checker) as c),
    chosen as materialized (
      select f.path, f.kind, (f.tally -> w.slot)::text as slot_values
        from ${repoFiles} as f cross join wanted as w
       where f.mentorado_id = ${mentoradoId} and f.repo_id = ${repoId} and f.is_present
         and (w.folder is null or starts_with(f.path, w.folder))
         and (w.kind not in ('decision', 'import') or f.tally ? w.slot)),
    measured as (
      select *, sum(octet_length(path) + coalesce(octet_length(slot_values), 0)) over (order by path) as bytes from chosen)
    select coalesce(json_agg(json_build_array(path, kind, slot_values::json) order by path) filter (where bytes <= ${MAX_BYTES}), '[]') as files,
           count(*)::integer as total
      from measured`;
}
