import { syncConflicts } from "../../../shared/db/schema/money.ts";

/** A conflict as the API shows it. */
export const conflictView = {
  id: syncConflicts.id,
  kind: syncConflicts.kind,
  externalId: syncConflicts.externalId,
  chargeId: syncConflicts.chargeId,
  local: syncConflicts.local,
  remote: syncConflicts.remote,
  status: syncConflicts.status,
  resolution: syncConflicts.resolution,
  resolvedBy: syncConflicts.resolvedBy,
  resolvedAt: syncConflicts.resolvedAt,
  seenAt: syncConflicts.seenAt,
  createdAt: syncConflicts.createdAt,
  version: syncConflicts.version,
};
