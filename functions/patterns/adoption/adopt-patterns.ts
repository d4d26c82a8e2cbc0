import { type SQL, sql } from "drizzle-orm";
import { patternHistory, patterns } from "../../../shared/db/schema/craft.ts";
import { hasAdopted } from "./adopt-repository.ts";
import type { DoneScan, Findings } from "./scan-findings.ts";

/**
 * The conventions that a scan found, as statements: what is new becomes a candidate with its first line of history; of what is known only
 * the figures change, whatever was decided about it, and not those of a checker that a person has changed. Neither status, wording,
 * severity nor version ever does. What was not found keeps its figures and is no longer current.
 */
export function adoptPatterns({
  mentoradoId,
  scan,
  findings,
}: {
  mentoradoId: string;
  scan: DoneScan;
  findings: Findings;
}): SQL[] {
  const found = sql`jsonb_to_recordset(${JSON.stringify(findings.patterns)}::jsonb) as c(
    id uuid, "historyId" uuid, fingerprint text, type text, name text, description text, category text, scope text, checker jsonb, strength text,
    hits integer, opportunities integer, files integer, "lowerBound" double precision, score double precision)`;
  const isKnown = sql`p.mentorado_id = ${mentoradoId} and p.repo_id = ${scan.repoId}`;
  return [
    // In one order, as everybody who locks several of them.
    sql`select 1 from ${patterns} as p where ${isKnown} order by p.id for update`,
    sql`insert into ${patterns} as p (mentorado_id, id, repo_id, type, origin, fingerprint, name, description, category, scope, checker, strength,
               hits, opportunities, files, lower_bound, score, extracted_at, last_scan_id)
        select ${mentoradoId}, c.id, ${scan.repoId}, c.type, 'mined', c.fingerprint, c.name, c.description, c.category, c.scope, c.checker,
               c.strength, c.hits, c.opportunities, c.files, c."lowerBound", c.score, ${scan.finishedAt}::timestamptz, ${scan.id}
          from ${found}
         where ${hasAdopted({ mentoradoId, scan })}
         order by c.fingerprint
        on conflict (mentorado_id, repo_id, fingerprint) do update
           set last_scan_id = excluded.last_scan_id, strength = excluded.strength, score = excluded.score,
               hits = case when p.checker = excluded.checker then excluded.hits else p.hits end,
               opportunities = case when p.checker = excluded.checker then excluded.opportunities else p.opportunities end,
               files = case when p.checker = excluded.checker then excluded.files else p.files end,
               lower_bound = case when p.checker = excluded.checker then excluded.lower_bound else p.lower_bound end`,
    sql`insert into ${patternHistory} (mentorado_id, id, pattern_id, version, action, to_status, actor_kind, actor_id)
        select ${mentoradoId}, c."historyId", c.id, 1, 'propose', 'candidate', 'scan', ${scan.id}
          from ${found} join ${patterns} as p on ${isKnown} and p.id = c.id`,
  ];
}
