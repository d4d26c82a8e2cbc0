import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { githubInstallations, repos } from "../../../shared/db/schema/craft.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { ownInstallations } from "../repos/installation.ts";
import type { ConnectRepoInput } from "../repos/repo-schemas.ts";
import { lockRepositories, repoAnswer } from "../repos/repo-view.ts";

/**
 * Connects a repository, once by its name: one that is connected stays as it is, except for what is said anew, and one that was disconnected
 * comes back with all that was decided about it. Whether it exists, and may be read, the scan finds out that is staged with it.
 *
 * @throws NotFoundError INSTALLATION_NOT_FOUND, also for the installation of another person or one that is suspended; STUDENT_NOT_FOUND.
 */
export function connectRepo({ ctx, input }: { ctx: VerbContext; input: ConnectRepoInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const { fullName, installationId, studentId } = input;
  const isNamed = and(eq(repos.mentoradoId, mentoradoId), sql`lower(${repos.fullName}) = lower(${fullName})`);
  const isConnected = and(isNamed, isNull(repos.disconnectedAt));
  const source = installationId === undefined ? ("public" as const) : ("installation" as const);
  /** The connected one, else the one that was disconnected last, unless it was but another name of a connected one. */
  const known = sql`(select ${repos.id} from ${repos} where ${isNamed} and ${repos.duplicateOf} is null
    order by ${repos.disconnectedAt} desc nulls first, ${repos.id} desc limit 1)`;
  const repoId = sql`(select ${repos.id} from ${repos} where ${isConnected})`;
  return ctx.db.write({
    guards: guardsOf({ ctx, input }),
    statements: [
      build.execute(lockRepositories(mentoradoId)),
      build
        .update(repos)
        .set({
          disconnectedAt: null,
          // A connected one is not taken away from its installation by its public address.
          source: installationId === undefined ? sql`case when ${isConnectedNow} then ${repos.source} else 'public' end` : source,
          installationId: installationId ?? sql`case when ${isConnectedNow} then ${repos.installationId} end`,
          ...(studentId === undefined ? {} : { studentId }),
          version: sql`${repos.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(and(eq(repos.mentoradoId, mentoradoId), sql`${repos.id} = ${known}`, saysAnew(input))),
      build.execute(sql`
        insert into ${repos} (mentorado_id, id, student_id, source, installation_id, full_name, connected_by)
        select ${mentoradoId}, ${ctx.newId()}, ${studentId ?? null}::uuid, ${source}, ${installationId ?? null}::bigint, ${fullName}, guilda.actor_id()::uuid
         where not exists (select 1 from ${repos} where ${isConnected})`),
    ],
    jobs: [
      {
        name: "ingestion.scan-repo",
        payload: sql`jsonb_build_object('repoId', ${repoId})`,
        dedupKey: ctx.newId(),
      },
    ],
    answer: repoAnswer(isConnected),
  });
}

const isConnectedNow = sql`${repos.disconnectedAt} is null`;

function saysAnew({ installationId, studentId }: ConnectRepoInput): SQL {
  const isOtherInstallation =
    installationId === undefined ? sql`false` : sql`${repos.installationId} is distinct from ${installationId}::bigint`;
  const isOtherStudent = studentId === undefined ? sql`false` : sql`${repos.studentId} is distinct from ${studentId}::uuid`;
  return sql`(${repos.disconnectedAt} is not null or ${isOtherInstallation} or ${isOtherStudent})`;
}

function guardsOf({ ctx, input: { installationId, studentId } }: { ctx: VerbContext; input: ConnectRepoInput }): Guard[] {
  const isInstallation = and(
    eq(githubInstallations.installationId, installationId ?? 0),
    isNull(githubInstallations.suspendedAt),
    ownInstallations(ctx),
  );
  const isStudent = and(eq(students.mentoradoId, ctx.mentoradoId), eq(students.id, studentId ?? ""));
  const installation: Guard = {
    condition: sql`exists (select 1 from ${githubInstallations} where ${isInstallation})`,
    refuseWith: "NOT_FOUND",
    errorCode: "INSTALLATION_NOT_FOUND",
  };
  const student: Guard = {
    condition: sql`exists (select 1 from ${students} where ${isStudent})`,
    refuseWith: "NOT_FOUND",
    errorCode: "STUDENT_NOT_FOUND",
  };
  return [...(installationId === undefined ? [] : [installation]), ...(studentId === undefined ? [] : [student])];
}
