import { sql } from "drizzle-orm";
import { patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { AdherenceInput } from "../enforcing/enforcing-schemas.ts";
import { PROGRESS_FIGURES, type ProgressFigures, progressOf } from "../enforcing/progress-query.ts";

export interface AdherenceRow extends ProgressFigures {
  patternId: string;
  name: string;
  /** `YYYY-MM` in the mentorado's time zone. */
  month: string;
}

/** More than anybody looks at: the newest months come first. */
const MAX_ROWS = 5_000;

/** How far each pattern was followed on pull requests, by the month in which they were opened, the newest first. */
export async function measureAdherence({
  ctx,
  input,
}: {
  ctx: VerbContext;
  input: AdherenceInput;
}): Promise<{ items: AdherenceRow[] }> {
  const { mentoradoId } = ctx;
  const [{ rows }] = await ctx.db.read([
    ctx.db.build.execute(sql`
      ${progressOf({ mentoradoId, ...input })}
      select jsonb_build_object('patternId', g.pattern_id, 'name', min(t.name), 'month', to_char(g.opened_on, 'YYYY-MM')) || ${PROGRESS_FIGURES} as row
        from progress as g join ${patterns} as t on t.mentorado_id = ${mentoradoId} and t.id = g.pattern_id
       group by g.pattern_id, to_char(g.opened_on, 'YYYY-MM')
       order by to_char(g.opened_on, 'YYYY-MM') desc, g.pattern_id
       limit ${MAX_ROWS}`),
  ]);
  return { items: rows.map(({ row }) => row as AdherenceRow) };
}
