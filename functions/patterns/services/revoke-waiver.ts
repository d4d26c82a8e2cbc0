import { and, eq, isNull, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { waivers } from "../../../shared/db/schema/pull-requests.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { waiverView } from "../enforcing/waiver-view.ts";

/** From the next check on the pattern speaks there again. Once is as good as twice. @throws NotFoundError WAIVER_NOT_FOUND. */
export function revokeWaiver({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const isIt = and(eq(waivers.mentoradoId, ctx.mentoradoId), eq(waivers.id, id));
  return ctx.db.write<ViewRow<typeof waiverView>>({
    guards: [
      {
        condition: sql`exists (select 1 from ${waivers} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "WAIVER_NOT_FOUND",
      },
    ],
    statements: [
      ctx.db.build
        .update(waivers)
        .set({ revokedAt: sql`now()` })
        .where(and(isIt, isNull(waivers.revokedAt))),
    ],
    answer: sql`(select ${jsonRow(waiverView)} from ${waivers} where ${isIt})`,
  });
}
