import type { Fact, FactTallies } from "./fact.ts";

/** A value of a slot in a file. */
export interface FactPlace {
  path: string;
  value: string;
  line: number;
  endLine: number;
  /** 1 of a fact; of a tally all of those in the file, which the place stands for. */
  occurrences: number;
}

/** What checkers are evaluated on: however many there are, each looks only at the slots it is about. */
export interface FactIndex {
  /** Of the files that were read. */
  paths: readonly string[];
  /** Of all files of the repository, for whether a sibling exists. */
  tree: ReadonlySet<string>;
  bySlot: ReadonlyMap<string, readonly FactPlace[]>;
}

/**
 * Indexes the facts of files.
 *
 * @param files each path once.
 * @param tree all paths of the repository, where `files` are only some of them.
 */
export function indexFacts({
  files,
  tree,
}: {
  files: Iterable<{ path: string; facts: readonly Fact[] }>;
  tree?: ReadonlySet<string>;
}): FactIndex {
  const paths: string[] = [];
  const bySlot = new Map<string, FactPlace[]>();
  for (const { path, facts } of files) {
    paths.push(path);
    for (const { slot, value, line, endLine } of facts)
      add({ bySlot, slot, place: { path, value, line, endLine, occurrences: 1 } });
  }
  return { paths, tree: tree ?? new Set(paths), bySlot };
}

/** Indexes the tallies of files as they are stored; of each value in a file only one place is known. */
export function indexTallies({
  files,
  tree,
}: {
  files: Iterable<{ path: string; tallies: FactTallies }>;
  tree?: ReadonlySet<string>;
}): FactIndex {
  const paths: string[] = [];
  const bySlot = new Map<string, FactPlace[]>();
  for (const { path, tallies } of files) {
    paths.push(path);
    for (const [slot, values] of Object.entries(tallies))
      for (const [value, [occurrences, line, endLine]] of Object.entries(values))
        add({ bySlot, slot, place: { path, value, line, endLine, occurrences } });
  }
  return { paths, tree: tree ?? new Set(paths), bySlot };
}

function add({ bySlot, slot, place }: { bySlot: Map<string, FactPlace[]>; slot: string; place: FactPlace }): void {
  const places = bySlot.get(slot);
  if (places === undefined) bySlot.set(slot, [place]);
  else places.push(place);
}
