import { type SQL, sql } from "drizzle-orm";
import { repos, scans } from "../../../shared/db/schema/craft.ts";
import { lockRepositories } from "../repos/repo-view.ts";
import type { DoneScan } from "./scan-findings.ts";

/**
 * What a scan says of its repository, as statements for a batch. Afterwards its findings are to be adopted exactly when `hasAdopted`: unless
 * a newer scan was, or the repository turned out to be a connected one under another name.
 *
 * GitHub's id tells repositories apart, names do not. When two connected ones are the same, the one that had the id first stays and this
 * one is disconnected for it. A name that another connected one still has is taken over by a later scan, when that one has been read again.
 */
export function adoptRepository({ mentoradoId, scan }: { mentoradoId: string; scan: DoneScan }): SQL[] {
  const isIt = sql`r.mentorado_id = ${mentoradoId} and r.id = ${scan.repoId}`;
  const isOther = sql`o.mentorado_id = ${mentoradoId} and o.id <> r.id and o.disconnected_at is null`;
  const isNameFree = sql`not exists (select 1 from ${repos} as o where ${isOther} and lower(o.full_name) = lower(${scan.fullName}))`;
  const isNewest = sql`not exists (
    select 1 from ${scans} as newer join ${scans} as this on this.mentorado_id = newer.mentorado_id and this.id = ${scan.id}
     where newer.mentorado_id = ${mentoradoId} and newer.id = r.adopted_scan_id and (newer.started_at, newer.id) > (this.started_at, this.id))`;
  return [
    lockRepositories(mentoradoId),
    sql`update ${repos} as r
           set disconnected_at = now(), duplicate_of = o.id, version = r.version + 1, updated_at = now()
          from ${repos} as o
         where ${isIt} and r.disconnected_at is null and ${isOther} and o.github_id = ${scan.githubId}`,
    sql`update ${repos} as r
           set adopted_scan_id = ${scan.id}, github_id = ${scan.githubId}, default_branch = ${scan.defaultBranch}, is_private = ${scan.isPrivate},
               full_name = case when ${isNameFree} then ${scan.fullName} else r.full_name end,
               updated_at = case when r.full_name = ${scan.fullName} then r.updated_at else now() end
         where ${isIt} and r.duplicate_of is null and ${isNewest}`,
  ];
}

/** Whether the repository shows what this scan found; judged after the statements of `adoptRepository`. */
export function hasAdopted({ mentoradoId, scan }: { mentoradoId: string; scan: DoneScan }): SQL {
  return sql`exists (select 1 from ${repos} as r where r.mentorado_id = ${mentoradoId} and r.id = ${scan.repoId} and r.adopted_scan_id = ${scan.id})`;
}
