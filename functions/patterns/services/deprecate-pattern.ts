import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { JudgeInput } from "../judging/pattern-schemas.ts";

/** What was authoritative holds no longer. @throws as `changePattern`. */
export function deprecatePattern({ ctx, input }: { ctx: VerbContext; input: JudgeInput }) {
  return changePattern({ ctx, verb: "deprecate", ...input });
}
