import { openIntake } from "../../../functions/ingestion/archive/open-intake.ts";
import type { Fact } from "../../../functions/ingestion/mining/facts.ts";
import { openMining } from "../../../functions/ingestion/mining/open-mining.ts";
import { pathFacts } from "../../../functions/ingestion/mining/path-facts.ts";
import { type Candidate, proposeCandidates } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { lexAndExtract } from "../../ingestion/lex-and-extract.ts";
import type { TreeFile } from "./open-corpora.ts";

/** What the miner proposes of a tree, by the code that mines a connected repository; what only emerges, and what shows between files alone, is left out. */
export async function mineTree(tree: readonly TreeFile[]): Promise<Candidate[]> {
  const { intake, finish } = openMining();
  for (const { path, bytes } of tree) if (intake.wants(path, bytes.length)) intake.take({ path, size: bytes.length, bytes });
  const candidates = await proposeCandidates(finish());
  return candidates.filter(({ slot, strength }) => strength === "established" && !slot.startsWith("layer:"));
}

export interface ReadFile {
  source: string;
  facts: Fact[];
}

/** The facts of each hand-written source file of a tree, those of its path included. */
export function readFacts(tree: readonly TreeFile[]): Map<string, ReadFile> {
  const files = new Map<string, ReadFile>();
  const intake = openIntake({
    onSource: ({ path, source }) => files.set(path, { source, facts: lexAndExtract({ path, source }) }),
  });
  for (const { path, bytes } of tree) if (intake.wants(path, bytes.length)) intake.take({ path, size: bytes.length, bytes });
  for (const { path, ...fact } of pathFacts(intake.paths)) files.get(path)?.facts.push(fact);
  return files;
}

/** Whether a path is in the folder that a candidate holds in. */
export function isInScope({ path, scope }: { path: string; scope: string }): boolean {
  return scope === "" || path.startsWith(`${scope}/`);
}

/** What of a candidate's slot in its scope a set of files shows. */
export function tallyOf({ candidate, files }: { candidate: Candidate; files: ReadonlyMap<string, ReadFile> }): {
  hits: number;
  opportunities: number;
} {
  let hits = 0;
  let opportunities = 0;
  for (const [path, { facts }] of files) {
    if (!isInScope({ path, scope: candidate.scope })) continue;
    for (const { slot, value } of facts) {
      if (slot !== candidate.slot) continue;
      opportunities += 1;
      if (value === candidate.value) hits += 1;
    }
  }
  return { hits, opportunities };
}

/** The candidate that speaks for a slot in a file: the one of the innermost folder. */
export function governingCandidate({
  candidates,
  slot,
  path,
}: {
  candidates: readonly Candidate[];
  slot: string;
  path: string;
}): Candidate | undefined {
  return candidates
    .filter((each) => each.slot === slot && isInScope({ path, scope: each.scope }))
    .toSorted((left, right) => right.scope.length - left.scope.length)[0];
}
