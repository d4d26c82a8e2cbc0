import { type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import { violationDismissals, violations } from "../../../shared/db/schema/pull-requests.ts";

/** Of more than so many of its violations people have said that they are none, or do not matter: then the pattern is in doubt. */
const MAX_DISMISSED_SHARE = 0.2;

const ofPattern = sql`${violations} left join ${violationDismissals}
    on ${violationDismissals.mentoradoId} = ${violations.mentoradoId} and ${violationDismissals.violationId} = ${violations.id}
  where ${violations.mentoradoId} = ${patterns.mentoradoId} and ${violations.patternId} = ${patterns.id}`;
const share = sql`(select (count(${violationDismissals.violationId}) / nullif(count(*), 0)::float8) from ${ofPattern})`;

/** Whether people dismiss so much of what an authoritative pattern says that it wants another look. */
export const needsReview: SQL<boolean> = correlated(
  sql<boolean>`coalesce(${patterns.status} = 'authoritative' and ${share} > ${MAX_DISMISSED_SHARE}::float8, false)`,
);

/** What people made of a pattern's violations. */
export const feedbackView = {
  violations: correlated<number>(sql`(select count(*)::integer from ${ofPattern})`),
  dismissed: correlated<number>(sql`(select count(${violationDismissals.violationId})::integer from ${ofPattern})`),
  falsePositives: correlated<number>(
    sql`(select (count(*) filter (where ${violationDismissals.isFalsePositive}))::integer from ${ofPattern})`,
  ),
  /** Of the violations; null without any. */
  dismissedShare: correlated<number | null>(share as SQL<number | null>),
  needsReview,
};
