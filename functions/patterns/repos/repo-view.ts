import { and, eq, type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { repos, scans } from "../../../shared/db/schema/craft.ts";

/** How far the reading of a repository has come. */
export type IngestionStatus = "pending" | "ingesting" | "ingested" | "failed";

const isScanOfRepo = sql`${scans.mentoradoId} = ${repos.mentoradoId} and ${scans.repoId} = ${repos.id}`;
const newestFirst = sql`order by ${scans.startedAt} desc, ${scans.id} desc limit 1`;

/** A repository as the API shows it. */
export const repoView = {
  id: repos.id,
  studentId: repos.studentId,
  source: repos.source,
  installationId: repos.installationId,
  fullName: repos.fullName,
  defaultBranch: repos.defaultBranch,
  isPrivate: repos.isPrivate,
  connectedBy: repos.connectedBy,
  checkMode: repos.checkMode,
  disconnectedAt: repos.disconnectedAt,
  duplicateOf: repos.duplicateOf,
  ingestionStatus: correlated<IngestionStatus>(
    sql`coalesce((
      select case ${scans.status} when 'running' then 'ingesting' when 'done' then 'ingested' when 'failed' then 'failed' end
        from ${scans} where ${isScanOfRepo} and ${scans.status} <> 'superseded' ${newestFirst}), 'pending')`,
  ),
  lastIngestedAt: correlated<string | null>(
    sql`(select to_char(${scans.finishedAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      from ${scans} where ${isScanOfRepo} and ${scans.status} = 'done' ${newestFirst})`,
  ),
  version: repos.version,
  createdAt: repos.createdAt,
  updatedAt: repos.updatedAt,
};

export function isRepo({ mentoradoId, id }: { mentoradoId: string; id: string }): SQL | undefined {
  return and(eq(repos.mentoradoId, mentoradoId), eq(repos.id, id));
}

/** The repository as a write answers it: what a read would show. */
export function repoAnswer(condition: SQL | undefined): SQL<ViewRow<typeof repoView>> {
  return sql`(select ${jsonRow(repoView)} from ${repos} where ${condition})`;
}

/** Waits until nobody else of the mentorado connects a repository or takes over what GitHub says of one: names and ids go around among its rows. */
export function lockRepositories(mentoradoId: string): SQL {
  return sql`select pg_advisory_xact_lock(hashtextextended('repositories of ' || ${mentoradoId}::text, 0))`;
}
