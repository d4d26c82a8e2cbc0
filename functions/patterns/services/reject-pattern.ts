import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { RejectInput } from "../judging/pattern-schemas.ts";
import { rejection } from "../judging/verdicts.ts";

/** The pattern is none, in this scan and in all that follow. @throws as `changePattern`. */
export function rejectPattern({ ctx, input }: { ctx: VerbContext; input: RejectInput }) {
  return changePattern(rejection({ ctx, input }));
}
