import { sql } from "drizzle-orm";
import type { Builder, Statement } from "../../../shared/db/connect.ts";
import { pullRequests } from "../../../shared/db/schema/pull-requests.ts";
import type { PullFacts } from "./pull-facts.ts";

/** Stores what GitHub told of a pull request for everyone who has connected its repository; what is older never overwrites what is newer. */
export function keepPull({
  build,
  rows,
  pull,
}: {
  build: Builder;
  /** `id` is that of a pull request that is new. */
  rows: readonly { mentoradoId: string; repoId: string; id: string }[];
  pull: PullFacts;
}): Statement {
  return build
    .insert(pullRequests)
    .values(rows.map((row) => ({ ...row, ...pull })))
    .onConflictDoUpdate({
      target: [pullRequests.mentoradoId, pullRequests.repoId, pullRequests.number],
      set: {
        title: sql`excluded.title`,
        authorLogin: sql`excluded.author_login`,
        state: sql`excluded.state`,
        headSha: sql`excluded.head_sha`,
        baseRef: sql`excluded.base_ref`,
        openedAt: sql`excluded.opened_at`,
        eventAt: sql`excluded.event_at`,
      },
      setWhere: sql`${pullRequests.eventAt} <= excluded.event_at`,
    });
}
