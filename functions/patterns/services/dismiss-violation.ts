import { and, eq, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { violationDismissals, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { DismissViolationInput } from "../enforcing/enforcing-schemas.ts";
import { violationView } from "../enforcing/pull-view.ts";

/**
 * A person's word that a violation is none, or does not matter: it no longer counts, and its pull request is checked again. The first word
 * stands; it tells against the pattern, too.
 *
 * @throws NotFoundError VIOLATION_NOT_FOUND.
 */
export function dismissViolation({ ctx, input }: { ctx: VerbContext; input: DismissViolationInput }) {
  const { id, reason, isFalsePositive } = input;
  const { mentoradoId } = ctx;
  const isIt = and(eq(violations.mentoradoId, mentoradoId), eq(violations.id, id));
  return ctx.db.write<ViewRow<typeof violationView>>({
    guards: [
      {
        condition: sql`exists (select 1 from ${violations} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "VIOLATION_NOT_FOUND",
      },
    ],
    statements: [
      ctx.db.build
        .insert(violationDismissals)
        .values({ mentoradoId, violationId: id, reason, isFalsePositive, dismissedBy: sql`guilda.actor_id()::uuid` })
        .onConflictDoNothing(),
    ],
    jobs: [
      {
        name: "ingestion.check-pull-request",
        payload: sql`(select jsonb_build_object('pullRequestId', ${violations.pullRequestId}, 'isAgain', true) from ${violations} where ${isIt})`,
        dedupKey: `dismissed:${id}`,
      },
    ],
    answer: sql`(select ${jsonRow(violationView)} from ${violations} where ${isIt})`,
  });
}
