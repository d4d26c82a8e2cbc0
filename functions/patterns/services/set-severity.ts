import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import type { SetSeverityInput } from "../judging/pattern-schemas.ts";

/** How much a violation weighs. @throws as `changePattern`. */
export function setSeverity({ ctx, input: { severity, ...which } }: { ctx: VerbContext; input: SetSeverityInput }) {
  return changePattern({ ctx, verb: "set_severity", ...which, set: { defaultSeverity: severity }, change: { severity } });
}
