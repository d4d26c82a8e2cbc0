import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import { patternEvidence, patternHistory, patterns, repos, scans, wordingRequests } from "../../../shared/db/schema/craft.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type Answer, MODEL } from "./model.ts";
import { PROMPT_VERSION, type Wordable, type Words } from "./word-form.ts";
import type { Used } from "./wording-budget.ts";

/** After this long, what nobody knows the outcome of may be asked again: a network that was down must not cost the words for ever. */
const LOST_AFTER = sql`interval '1 day'`;
const EVIDENCE = 3;
const COUNTER_EXAMPLES = 2;

/** A candidate's new words, for the version of it that the model was told of. */
export interface Wording extends Pick<Words, "name" | "description"> {
  patternId: string;
  version: number;
}

export function selectUsed({ ctx: { db, mentoradoId, actor }, repoId }: { ctx: JobContext; repoId: string }) {
  const sum = (amount: SQL) => sql<number>`coalesce(sum(${amount}), 0)::integer`;
  return db.build
    .select({
      candidates: sum(sql`cardinality(${wordingRequests.patternIds})`),
      requests: sql<number>`count(*)::integer`,
      inputTokens: sum(sql`${wordingRequests.inputTokens}`),
      outputTokens: sum(sql`${wordingRequests.outputTokens}`),
    } satisfies Record<keyof Used, SQL>)
    .from(wordingRequests)
    .where(
      and(
        eq(wordingRequests.mentoradoId, mentoradoId),
        eq(wordingRequests.repoId, repoId),
        eq(wordingRequests.jobId, actor.jobId),
        isDone,
      ),
    );
}

/**
 * The best candidates that are worded by rule and that nobody has touched, as the repository's scan found them, and that no request has
 * been about: one is asked about once under each version of the prompt, whatever came of it.
 */
export function selectWordable({ ctx: { db, mentoradoId }, repoId }: { ctx: JobContext; repoId: string }) {
  // Made once: for each pattern anew, it would be read as often as there are patterns.
  const found = db.build.$with("found").as(
    db.build
      .select({
        scanId: scans.id,
        fingerprint: sql<string>`c.fingerprint`.as("found_fingerprint"),
        slot: sql<string>`c.slot`.as("slot"),
        value: sql<string>`c.value`.as("value"),
      })
      .from(repos)
      .innerJoin(scans, and(eq(scans.mentoradoId, repos.mentoradoId), eq(scans.id, repos.adoptedScanId)))
      .innerJoin(sql`jsonb_to_recordset(${scans.candidates}) as c(fingerprint text, slot text, value text)`, sql`true`)
      .where(and(eq(repos.mentoradoId, mentoradoId), eq(repos.id, repoId), isNull(repos.disconnectedAt))),
  );
  return db.build
    .with(found)
    .select({
      id: patterns.id,
      version: patterns.version,
      category: patterns.category,
      scope: patterns.scope,
      slot: found.slot,
      value: found.value,
      name: patterns.name,
      description: patterns.description,
      hits: sql<number>`coalesce(${patterns.hits}, 0)`,
      opportunities: sql<number>`coalesce(${patterns.opportunities}, 0)`,
      files: sql<number>`coalesce(${patterns.files}, 0)`,
      evidence: places({ isCounterExample: false, limit: EVIDENCE }),
      counterExamples: places({ isCounterExample: true, limit: COUNTER_EXAMPLES }),
    } satisfies Record<keyof Wordable, unknown>)
    .from(patterns)
    .innerJoin(found, and(eq(found.fingerprint, patterns.fingerprint), eq(found.scanId, patterns.lastScanId)))
    .where(
      and(
        eq(patterns.mentoradoId, mentoradoId),
        eq(patterns.repoId, repoId),
        isUntouched,
        sql`not exists (${askedAbout({ mentoradoId, repoId, ids: sql`array[${patterns.id}]` })})`,
      ),
    )
    .orderBy(desc(patterns.score), patterns.id);
}

/**
 * Writes that a question is about to be asked, unless another job has asked about one of its candidates meanwhile.
 *
 * @returns whether it may be.
 */
export function claimRequest({
  ctx,
  requestId,
  repoId,
  candidates,
}: {
  ctx: JobContext;
  requestId: string;
  repoId: string;
  candidates: readonly Wordable[];
}): Promise<boolean> {
  const { db, mentoradoId, actor } = ctx;
  const ids = sql`${sql.param(candidates.map(({ id }) => id))}::uuid[]`;
  return db.checkpoint<boolean>({
    statements: [
      db.build.execute(
        sql`select 1 from ${repos} where ${repos.mentoradoId} = ${mentoradoId} and ${repos.id} = ${repoId} for no key update`,
      ),
      db.build.execute(sql`
        insert into ${wordingRequests} (mentorado_id, id, repo_id, job_id, model, prompt_version, pattern_ids)
        select ${mentoradoId}, ${requestId}, ${repoId}, ${actor.jobId}, ${MODEL}, ${PROMPT_VERSION}, ${ids}
         where not exists (${askedAbout({ mentoradoId, repoId, ids })})`),
    ],
    answer: sql`(select to_jsonb(exists (
      select 1 from ${wordingRequests} where ${isRequest({ ctx, requestId })})))`,
  });
}

/** What was certainly not done: its candidates may be asked about again. */
export function failRequest({ ctx, requestId }: { ctx: JobContext; requestId: string }): Promise<null> {
  return ctx.db.checkpoint<null>({
    statements: [
      ctx.db.build.update(wordingRequests).set({ outcome: "failed", endedAt: sql`now()` }).where(isRequest({ ctx, requestId })),
    ],
    answer: sql`null`,
  });
}

/**
 * Writes what came of a question: what it cost, and the new words of those candidates that are still what the model was told of. Nothing
 * else of a pattern changes but its version, so that nobody judges by words that they have not read.
 */
export function endRequest({
  ctx,
  requestId,
  repoId,
  answer,
  wordings,
}: {
  ctx: JobContext;
  requestId: string;
  repoId: string;
  answer: Answer<unknown>;
  wordings: readonly Wording[];
}): Promise<null> {
  const { db, mentoradoId } = ctx;
  const given = sql`jsonb_to_recordset(${JSON.stringify(wordings.map((each) => ({ ...each, historyId: ctx.newId() })))}::jsonb)
    as w("patternId" uuid, "historyId" uuid, version integer, name text, description text)`;
  const isIt = sql`p.mentorado_id = ${mentoradoId} and p.repo_id = ${repoId} and p.id = w."patternId" and p.version = w.version
    and p.status = 'candidate' and p.extracted_by_model is null`;
  const { inputTokens, outputTokens, outcome } = answer;
  return db.checkpoint<null>({
    statements: [
      // In one order, as everybody who locks several of them.
      db.build.execute(sql`select 1 from ${patterns} as p, ${given} where ${isIt} order by p.id for update of p`),
      db.build.execute(sql`
        insert into ${patternHistory} (mentorado_id, id, pattern_id, version, action, from_status, to_status, actor_kind, actor_id, change)
        select ${mentoradoId}, w."historyId", p.id, p.version + 1, 'word', p.status, p.status, 'model', ${MODEL},
               jsonb_build_object('name', w.name, 'description', w.description,
                 'before', jsonb_build_object('name', p.name, 'description', p.description))
          from ${patterns} as p, ${given} where ${isIt}`),
      db.build
        .update(wordingRequests)
        .set({
          outcome,
          inputTokens,
          outputTokens,
          worded: sql`(select count(*) from ${patterns} as p, ${given} where ${isIt})`,
          endedAt: sql`now()`,
        })
        .where(isRequest({ ctx, requestId })),
      db.build.execute(sql`
        update ${patterns} as p
           set name = w.name, description = w.description, extracted_by_model = ${MODEL}, version = p.version + 1, updated_at = now()
          from ${given} where ${isIt}`),
    ],
    answer: sql`null`,
  });
}

const isDone = sql`${wordingRequests.outcome} is distinct from 'failed'`;

/** As a scan proposed it: any change by anybody raises the version. */
const isUntouched = and(
  eq(patterns.origin, "mined"),
  eq(patterns.status, "candidate"),
  eq(patterns.version, 1),
  isNull(patterns.extractedByModel),
);

function isRequest({ ctx, requestId }: { ctx: JobContext; requestId: string }): SQL | undefined {
  return and(eq(wordingRequests.mentoradoId, ctx.mentoradoId), eq(wordingRequests.id, requestId));
}

function askedAbout({ mentoradoId, repoId, ids }: { mentoradoId: string; repoId: string; ids: SQL }): SQL {
  return sql`select 1 from ${wordingRequests} where ${and(
    eq(wordingRequests.mentoradoId, mentoradoId),
    eq(wordingRequests.repoId, repoId),
    eq(wordingRequests.promptVersion, PROMPT_VERSION),
    isDone,
  )} and (${wordingRequests.outcome} is not null or ${wordingRequests.askedAt} > now() - ${LOST_AFTER})
     and ${wordingRequests.patternIds} && ${ids}`;
}

function places({ isCounterExample, limit }: { isCounterExample: boolean; limit: number }) {
  return sql<Wordable["evidence"]>`(
    select coalesce(jsonb_agg(jsonb_build_object('path', e.path, 'line', e.start_line)), '[]')
      from (select path, start_line from ${patternEvidence}
             where ${patternEvidence.mentoradoId} = ${patterns.mentoradoId} and ${patternEvidence.patternId} = ${patterns.id}
               and removed_at is null and is_counter_example = ${isCounterExample}
             order by id limit ${limit}) as e)`;
}
