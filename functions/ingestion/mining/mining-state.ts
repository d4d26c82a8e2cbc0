import { sha256Hex } from "../../../shared/bytes.ts";
import type { Fact } from "./facts.ts";
import { hashNumbers, hashText } from "./hash-32.ts";
import { type FileTally, isInventory, tallyFile } from "./tally-file.ts";

/** How many places are kept for each value: enough to show, whatever the size of the repository. */
export const SAMPLE_SIZE = 8;
/** Folders below the top that are scopes of their own: as deep as `packages/name/src/part`. */
export const MAX_FOLDER_DEPTH = 4;

/** A place in a file, drawn by its hash alone, so that neither order nor sharding shows in what is kept. */
export interface Sample {
  hash: number;
  path: string;
  line: number;
  endLine: number;
}

export interface ValueTally {
  occurrences: number;
  /** Files in which the value occurs. */
  files: number;
  /** Files in which the slot has no other value. */
  filesAlone: number;
  /** The places with the smallest hashes, at most one of a file and `SAMPLE_SIZE` in all, in order. */
  samples: readonly Sample[];
}

export interface SlotTally {
  /** Files with any value of the slot. */
  files: number;
  values: Map<string, ValueTally>;
}

/** What is known of the files added so far: by scope (a folder, or empty for the repository), by slot, by value. */
export interface MiningState {
  scopes: Map<string, Map<string, SlotTally>>;
}

/** The neutral element of `mergeStates`. */
export function emptyState(): MiningState {
  return { scopes: new Map() };
}

/** Adds the facts of one file, as `addTally` does. */
export function addFile(state: MiningState, { path, facts }: { path: string; facts: readonly Fact[] }): void {
  addTally(state, { path, tally: tallyFile({ path, facts }) });
}

/**
 * Adds what one file says to the state itself, inventories left out. A file may come in several parts as long as no slot is in two of
 * them, and in one state of those to be merged only.
 */
export function addTally(state: MiningState, { path, tally }: { path: string; tally: FileTally }): void {
  const slots = slotsOf({ path, tally });
  if (slots.size > 0) for (const scope of scopesOf(path)) addSlots(state, scope, slots);
}

/** Both together, in a new state. Commutative and associative: any order and any sharding of the same files gives the same state. */
export function mergeStates(left: MiningState, right: MiningState): MiningState {
  const merged = emptyState();
  for (const state of [left, right]) for (const [scope, slots] of state.scopes) addSlots(merged, scope, slots);
  return merged;
}

/** The state as text that is equal for equal states, however they came to be. */
export function serializeState({ scopes }: MiningState): string {
  return JSON.stringify(
    sorted(scopes).map(([scope, slots]) => [
      scope,
      sorted(slots).map(([slot, { files, values }]) => [slot, files, sorted(values).map(serializeValue)]),
    ]),
  );
}

/** SHA-256, in hex, of the serialised state: two runs over the same files must agree in it. */
export function hashState(state: MiningState): Promise<string> {
  return sha256Hex(serializeState(state));
}

function serializeValue([value, { occurrences, files, filesAlone, samples }]: [string, ValueTally]): unknown[] {
  return [value, occurrences, files, filesAlone, samples.map(({ hash, path, line, endLine }) => [hash, path, line, endLine])];
}

/** Orders places by their hash, then by where they are. */
export function compareSamples(left: Sample, right: Sample): number {
  return left.hash - right.hash || compareText(left.path, right.path) || left.line - right.line || left.endLine - right.endLine;
}

/** By code units, whatever the locale. */
export function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** What one file contributes to each scope that it is in. */
function slotsOf({ path, tally }: { path: string; tally: FileTally }): Map<string, SlotTally> {
  const pathHash = hashText(path);
  const slots = new Map<string, SlotTally>();
  for (const [slot, counts] of Object.entries(tally)) {
    if (isInventory(slot)) continue;
    const values = new Map<string, ValueTally>();
    const entries = Object.entries(counts);
    for (const [value, [occurrences, line, endLine]] of entries)
      values.set(value, {
        occurrences,
        files: 1,
        filesAlone: entries.length === 1 ? 1 : 0,
        samples: [{ hash: hashNumbers(pathHash, line, endLine), path, line, endLine }],
      });
    slots.set(slot, { files: 1, values });
  }
  return slots;
}

function addSlots(state: MiningState, scope: string, slots: ReadonlyMap<string, SlotTally>): void {
  const known = getOr(state.scopes, scope, () => new Map<string, SlotTally>());
  for (const [slot, { files, values }] of slots) {
    const tally = getOr(known, slot, () => ({ files: 0, values: new Map() }));
    tally.files += files;
    for (const [value, { occurrences, files: found, filesAlone, samples }] of values) {
      const own = getOr(tally.values, value, () => ({ occurrences: 0, files: 0, filesAlone: 0, samples: [] }));
      own.occurrences += occurrences;
      own.files += found;
      own.filesAlone += filesAlone;
      own.samples = mergeSamples(own.samples, samples);
    }
  }
}

/** The samples of both that come first: no file is in both. */
function mergeSamples(left: readonly Sample[], right: readonly Sample[]): readonly Sample[] {
  if (left.length === 0) return right;
  const last = left[left.length - 1];
  const first = right[0];
  if (last === undefined || first === undefined) return left;
  if (left.length === SAMPLE_SIZE && compareSamples(last, first) < 0) return left;
  if (right.length > 1) return [...left, ...right].sort(compareSamples).slice(0, SAMPLE_SIZE);
  const at = left.findIndex((each) => compareSamples(first, each) < 0);
  return at === -1 ? [...left, first] : [...left.slice(0, at), first, ...left.slice(at, SAMPLE_SIZE - 1)];
}

/** The repository and the folders that the file is in, down to a depth: bounded, however deep the tree is. */
function scopesOf(path: string): string[] {
  const scopes = [""];
  for (let slash = path.indexOf("/"); slash !== -1 && scopes.length <= MAX_FOLDER_DEPTH; slash = path.indexOf("/", slash + 1))
    scopes.push(path.slice(0, slash));
  return scopes;
}

function sorted<Value>(entries: ReadonlyMap<string, Value>): [string, Value][] {
  return [...entries].sort(([left], [right]) => compareText(left, right));
}

function getOr<Value>(entries: Map<string, Value>, key: string, make: () => Value): Value {
  const known = entries.get(key);
  if (known !== undefined) return known;
  const made = make();
  entries.set(key, made);
  return made;
}
