import { sql } from "drizzle-orm";
import { patterns } from "../../../shared/db/schema/craft.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { CohortMatrixInput } from "../enforcing/enforcing-schemas.ts";
import { PROGRESS_FIGURES, type ProgressFigures, progressOf } from "../enforcing/progress-query.ts";

export interface CohortCell extends ProgressFigures {
  studentId: string;
  studentName: string;
  /** The same for what was mined alike in several repositories: the fingerprint of the pattern, else its id. */
  convention: string;
  name: string;
  patternIds: string[];
}

const MAX_CELLS = 10_000;

/** How far each student follows each convention: students by name, conventions that most pull requests met first. */
export async function measureCohort({
  ctx,
  input,
}: {
  ctx: VerbContext;
  input: CohortMatrixInput;
}): Promise<{ cells: CohortCell[] }> {
  const { mentoradoId } = ctx;
  const [{ rows }] = await ctx.db.read([
    ctx.db.build.execute(sql`
      ${progressOf({ mentoradoId, ...input })}
      select jsonb_build_object('studentId', s.id, 'studentName', s.name, 'convention', coalesce(t.fingerprint, t.id::text), 'name', min(t.name),
          'patternIds', jsonb_agg(distinct t.id)) || ${PROGRESS_FIGURES} as row
        from progress as g
        join ${patterns} as t on t.mentorado_id = ${mentoradoId} and t.id = g.pattern_id
        join ${students} as s on s.mentorado_id = ${mentoradoId} and s.id = g.student_id
       group by s.id, s.name, coalesce(t.fingerprint, t.id::text)
       order by s.name, s.id, count(*) desc, coalesce(t.fingerprint, t.id::text)
       limit ${MAX_CELLS}`),
  ]);
  return { cells: rows.map(({ row }) => row as CohortCell) };
}
