import { type SQL, sql } from "drizzle-orm";
import { repos } from "../../../shared/db/schema/craft.ts";
import { pullCheckPatterns, pullChecks, pullRequests } from "../../../shared/db/schema/pull-requests.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";

/**
 * The tables that progress is counted from, to be followed by a `select`: `progress` has one row for each pull request and pattern, with
 * what its latest check counted (`opportunities`, `hits`) and whether the first check in which the pattern had an opportunity found it
 * right (`is_right`); one of both may be null.
 *
 * @param from @param to days of the mentorado's time zone on which the pull requests were opened, both included.
 */
export function progressOf({
  mentoradoId,
  studentId,
  repoId,
  from,
  to,
}: {
  mentoradoId: string;
  studentId?: string | undefined;
  repoId?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}): SQL {
  const openedOn = sql`(p.opened_at at time zone m.timezone)::date`;
  return sql`with pulls as (
      select p.id, r.student_id, ${openedOn} as opened_on
        from ${pullRequests} as p
        join ${repos} as r on r.mentorado_id = p.mentorado_id and r.id = p.repo_id
        join ${mentorados} as m on m.id = p.mentorado_id
       where p.mentorado_id = ${mentoradoId}
         and (${studentId ?? null}::uuid is null or r.student_id = ${studentId ?? null}::uuid)
         and (${repoId ?? null}::uuid is null or r.id = ${repoId ?? null}::uuid)
         and (${from ?? null}::date is null or ${openedOn} >= ${from ?? null}::date)
         and (${to ?? null}::date is null or ${openedOn} <= ${to ?? null}::date)),
    latest as (
      select distinct on (c.pull_request_id) c.pull_request_id, c.id
        from ${pullChecks} as c join pulls on pulls.id = c.pull_request_id
       where c.mentorado_id = ${mentoradoId} and c.conclusion is not null
       order by c.pull_request_id, c.id desc),
    counted as (
      select l.pull_request_id, k.pattern_id, k.opportunities, k.hits
        from latest as l join ${pullCheckPatterns} as k on k.mentorado_id = ${mentoradoId} and k.pull_check_id = l.id),
    begun as (
      select distinct on (c.pull_request_id, k.pattern_id) c.pull_request_id, k.pattern_id, k.hits = k.opportunities as is_right
        from ${pullChecks} as c join pulls on pulls.id = c.pull_request_id
        join ${pullCheckPatterns} as k on k.mentorado_id = c.mentorado_id and k.pull_check_id = c.id
       where c.mentorado_id = ${mentoradoId}
       order by c.pull_request_id, k.pattern_id, c.id),
    progress as (
      select pulls.student_id, pulls.opened_on, b.pattern_id, n.opportunities, n.hits, b.is_right
        from begun as b left join counted as n on n.pull_request_id = b.pull_request_id and n.pattern_id = b.pattern_id
        join pulls on pulls.id = b.pull_request_id)`;
}

/** The figures of a group of `progress`, as JSON. */
export const PROGRESS_FIGURES: SQL = sql`jsonb_build_object(
  'opportunities', coalesce(sum(g.opportunities), 0)::integer, 'hits', coalesce(sum(g.hits), 0)::integer,
  'adherence', sum(g.hits) / nullif(sum(g.opportunities), 0)::float8,
  'pullRequests', count(*)::integer, 'firstTimeRight', (count(*) filter (where g.is_right))::integer,
  'firstTimeRightShare', (count(*) filter (where g.is_right)) / count(*)::float8)`;

export interface ProgressFigures {
  /** Of the latest check of each pull request. */
  opportunities: number;
  hits: number;
  /** Hits in opportunities; null without any. */
  adherence: number | null;
  /** In which the pattern had an opportunity at some time. */
  pullRequests: number;
  /** Of these, the ones without a violation at the first check that had one. */
  firstTimeRight: number;
  firstTimeRightShare: number;
}
