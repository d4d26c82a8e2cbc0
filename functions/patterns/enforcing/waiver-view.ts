import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { waivers } from "../../../shared/db/schema/pull-requests.ts";

/** A waiver as the API shows it. */
export const waiverView = {
  id: waivers.id,
  patternId: waivers.patternId,
  glob: waivers.glob,
  reason: waivers.reason,
  expiresAt: waivers.expiresAt,
  isExpired: sql<boolean>`${waivers.expiresAt} <= now()`,
  revokedAt: waivers.revokedAt,
  createdBy: waivers.createdBy,
  createdAt: waivers.createdAt,
};

/** Those of a pattern that nobody has revoked. */
export function waiversOf({ mentoradoId, patternId }: { mentoradoId: string; patternId: string }): SQL | undefined {
  return and(eq(waivers.mentoradoId, mentoradoId), eq(waivers.patternId, patternId), isNull(waivers.revokedAt));
}
