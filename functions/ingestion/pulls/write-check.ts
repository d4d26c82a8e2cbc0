import { eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { pullCheckPatterns, pullChecks, violations } from "../../../shared/db/schema/pull-requests.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { PullEvaluation } from "./evaluate-pull.ts";
import type { PullPlan } from "./plan-pull-files.ts";
import type { PullFacts } from "./pull-facts.ts";

export interface CheckOutcome {
  evaluation: PullEvaluation;
  plan: Pick<PullPlan, "leftOut" | "leftOutPaths" | "sources">;
  filesRead: number;
  /** Violations that are kept, the worst first. */
  maxViolations: number;
}

/** The statements that store one check with all that it found. A violation is the same one as before when its fingerprint is. */
export function writeCheck({
  ctx: { db, mentoradoId, newId },
  pullCheckId,
  pullRequestId,
  pull: { headSha, baseRef },
  isShadow,
  outcome,
}: {
  ctx: JobContext;
  pullCheckId: string;
  pullRequestId: string;
  pull: PullFacts;
  isShadow: boolean;
  outcome: CheckOutcome;
}): Statement[] {
  const { evaluation, plan, filesRead, maxViolations } = outcome;
  const kept = evaluation.violations.slice(0, maxViolations);
  return [
    db.build.insert(pullChecks).values({
      mentoradoId,
      id: pullCheckId,
      pullRequestId,
      headSha,
      baseRef,
      status: isShadow ? "done" : "running",
      isShadow,
      conclusion: conclude(outcome),
      filesRead,
      leftOut: plan.leftOut,
      waived: evaluation.waived,
      dismissed: evaluation.dismissed,
      finishedAt: isShadow ? sql`now()` : null,
    }),
    db.build.execute(sql`
      insert into ${pullCheckPatterns} (mentorado_id, pull_check_id, pattern_id, opportunities, hits)
      select ${mentoradoId}::uuid, ${pullCheckId}::uuid, c."patternId", c.opportunities, c.hits
        from jsonb_to_recordset(${JSON.stringify(evaluation.counts)}::jsonb) as c ("patternId" uuid, opportunities integer, hits integer)`),
    db.build.execute(sql`
      insert into ${violations} (mentorado_id, id, pull_request_id, pattern_id, fingerprint, path, start_line, end_line, value, severity, diff_line, last_check_id)
      select ${mentoradoId}::uuid, v.id, ${pullRequestId}::uuid, v."patternId", v.fingerprint, v.path, v."startLine", v."endLine", v.value, v.severity, v."diffLine", ${pullCheckId}::uuid
        from jsonb_to_recordset(${JSON.stringify(kept.map((each) => ({ id: newId(), ...each })))}::jsonb)
          as v (id uuid, "patternId" uuid, fingerprint text, path text, "startLine" integer, "endLine" integer, value text, severity text, "diffLine" integer)
      on conflict (mentorado_id, pull_request_id, fingerprint) do update
        set start_line = excluded.start_line, end_line = excluded.end_line, value = excluded.value, severity = excluded.severity,
            diff_line = excluded.diff_line, last_check_id = excluded.last_check_id, resolved_at = null`),
    db.build
      .update(violations)
      .set({ resolvedAt: sql`now()` })
      .where(
        sql`${eq(violations.mentoradoId, mentoradoId)} and ${eq(violations.pullRequestId, pullRequestId)} and ${violations.resolvedAt} is null
          and ${violations.lastCheckId} <> ${pullCheckId}::uuid
          and not exists (select from jsonb_array_elements_text(${JSON.stringify(plan.leftOutPaths)}::jsonb) as l where l = ${violations.path})
          and ${kept.length === evaluation.violations.length}`,
      ),
  ];
}

/** Only what a person calls an error fails a check; one that could read nothing does not claim to have found nothing. */
function conclude({ evaluation, plan, filesRead }: CheckOutcome): "success" | "failure" | "neutral" {
  if (evaluation.violations.some(({ severity, isDismissed }) => severity === "error" && !isDismissed)) return "failure";
  return plan.sources > 0 && filesRead === 0 ? "neutral" : "success";
}
