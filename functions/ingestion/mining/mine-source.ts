import { openFactReader } from "./read-facts.ts";
import { type FileTally, tallyFile } from "./tally-file.ts";

/** Says what one file of source code comes to, by itself: it depends on the path and the source alone. */
export type MineSource = (file: { path: string; source: string }) => FileTally;

/** @returns the miner of single files, which uses its memory again for each. */
export function openSourceMiner(): MineSource {
  const readFacts = openFactReader();
  return ({ path, source }) => tallyFile({ path, facts: readFacts({ path, source }) });
}
