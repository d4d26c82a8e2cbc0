import type { SQL } from "drizzle-orm";
import type { Builder, Statement } from "../db/connect.ts";
import { jobs as jobsTable } from "../db/schema/work.ts";
import { JOBS, type JobName, type PayloadOf } from "./catalog.ts";

/**
 * A job to be staged: which, with what, and the natural key that makes two of them one. The payload may be SQL (a jsonb expression) where
 * only the database knows the id.
 */
export type NewJob = {
  [Name in JobName]: {
    name: Name;
    payload: PayloadOf<Name> | SQL;
    dedupKey: string;
    runAt?: string;
    /** For work of the programme that stages work inside a mentorado; row-level security lets nobody else. */
    mentoradoId?: string;
  };
}[JobName];

/** A staged job as its doorbell needs it. */
export interface StagedJob {
  id: string;
  name: string;
  ring: number;
  /** ISO 8601. */
  runAt: string;
}

/**
 * The statement that stages jobs within a batch. A job whose natural key is already taken is not staged again.
 *
 * @param mentoradoId the tenant of those that act inside one. Part of the natural key, so tenants never collide.
 */
export function stageJobs({
  build,
  jobs,
  mentoradoId,
  requestId,
  newId,
}: {
  build: Builder;
  jobs: readonly NewJob[];
  mentoradoId: string | null;
  requestId: string;
  newId: () => string;
}): Statement {
  const rows = jobs.map(({ name, payload, dedupKey, runAt, mentoradoId: owner = mentoradoId }) => ({
    id: newId(),
    mentoradoId: JOBS[name].scope === "mentorado" ? owner : null,
    group: JOBS[name].group,
    name,
    dedupKey: `${JOBS[name].scope === "mentorado" ? owner : "programme"}:${name}:${dedupKey}`,
    payload,
    maxAttempts: JOBS[name].retry.attempts,
    requestId,
    ...(runAt === undefined ? {} : { runAt }),
  }));
  return build
    .insert(jobsTable)
    .values(rows)
    .onConflictDoNothing({ target: jobsTable.dedupKey })
    .returning({ id: jobsTable.id, name: jobsTable.name, ring: jobsTable.ring, runAt: jobsTable.runAt });
}
