import { and, arrayContains, asc, eq, gt, isNull, sql } from "drizzle-orm";
import { checker as anyChecker } from "../../../shared/craft/checker.ts";
import type { Convention } from "../../../shared/craft/conventions-file.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import { waivers } from "../../../shared/db/schema/pull-requests.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";

type Context = Pick<JobContext, "db" | "mentoradoId">;

/** The statement that reads what speaks on the pull requests of a repository. */
export function selectSpeaking({ db, mentoradoId }: Context, repoId: string) {
  return db.build
    .select({
      id: patterns.id,
      name: patterns.name,
      description: patterns.description,
      severity: patterns.defaultSeverity,
      checker: patterns.checker,
    })
    .from(patterns)
    .where(
      and(
        eq(patterns.mentoradoId, mentoradoId),
        eq(patterns.repoId, repoId),
        eq(patterns.status, "authoritative"),
        arrayContains(patterns.channels, ["pull_request"]),
      ),
    )
    .orderBy(asc(patterns.id));
}

/** The statement that reads the waivers of a repository that hold now. */
export function selectWaivers({ db, mentoradoId }: Context, repoId: string) {
  return db.build
    .select({
      patternId: waivers.patternId,
      glob: waivers.glob,
      reason: waivers.reason,
      expiresAt: waivers.expiresAt,
    })
    .from(waivers)
    .innerJoin(patterns, and(eq(patterns.mentoradoId, waivers.mentoradoId), eq(patterns.id, waivers.patternId)))
    .where(
      and(
        eq(waivers.mentoradoId, mentoradoId),
        eq(patterns.repoId, repoId),
        isNull(waivers.revokedAt),
        gt(waivers.expiresAt, sql`now()`),
      ),
    )
    .orderBy(asc(waivers.id));
}

/** A checker that is not read as one, as from another version of the language, says nothing. */
export function toConventions({
  speaking,
  waivers: all,
}: {
  speaking: Awaited<ReturnType<typeof selectSpeaking>>;
  waivers: Awaited<ReturnType<typeof selectWaivers>>;
}): Convention[] {
  const byPattern = Map.groupBy(all, ({ patternId }) => patternId);
  return speaking.flatMap(({ checker, ...pattern }) => {
    const parsed = anyChecker.safeParse(checker);
    if (!parsed.success) return [];
    const own = (byPattern.get(pattern.id) ?? []).map(({ patternId: _, ...waiver }) => waiver);
    return [{ ...pattern, checker: parsed.data, waivers: own }];
  });
}
