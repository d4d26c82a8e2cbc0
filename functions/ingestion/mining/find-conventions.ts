import { wilsonLowerBound, Z_95 } from "../../../shared/craft/wilson.ts";
import { isUsual } from "./describe-convention.ts";
import { compareText, type MiningState, type SlotTally, type ValueTally } from "./mining-state.ts";

/** What a gate asks of any state: of less it says nothing. */
export const MIN_OPPORTUNITIES = 20;
export const MIN_FILES = 8;
export const EMERGING = 0.7;

/** A value at a scope that passes the gate; at most one of a slot there, as the gate is above one half. */
export interface Finding {
  scope: string;
  slot: string;
  value: string;
  own: ValueTally;
  tally: SlotTally;
  opportunities: number;
  lowerBound: number;
}

/**
 * The values that hold. Each is found at the highest scope in which it holds; a folder has its own only where another value holds there, or
 * where its parent has none and the rest of the parent differs by more than chance.
 */
export function findConventions(state: MiningState): Finding[] {
  const findings = new Map<string, Map<string, Finding>>();
  const found: Finding[] = [];
  for (const scope of [...state.scopes.keys()].sort(compareText)) {
    const here = new Map<string, Finding>();
    findings.set(scope, here);
    for (const [slot, tally] of state.scopes.get(scope) ?? []) {
      const finding = findingOf({ scope, slot, tally });
      if (finding === undefined) continue;
      here.set(slot, finding);
      if (!isTrivial({ finding, state }) && deviates({ finding, state, findings })) found.push(finding);
    }
  }
  return found;
}

function findingOf({ scope, slot, tally }: { scope: string; slot: string; tally: SlotTally }): Finding | undefined {
  let opportunities = 0;
  for (const { occurrences } of tally.values.values()) opportunities += occurrences;
  if (opportunities < MIN_OPPORTUNITIES) return undefined;
  for (const [value, own] of tally.values) {
    const lowerBound = wilsonLowerBound({ hits: own.occurrences, opportunities });
    // A few files full of one value are no convention of the others.
    const isSpread = own.files >= MIN_FILES && own.files * 2 > tally.files;
    if (lowerBound >= EMERGING && isSpread) return { scope, slot, value, own, tally, opportunities, lowerBound };
  }
  return undefined;
}

/** Against the nearest scope above in which the slot holds a value; where none does, against the rest of the parent. */
function deviates({
  finding,
  state,
  findings,
}: {
  finding: Finding;
  state: MiningState;
  findings: ReadonlyMap<string, ReadonlyMap<string, Finding>>;
}): boolean {
  const above = scopesAbove({ scope: finding.scope, state });
  for (const scope of above) {
    const holding = findings.get(scope)?.get(finding.slot);
    if (holding !== undefined) return holding.value !== finding.value;
  }
  const [parent] = above;
  const outer = parent === undefined ? undefined : state.scopes.get(parent)?.get(finding.slot);
  return outer === undefined || differsFromRest({ finding, outer });
}

/** The two-proportion test between a folder and the rest of its parent. */
function differsFromRest({ finding, outer }: { finding: Finding; outer: SlotTally }): boolean {
  let all = 0;
  for (const { occurrences } of outer.values.values()) all += occurrences;
  const rest = all - finding.opportunities;
  const hits = outer.values.get(finding.value)?.occurrences ?? 0;
  const share = finding.own.occurrences / finding.opportunities;
  const pooled = hits / all;
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / finding.opportunities + 1 / rest));
  return share - (hits - finding.own.occurrences) / rest > Z_95 * spread;
}

/** The known scopes around a scope, the nearest first. */
function scopesAbove({ scope, state }: { scope: string; state: MiningState }): string[] {
  const above: string[] = [];
  for (let end = scope.lastIndexOf("/"); end > 0; end = scope.lastIndexOf("/", end - 1)) above.push(scope.slice(0, end));
  if (scope !== "") above.push("");
  return above.filter((each) => state.scopes.has(each));
}

/** What anyone would write anyway is a convention only where somebody in the repository did otherwise. */
function isTrivial({ finding: { slot, value }, state }: { finding: Finding; state: MiningState }): boolean {
  return isUsual({ slot, value }) && state.scopes.get("")?.get(slot)?.values.size === 1;
}
