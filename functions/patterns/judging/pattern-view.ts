import { and, eq, type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { patterns, repos } from "../../../shared/db/schema/craft.ts";

/** Whether the scan that the repository has adopted still found it; what people proposed needs none to. */
export const isCurrent: SQL<boolean> = correlated(
  sql<boolean>`(${patterns.origin} = 'person' or coalesce(${patterns.lastScanId} = (
    select ${repos.adoptedScanId} from ${repos} where ${repos.mentoradoId} = ${patterns.mentoradoId} and ${repos.id} = ${patterns.repoId}), false))`,
);

/** Whether it was put off until now or before. */
export const isResurfaced: SQL<boolean> = sql<boolean>`coalesce(${patterns.status} = 'deferred' and ${patterns.resurfacesAt} <= now(), false)`;

/** A pattern as the API shows it. */
export const patternView = {
  id: patterns.id,
  repoId: patterns.repoId,
  type: patterns.type,
  origin: patterns.origin,
  name: patterns.name,
  description: patterns.description,
  category: patterns.category,
  status: patterns.status,
  statusChangedAt: patterns.statusChangedAt,
  statusChangedBy: patterns.statusChangedBy,
  scope: patterns.scope,
  checker: patterns.checker,
  strength: patterns.strength,
  hits: patterns.hits,
  opportunities: patterns.opportunities,
  files: patterns.files,
  lowerBound: patterns.lowerBound,
  score: patterns.score,
  isCurrent,
  extractedByModel: patterns.extractedByModel,
  extractedAt: patterns.extractedAt,
  rationale: patterns.rationale,
  defaultSeverity: patterns.defaultSeverity,
  channels: patterns.channels,
  validatedBy: patterns.validatedBy,
  validatedAt: patterns.validatedAt,
  rejectionReason: patterns.rejectionReason,
  deferCount: patterns.deferCount,
  deferredAt: patterns.deferredAt,
  resurfacesAt: patterns.resurfacesAt,
  isResurfaced,
  mergedInto: patterns.mergedInto,
  version: patterns.version,
  createdAt: patterns.createdAt,
  updatedAt: patterns.updatedAt,
};

export function isPattern({ mentoradoId, id }: { mentoradoId: string; id: string }): SQL | undefined {
  return and(eq(patterns.mentoradoId, mentoradoId), eq(patterns.id, id));
}

/** Locks the pattern for the rest of the batch. @returns whether there is such a pattern. */
export function lockPattern(condition: SQL | undefined): SQL {
  return sql`exists (select 1 from ${patterns} where ${condition} for update)`;
}

/** The pattern as a write answers it: what a read would show. */
export function patternAnswer(condition: SQL | undefined): SQL<ViewRow<typeof patternView>> {
  return sql`(select ${jsonRow(patternView)} from ${patterns} where ${condition})`;
}
