import { and, desc, eq } from "drizzle-orm";
import { patternEvidence, patternHistory, patterns } from "../../../shared/db/schema/craft.ts";
import { waivers } from "../../../shared/db/schema/pull-requests.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { feedbackView } from "../enforcing/feedback-view.ts";
import { waiversOf, waiverView } from "../enforcing/waiver-view.ts";
import { evidenceOf, evidenceView } from "../judging/evidence-view.ts";
import { historyView } from "../judging/history.ts";
import { isPattern, patternView } from "../judging/pattern-view.ts";

const HISTORY_HEAD = 10;

/**
 * A pattern with what shows it, the canonical place first, what shows the opposite, the newest lines of its history, its waivers, and what
 * people made of its violations.
 *
 * @throws NotFoundError PATTERN_NOT_FOUND.
 */
export async function getPattern({ ctx, input: { id } }: { ctx: VerbContext; input: { id: string } }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const [[pattern], places, history, ownWaivers] = await ctx.db.read([
    build
      .select({ ...patternView, ...feedbackView })
      .from(patterns)
      .where(isPattern({ mentoradoId, id })),
    build
      .select(evidenceView)
      .from(patternEvidence)
      .where(evidenceOf({ mentoradoId, patternId: id }))
      .orderBy(desc(patternEvidence.isCanonical), patternEvidence.id),
    build
      .select(historyView)
      .from(patternHistory)
      .where(and(eq(patternHistory.mentoradoId, mentoradoId), eq(patternHistory.patternId, id)))
      .orderBy(desc(patternHistory.version))
      .limit(HISTORY_HEAD),
    build
      .select(waiverView)
      .from(waivers)
      .where(waiversOf({ mentoradoId, patternId: id }))
      .orderBy(desc(waivers.id)),
  ]);
  if (pattern === undefined) throw new NotFoundError(undefined, { errorCode: "PATTERN_NOT_FOUND" });
  return {
    ...pattern,
    evidence: places.filter(({ isCounterExample }) => !isCounterExample),
    counterExamples: places.filter(({ isCounterExample }) => isCounterExample),
    history,
    waivers: ownWaivers,
  };
}
