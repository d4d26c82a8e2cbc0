import type { Fact } from "./facts.ts";
import { layerFacts } from "./layer-facts.ts";
import { addFile, addTally, emptyState, type MiningState } from "./mining-state.ts";
import { pathFacts } from "./path-facts.ts";
import type { FileTally } from "./tally-file.ts";

/** The files of one tree, put together in any order. */
export interface TreeFold {
  add(file: { path: string; tally: FileTally }): void;
  /**
   * Adds what shows in the tree as a whole; call it once, after the last file.
   *
   * @param paths of the hand-written files in any language.
   */
  finish(paths: readonly string[]): MiningState;
  /** What the recent files alone come to; complete once the fold is finished. */
  recent: MiningState;
}

/** @param isRecent which files were added or changed lately; left out, none is known to be. */
export function openTreeFold({ isRecent = () => false }: { isRecent?(path: string): boolean } = {}): TreeFold {
  const state = emptyState();
  const recent = emptyState();
  const importing: { path: string; tally: FileTally }[] = [];
  return {
    recent,
    add({ path, tally }) {
      const { "~import": imports } = tally;
      if (imports !== undefined) importing.push({ path, tally: { "~import": imports } });
      addTally(state, { path, tally });
      if (isRecent(path)) addTally(recent, { path, tally });
    },
    finish(paths) {
      const facts = new Map<string, Fact[]>();
      for (const { path, ...fact } of [...pathFacts(paths), ...layerFacts({ files: importing, paths })]) {
        const known = facts.get(path);
        if (known === undefined) facts.set(path, [fact]);
        else known.push(fact);
      }
      for (const [path, own] of facts) {
        addFile(state, { path, facts: own });
        if (isRecent(path)) addFile(recent, { path, facts: own });
      }
      return state;
    },
  };
}
