import { type SQL, sql } from "drizzle-orm";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

/** The job that counts anew how far the patterns of a repository are followed; staged with what makes the old figures untrue. */
export function measureLater({ ctx, repoId }: { ctx: Pick<VerbContext, "newId">; repoId: string | SQL }): NewJob {
  return {
    name: "patterns.measure-repo",
    payload: sql`jsonb_build_object('repoId', ${repoId}::uuid)`,
    dedupKey: ctx.newId(),
  };
}

/** The repository of a pattern, as the payload needs it. */
export function repoOf(isPattern: SQL | undefined): SQL {
  return sql`(select ${patterns.repoId} from ${patterns} where ${isPattern})`;
}
