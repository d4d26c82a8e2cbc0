import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern, type PatternChange } from "../judging/change-pattern.ts";
import type { UpdateStatusInput } from "../judging/pattern-schemas.ts";
import { deferral, promotion, rejection } from "../judging/verdicts.ts";

/** A verdict by the status that it leads to: the same as to promote, to reject or to defer with what these take by default. @throws as `changePattern`. */
export async function updateStatus({ ctx, input }: { ctx: VerbContext; input: UpdateStatusInput }) {
  return { success: true as const, pattern: await changePattern(verdictOf({ ctx, input })) };
}

function verdictOf({ ctx, input }: { ctx: VerbContext; input: UpdateStatusInput }): PatternChange {
  const { status, rationale, ...which } = input;
  switch (status) {
    case "authoritative":
      return promotion({ ctx, input: { ...which, rationale } });
    case "rejected":
      return rejection({ ctx, input: { ...which, reason: rationale } });
    case "deferred":
      return deferral({ ctx, input: { ...which, rationale } });
  }
}
