import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { JudgeInput } from "../judging/pattern-schemas.ts";

/** What was rejected, merged, deprecated or put off is a candidate again. @throws as `changePattern`. */
export function reopenPattern({ ctx, input }: { ctx: VerbContext; input: JudgeInput }) {
  return changePattern({ ctx, verb: "reopen", ...input });
}
