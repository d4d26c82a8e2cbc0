import { type SQL, sql } from "drizzle-orm";
import { patternEvidence, patterns, repoFiles } from "../../../shared/db/schema/craft.ts";
import { hasAdopted } from "./adopt-repository.ts";
import type { DoneScan, Findings } from "./scan-findings.ts";

/**
 * The places that a scan found, as statements. Of the patterns that were found and not rejected, the extracted places become those of this
 * commit; what people showed and the canonical example stay. A place is written only where the file is known by its hash, and never where
 * a person took one away. Then every place of the repository is compared with its file: it is stale when that has changed, or is gone.
 */
export function adoptEvidence({
  mentoradoId,
  scan,
  findings,
}: {
  mentoradoId: string;
  scan: DoneScan;
  findings: Findings;
}): SQL[] {
  const found = sql`found as materialized (
    select c.id, p.id as pattern_id, c.path, c."startLine" as start_line, c."endLine" as end_line, c."isCounterExample" as is_counter_example, f.blob_sha
      from jsonb_to_recordset(${JSON.stringify(findings.places)}::jsonb)
           as c(id uuid, fingerprint text, path text, "startLine" integer, "endLine" integer, "isCounterExample" boolean)
      join ${patterns} as p on p.mentorado_id = ${mentoradoId} and p.repo_id = ${scan.repoId} and p.fingerprint = c.fingerprint
       and p.status in ('candidate', 'authoritative', 'deferred')
      join ${repoFiles} as f on f.mentorado_id = ${mentoradoId} and f.repo_id = ${scan.repoId} and f.path = c.path and f.is_present
     where ${hasAdopted({ mentoradoId, scan })})`;
  const isKept = sql`e.mentorado_id = ${mentoradoId} and e.removed_at is null`;
  const isSame = sql`e.pattern_id = found.pattern_id and e.path = found.path and e.start_line is not distinct from found.start_line
    and e.end_line is not distinct from found.end_line and e.is_counter_example = found.is_counter_example`;
  return [
    sql`with ${found}
        update ${patternEvidence} as e set removed_at = now(), removed_by = 'extraction'
         where ${isKept} and e.added_by = 'extraction' and not e.is_canonical and e.pattern_id in (select pattern_id from found)
           and not exists (select 1 from found where ${isSame})`,
    // What is found again is verified at this commit.
    sql`with ${found}
        update ${patternEvidence} as e set commit_sha = ${scan.commitSha}, blob_sha = found.blob_sha
          from found where ${isKept} and ${isSame} and e.blob_sha <> found.blob_sha`,
    sql`with ${found}
        insert into ${patternEvidence} (mentorado_id, id, pattern_id, path, start_line, end_line, commit_sha, blob_sha, is_counter_example, added_by)
        select ${mentoradoId}, found.id, found.pattern_id, found.path, found.start_line, found.end_line, ${scan.commitSha}, found.blob_sha,
               found.is_counter_example, 'extraction'
          from found
         where not exists (
           select 1 from ${patternEvidence} as e
            where e.mentorado_id = ${mentoradoId} and ${isSame} and (e.removed_at is null or e.removed_by = 'person'))`,
    sql`update ${patternEvidence} as e set stale_reason = now_.reason
          from (
            select e.id, case when f.path is null then 'removed' when e.start_line is not null and f.blob_sha <> e.blob_sha then 'changed' end as reason
              from ${patternEvidence} as e
              join ${patterns} as p on p.mentorado_id = e.mentorado_id and p.id = e.pattern_id
              left join ${repoFiles} as f on f.mentorado_id = p.mentorado_id and f.repo_id = p.repo_id and f.path = e.path and f.is_present
             where e.mentorado_id = ${mentoradoId} and p.repo_id = ${scan.repoId} and e.removed_at is null) as now_
         where ${isKept} and e.id = now_.id and e.stale_reason is distinct from now_.reason and ${hasAdopted({ mentoradoId, scan })}`,
  ];
}
