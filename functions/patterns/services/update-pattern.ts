import { and, sql } from "drizzle-orm";
import type { Checker } from "../../../shared/craft/checker.ts";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern, type PatternChange } from "../judging/change-pattern.ts";
import type { UpdatePatternInput } from "../judging/pattern-schemas.ts";
import { isPattern, lockPattern } from "../judging/pattern-view.ts";
import { measureLater, repoOf } from "../measuring/measure-later.ts";

/**
 * Changes wording and checker; what is left out stays. Another checker makes the figures untrue, so they are counted anew.
 *
 * @throws as `changePattern`; AppError CHECKER_REQUIRED when the checker is taken away from one that speaks on pull requests.
 */
export function updatePattern({ ctx, input }: { ctx: VerbContext; input: UpdatePatternInput }) {
  const { id, expectedVersion, checker, ...words } = input;
  const change: PatternChange = { ctx, id, verb: "update", expectedVersion, set: words, change: { ...words, checker } };
  return changePattern(checker === undefined ? change : withChecker({ change, checker }));
}

function withChecker({ change, checker }: { change: PatternChange; checker: Checker | null }): PatternChange {
  const { ctx, id, set } = change;
  const isIt = isPattern({ mentoradoId: ctx.mentoradoId, id });
  const isQuiet = lockPattern(and(isIt, sql`not ('pull_request' = any (${patterns.channels}))`));
  if (checker === null) {
    return {
      ...change,
      set: { ...set, checker: null },
      guards: [{ condition: isQuiet, refuseWith: "PRECONDITION_FAILED", errorCode: "CHECKER_REQUIRED" }],
    };
  }
  return {
    ...change,
    set: { ...set, checker, scope: checker.in.folder },
    jobs: [measureLater({ ctx, repoId: repoOf(isIt) })],
  };
}
