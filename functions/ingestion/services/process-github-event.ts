import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { githubInstallations, repos } from "../../../shared/db/schema/craft.ts";
import { pullChecks, pullRequests } from "../../../shared/db/schema/pull-requests.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import { webhookEvents } from "../../../shared/db/schema/work.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { ProgrammeJobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import { type GithubEvent, type InstallationChange, readGithubEvent } from "../events/github-event.ts";
import { keepPull } from "../pulls/keep-pull.ts";

/** Repositories of one event; the nightly look at all heads finds the others. */
const MAX_REPOS = 1_000;

/**
 * What an event of GitHub changes: where the App is installed, which repositories are to be scanned and which pull requests to be checked,
 * because what can be read of them may have changed. A scan and a check find by themselves what has become of theirs, so events in any
 * order leave the same.
 *
 * @throws AppError EVENT_UNREADABLE; NotFoundError EVENT_NOT_FOUND.
 */
export async function processGithubEvent({
  ctx,
  input: { eventId },
}: {
  ctx: ProgrammeJobContext;
  input: { eventId: string };
}): Promise<Skipped | undefined> {
  const { db } = ctx;
  const [[stored]] = await db.read([
    db.build
      .select({ type: webhookEvents.eventType, raw: webhookEvents.raw, receivedAt: webhookEvents.receivedAt })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.provider, "github"), eq(webhookEvents.id, eventId))),
  ]);
  if (stored === undefined) throw new NotFoundError(undefined, { errorCode: "EVENT_NOT_FOUND" });
  const event = readable(() => readGithubEvent(stored));
  if (event.kind === "ignored") return { skipped: true, reason: "ignored" };
  if (event.kind === "recheck") return await checkAgain({ ctx, event, eventId });
  const [found] = await db.read([selectRepos(ctx, concerns(event))]);
  if (event.kind === "pull") return await followPull({ ctx, event, eventId, found });
  await db.write({
    statements:
      event.kind === "installation" ? [project({ ctx, change: event.installation, receivedAt: stored.receivedAt })] : [],
    jobs: found.map(({ mentoradoId, repoId }) => ({
      name: "ingestion.scan-repo",
      payload: { repoId },
      // Not the commit: a branch may come back to one.
      dedupKey: `${repoId}:event:${eventId}`,
      mentoradoId,
    })),
    answer: sql`null`,
  });
  return undefined;
}

type EventOf<Kind extends GithubEvent["kind"]> = Extract<GithubEvent, { kind: Kind }>;

async function followPull({
  ctx: { db, newId },
  event: { pull, isToCheck },
  eventId,
  found,
}: {
  ctx: ProgrammeJobContext;
  event: EventOf<"pull">;
  eventId: string;
  found: readonly { mentoradoId: string; repoId: string }[];
}): Promise<Skipped | undefined> {
  if (found.length === 0) return { skipped: true, reason: "not_connected" };
  const jobs = found.map(
    ({ mentoradoId, repoId }): NewJob => ({
      name: "ingestion.check-pull-request",
      payload: sql`(select jsonb_build_object('pullRequestId', ${pullRequests.id}) from ${pullRequests}
        where ${and(eq(pullRequests.mentoradoId, mentoradoId), eq(pullRequests.repoId, repoId), eq(pullRequests.number, pull.number))})`,
      // Not the head: a branch may come back to one.
      dedupKey: `${repoId}:${pull.number}:event:${eventId}`,
      mentoradoId,
    }),
  );
  await db.write({
    statements: [keepPull({ build: db.build, rows: found.map((row) => ({ ...row, id: newId() })), pull })],
    jobs: isToCheck ? jobs : [],
    answer: sql`null`,
  });
  return undefined;
}

/** Anybody may send the App an event of a repository of theirs, so the check must be of that repository. */
async function checkAgain({
  ctx: { db },
  event: { githubId, pullCheckId },
  eventId,
}: {
  ctx: ProgrammeJobContext;
  event: EventOf<"recheck">;
  eventId: string;
}): Promise<Skipped | undefined> {
  const [checks] = await db.read([
    db.build
      .select({ mentoradoId: pullChecks.mentoradoId, pullRequestId: pullChecks.pullRequestId })
      .from(pullChecks)
      .innerJoin(
        pullRequests,
        and(eq(pullRequests.mentoradoId, pullChecks.mentoradoId), eq(pullRequests.id, pullChecks.pullRequestId)),
      )
      .innerJoin(repos, and(eq(repos.mentoradoId, pullRequests.mentoradoId), eq(repos.id, pullRequests.repoId)))
      .where(and(eq(pullChecks.id, pullCheckId), eq(repos.githubId, githubId), isNull(repos.disconnectedAt)))
      .limit(1),
  ]);
  const [check] = checks;
  if (check === undefined) return { skipped: true, reason: "not_connected" };
  const { mentoradoId, pullRequestId } = check;
  const payload = { pullRequestId, isAgain: true };
  const job = {
    name: "ingestion.check-pull-request",
    payload,
    dedupKey: `${pullRequestId}:event:${eventId}`,
    mentoradoId,
  } as const;
  await db.write({ jobs: [job], answer: sql`null` });
  return undefined;
}

function readable(read: () => GithubEvent): GithubEvent {
  try {
    return read();
  } catch (cause) {
    throw new AppError("VALIDATION", "The event is not readable", { errorCode: "EVENT_UNREADABLE", cause });
  }
}

function concerns(event: Exclude<GithubEvent, { kind: "ignored" | "recheck" }>): SQL {
  switch (event.kind) {
    case "installation":
      return eq(repos.installationId, event.installation.installationId);
    case "selection":
      return eq(repos.installationId, event.installationId);
    case "repository":
    case "pull":
      return eq(repos.githubId, event.githubId);
  }
}

/** Of every mentorado: several may have connected the same repository. */
function selectRepos({ db }: ProgrammeJobContext, which: SQL) {
  return db.build
    .select({ mentoradoId: repos.mentoradoId, repoId: repos.id })
    .from(repos)
    .innerJoin(mentorados, and(eq(mentorados.id, repos.mentoradoId), eq(mentorados.status, "active")))
    .where(and(which, isNull(repos.disconnectedAt)))
    .orderBy(repos.id)
    .limit(MAX_REPOS);
}

/** An older event never overwrites a newer one; who installed it is known from the first, and what is deleted never returns. */
function project({
  ctx,
  change: { isDeleted, ...told },
  receivedAt,
}: {
  ctx: ProgrammeJobContext;
  change: InstallationChange;
  receivedAt: string;
}): Statement {
  const known = githubInstallations;
  const latest = (column: SQL, own: SQL) => sql`case when excluded.event_at >= ${known.eventAt} then ${column} else ${own} end`;
  return ctx.db.build
    .insert(githubInstallations)
    .values({ ...told, deletedAt: isDeleted ? receivedAt : null })
    .onConflictDoUpdate({
      target: known.installationId,
      set: {
        accountLogin: latest(sql`excluded.account_login`, sql`${known.accountLogin}`),
        accountType: latest(sql`excluded.account_type`, sql`${known.accountType}`),
        suspendedAt: latest(sql`excluded.suspended_at`, sql`${known.suspendedAt}`),
        installedBy: sql`coalesce(${known.installedBy}, excluded.installed_by)`,
        deletedAt: sql`coalesce(${known.deletedAt}, excluded.deleted_at)`,
        eventAt: sql`greatest(${known.eventAt}, excluded.event_at)`,
      },
    });
}
