import { Z_95 } from "../../../shared/craft/wilson.ts";
import { type Finding, findConventions, MIN_FILES, MIN_OPPORTUNITIES } from "./find-conventions.ts";
import type { MiningState, SlotTally } from "./mining-state.ts";

/** Where a convention goes: what recent files choose beside what the others do. Unknown where either are too few. */
export type Trend = "settled" | "rising" | "falling" | "unknown";

/** Of a large tree a smaller difference may be more than chance, and still be of no interest. */
const MIN_DIFFERENCE = 0.05;

/**
 * @param recent a part of `whole`.
 * @returns rising or falling where the shares of places differ by more than chance and the shares of files that choose nothing else agree:
 *   one file with a hundred places is no trend.
 */
export function tellTrend({
  finding: { scope, slot, value },
  whole,
  recent,
}: {
  finding: Pick<Finding, "scope" | "slot" | "value">;
  whole: MiningState;
  recent: MiningState;
}): Trend {
  const all = countsOf({ tally: whole.scopes.get(scope)?.get(slot), value });
  const late = countsOf({ tally: recent.scopes.get(scope)?.get(slot), value });
  const early = {
    hits: all.hits - late.hits,
    opportunities: all.opportunities - late.opportunities,
    files: all.files - late.files,
    filesAlone: all.filesAlone - late.filesAlone,
  };
  if ([early, late].some(({ opportunities, files }) => opportunities < MIN_OPPORTUNITIES || files < MIN_FILES)) return "unknown";
  const difference = late.hits / late.opportunities - early.hits / early.opportunities;
  const pooled = all.hits / all.opportunities;
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / late.opportunities + 1 / early.opportunities));
  if (Math.abs(difference) < MIN_DIFFERENCE || Math.abs(difference) <= Z_95 * spread) return "settled";
  const ofFiles = late.filesAlone / late.files - early.filesAlone / early.files;
  if (ofFiles * difference <= 0) return "settled";
  return difference > 0 ? "rising" : "falling";
}

/** What recent files hold and choose more often than the others, where the whole tree does not hold it: another value, or none. */
export function findShifting({ whole, recent }: { whole: MiningState; recent: MiningState }): Finding[] {
  const held = new Map<string, Set<string>>();
  for (const { scope, slot, value } of findConventions(whole)) {
    const scopes = held.get(keyOf({ slot, value })) ?? new Set();
    held.set(keyOf({ slot, value }), scopes.add(scope));
  }
  return findConventions(recent).filter((finding) => {
    const holding = held.get(keyOf(finding));
    const isHeld = holding !== undefined && scopesAround(finding.scope).some((scope) => holding.has(scope));
    return !isHeld && tellTrend({ finding, whole, recent }) === "rising";
  });
}

function keyOf({ slot, value }: { slot: string; value: string }): string {
  return JSON.stringify([slot, value]);
}

/** The scope itself and those that it is in. */
function scopesAround(scope: string): string[] {
  const around = scope === "" ? [""] : ["", scope];
  for (let end = scope.lastIndexOf("/"); end > 0; end = scope.lastIndexOf("/", end - 1)) around.push(scope.slice(0, end));
  return around;
}

function countsOf({ tally, value }: { tally: SlotTally | undefined; value: string }): {
  hits: number;
  opportunities: number;
  files: number;
  filesAlone: number;
} {
  let opportunities = 0;
  for (const { occurrences } of tally?.values.values() ?? []) opportunities += occurrences;
  const own = tally?.values.get(value);
  return { hits: own?.occurrences ?? 0, opportunities, files: tally?.files ?? 0, filesAlone: own?.filesAlone ?? 0 };
}
