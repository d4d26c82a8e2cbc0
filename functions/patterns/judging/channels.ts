import { and, isNotNull, type SQL, sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { CHANNELS, patterns } from "../../../shared/db/schema/craft.ts";
import { lockPattern } from "./pattern-view.ts";

export type Channel = (typeof CHANNELS)[number];

/** Only a checker can tell on a pull request, so a pattern without one may not speak there. */
export function mayUse({ isIt, channels }: { isIt: SQL | undefined; channels: readonly Channel[] | undefined }): Guard[] {
  if (channels?.includes("pull_request") !== true) return [];
  return [
    {
      condition: lockPattern(and(isIt, isNotNull(patterns.checker))),
      refuseWith: "PRECONDITION_FAILED",
      errorCode: "CHECKER_REQUIRED",
    },
  ];
}

/** Each channel once, in their own order; left out, every one that the pattern may use. */
export function channelsOf(channels: readonly Channel[] | undefined): Channel[] | SQL {
  if (channels !== undefined) return CHANNELS.filter((channel) => channels.includes(channel));
  return sql`case when ${patterns.checker} is null then '{agents}' else '{pull_request,agents}' end::text[]`;
}
