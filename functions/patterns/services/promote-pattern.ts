import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { PromoteInput } from "../judging/pattern-schemas.ts";
import { promotion } from "../judging/verdicts.ts";

/** The pattern becomes authoritative, with severity, rationale, channels and who validated it. @throws as `changePattern`; AppError CHECKER_REQUIRED. */
export function promotePattern({ ctx, input }: { ctx: VerbContext; input: PromoteInput }) {
  return changePattern(promotion({ ctx, input }));
}
