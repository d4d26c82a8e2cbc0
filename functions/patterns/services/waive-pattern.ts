import { and, eq, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { waivers } from "../../../shared/db/schema/pull-requests.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { WaiveInput } from "../enforcing/enforcing-schemas.ts";
import { waiversOf, waiverView } from "../enforcing/waiver-view.ts";
import { isPattern, lockPattern } from "../judging/pattern-view.ts";

/** More say that the pattern itself is wrong. */
const MAX_WAIVERS = 100;

/**
 * Where a pattern does not speak until a day comes; pull requests know of it from their next check on.
 *
 * @throws NotFoundError PATTERN_NOT_FOUND; ValidationError EXPIRES_PAST; ConflictError TOO_MANY_WAIVERS.
 */
export function waivePattern({ ctx, input }: { ctx: VerbContext; input: WaiveInput }) {
  const { id: patternId, glob, reason, expiresAt } = input;
  const { mentoradoId } = ctx;
  const id = ctx.newId();
  const isIt = and(eq(waivers.mentoradoId, mentoradoId), eq(waivers.id, id));
  return ctx.db.write<ViewRow<typeof waiverView>>({
    guards: [
      {
        condition: lockPattern(isPattern({ mentoradoId, id: patternId })),
        refuseWith: "NOT_FOUND",
        errorCode: "PATTERN_NOT_FOUND",
      },
      { condition: sql`${expiresAt}::timestamptz > now()`, refuseWith: "VALIDATION", errorCode: "EXPIRES_PAST" },
      {
        condition: sql`(select count(*) from ${waivers} where ${waiversOf({ mentoradoId, patternId })} and ${waivers.expiresAt} > now()) < ${MAX_WAIVERS}`,
        refuseWith: "CONFLICT",
        errorCode: "TOO_MANY_WAIVERS",
      },
    ],
    statements: [
      ctx.db.build
        .insert(waivers)
        .values({ mentoradoId, id, patternId, glob, reason, expiresAt, createdBy: sql`guilda.actor_id()::uuid` }),
    ],
    answer: sql`(select ${jsonRow(waiverView)} from ${waivers} where ${isIt})`,
  });
}
