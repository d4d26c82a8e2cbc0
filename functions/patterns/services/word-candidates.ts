import type { JobContext, Skipped } from "../../../shared/jobs/serve-jobs.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";
import { isFit } from "../wording/judge-wording.ts";
import type { Answer, Model, Question } from "../wording/model.ts";
import { askForWords, type Wordable, type Words } from "../wording/word-form.ts";
import { candidatesLeft, isAffordable, type Used, WORDING_BUDGET } from "../wording/wording-budget.ts";
import { claimRequest, endRequest, failRequest, selectUsed, selectWordable, type Wording } from "../wording/wording-requests.ts";

interface Job {
  ctx: JobContext;
  repoId: string;
  model: Model;
}

/**
 * Has a model word the best candidates of a repository, within the budget of a run. It is shown what was counted, and gives names and
 * descriptions, of which those that are fit are taken. Each candidate is asked about once; what the model does not give keeps the words
 * that were counted.
 *
 * @throws ProviderError when Anthropic did not do what was asked; the candidates of that request are asked about by a later attempt.
 */
export async function wordCandidates({
  ctx,
  input: { repoId },
  model,
}: {
  ctx: JobContext;
  input: { repoId: string };
  model: Model | undefined;
}): Promise<Skipped | undefined> {
  if (model === undefined) return { skipped: true, reason: "NO_MODEL" };
  while (await wordSome({ ctx, repoId, model }));
  return undefined;
}

/** One request. @returns whether there may be more to ask. */
async function wordSome({ ctx, repoId, model }: Job): Promise<boolean> {
  const { used, candidates } = await readNext({ ctx, repoId });
  if (candidates.length === 0) return false;
  const { question, byId } = askForWords({ candidates, newSecret: () => newSecret(ctx) });
  if (!isAffordable({ used, requestBytes: new TextEncoder().encode(question.system + question.content).length })) return false;
  const requestId = ctx.newId();
  if (!(await claimRequest({ ctx, requestId, repoId, candidates }))) return true;
  const answer = await ask({ ctx, requestId, model, question });
  if (answer === undefined) return false;
  const wordings = answer.outcome === "answered" ? readWordings({ words: answer.value, byId }) : [];
  await endRequest({ ctx, requestId, repoId, answer, wordings });
  ctx.log.write(answer.outcome === "answered" ? "info" : "warn", "patterns.worded", {
    outcome: answer.outcome,
    count: wordings.length,
  });
  return true;
}

async function readNext({ ctx, repoId }: Pick<Job, "ctx" | "repoId">): Promise<{ used: Used; candidates: Wordable[] }> {
  const [[used], candidates] = await ctx.db.read([
    selectUsed({ ctx, repoId }),
    selectWordable({ ctx, repoId }).limit(WORDING_BUDGET.candidatesPerRequest),
  ]);
  if (used === undefined) throw new Error("A sum has one row");
  return { used, candidates: candidates.slice(0, candidatesLeft(used)) };
}

/**
 * @returns undefined when nobody knows whether there was an answer: it may have been paid for, and is not asked for again.
 */
async function ask({
  ctx,
  requestId,
  model,
  question,
}: Pick<Job, "ctx" | "model"> & {
  requestId: string;
  question: Question<Words[]>;
}): Promise<Answer<Words[]> | undefined> {
  try {
    return await model.ask(question, ctx);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const isLost = error.kind === "unknown_outcome" && (error.providerStatus ?? 200) < 400;
    if (isLost) return undefined;
    await failRequest({ ctx, requestId });
    throw error;
  }
}

/** An id that is not of this question, or that is given twice, is nobody's. */
function readWordings({ words, byId }: { words: readonly Words[]; byId: ReadonlyMap<string, Wordable> }): Wording[] {
  const times = Map.groupBy(words, ({ id }) => id);
  return words.flatMap(({ id, name, description }) => {
    const candidate = byId.get(id);
    if (candidate === undefined || times.get(id)?.length !== 1 || !isFit({ name, description, counted: candidate })) return [];
    return [{ patternId: candidate.id, version: candidate.version, name, description }];
  });
}

/** Random, unlike the beginning of an id, which is the time. */
function newSecret(ctx: JobContext): string {
  return ctx.newId().replaceAll("-", "").slice(-12);
}
