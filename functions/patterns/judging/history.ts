import { type SQL, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { patternHistory, patterns } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { type PatternVerb, TRANSITIONS } from "./pattern-status.ts";
import { isPattern } from "./pattern-view.ts";

/** A line of the history as the API shows it. `version` is that of the pattern after the change. */
export const historyView = {
  id: patternHistory.id,
  version: patternHistory.version,
  action: patternHistory.action,
  fromStatus: patternHistory.fromStatus,
  toStatus: patternHistory.toStatus,
  actorKind: patternHistory.actorKind,
  actorId: patternHistory.actorId,
  rationale: patternHistory.rationale,
  change: patternHistory.change,
  at: patternHistory.at,
};

/** The line of a member's change of a pattern, written before the change itself raises the version. */
export function historyLine({
  ctx,
  patternId,
  verb,
  rationale,
  change,
}: {
  ctx: VerbContext;
  patternId: string;
  verb: PatternVerb;
  rationale?: string | undefined;
  change?: Record<string, unknown> | SQL | undefined;
}): Statement {
  const { mentoradoId } = ctx;
  const from = sql`from ${patterns} where ${isPattern({ mentoradoId, id: patternId })}`;
  return ctx.db.build.insert(patternHistory).values({
    mentoradoId,
    id: ctx.newId(),
    patternId,
    version: sql`(select ${patterns.version} + 1 ${from})`,
    action: verb,
    fromStatus: sql`(select ${patterns.status} ${from})`,
    toStatus: TRANSITIONS[verb].to ?? sql`(select ${patterns.status} ${from})`,
    actorKind: "member",
    actorId: sql`guilda.actor_id()`,
    rationale: rationale ?? null,
    change: change ?? null,
  });
}
