import { sql } from "drizzle-orm";
import { patternHistory, patterns, repos } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { CreatePatternInput } from "../judging/pattern-schemas.ts";
import { isPattern, patternAnswer } from "../judging/pattern-view.ts";
import { measureLater } from "../measuring/measure-later.ts";
import { isRepo } from "../repos/repo-view.ts";

/** A candidate that a person proposes. With a checker it is measured right away. @throws NotFoundError REPO_NOT_FOUND. */
export function createPattern({ ctx, input }: { ctx: VerbContext; input: CreatePatternInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const { repoId, checker, scope, ...words } = input;
  const id = ctx.newId();
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${repos} where ${isRepo({ mentoradoId, id: repoId })})`,
        refuseWith: "NOT_FOUND",
        errorCode: "REPO_NOT_FOUND",
      },
    ],
    statements: [
      build.insert(patterns).values({
        mentoradoId,
        id,
        repoId,
        ...words,
        origin: "person",
        scope: checker?.in.folder ?? scope ?? "",
        checker,
        statusChangedBy: sql`guilda.actor_id()::uuid`,
      }),
      build.insert(patternHistory).values({
        mentoradoId,
        id: ctx.newId(),
        patternId: id,
        version: 1,
        action: "create",
        toStatus: "candidate",
        actorKind: "member",
        actorId: sql`guilda.actor_id()`,
      }),
    ],
    jobs: checker === undefined ? [] : [measureLater({ ctx, repoId })],
    answer: patternAnswer(isPattern({ mentoradoId, id })),
  });
}
