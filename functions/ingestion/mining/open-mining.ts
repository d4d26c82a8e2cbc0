import { type Intake, openIntake } from "../archive/open-intake.ts";
import { openTreeFold } from "./fold-tree.ts";
import { openSourceMiner } from "./mine-source.ts";
import type { MiningState } from "./mining-state.ts";

export interface Mining {
  /** Where the files of the tree go in. */
  intake: Intake;
  /** The state of the whole tree; call it once, after the last file. */
  finish(): MiningState;
  /** That of its recent files alone, complete once the whole is finished. */
  recent: MiningState;
}

/**
 * Mines one tree, file by file, however its files come: from an archive or from a folder.
 *
 * @param options as of `openTreeFold`.
 */
export function openMining(options: { isRecent?(path: string): boolean } = {}): Mining {
  const mineSource = openSourceMiner();
  const fold = openTreeFold(options);
  const intake = openIntake({ onSource: ({ path, source }) => fold.add({ path, tally: mineSource({ path, source }) }) });
  return { intake, finish: () => fold.finish(intake.paths), recent: fold.recent };
}
