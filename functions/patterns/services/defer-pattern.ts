import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { DeferInput } from "../judging/pattern-schemas.ts";
import { deferral } from "../judging/verdicts.ts";

/** The pattern is put off; the triage queue shows it again afterwards. @throws as `changePattern`; ValidationError UNTIL_PAST. */
export function deferPattern({ ctx, input }: { ctx: VerbContext; input: DeferInput }) {
  return changePattern(deferral({ ctx, input }));
}
