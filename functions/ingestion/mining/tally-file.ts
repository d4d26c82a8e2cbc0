import type { Fact, FactTallies } from "../../../shared/craft/fact.ts";
import { hashNumbers, hashText } from "./hash-32.ts";

/**
 * What one file says, as plain JSON to be stored: slot → value → how often, and the place that stands for the file. Its keys come from the
 * file, so read it by `Object.entries` and never by a name.
 */
export type FileTally = FactTallies;

/** Longer names of modules and classes say nothing to people, and might be made to fill a database. */
const MAX_NAME_LENGTH = 200;
/** Control characters and marks that turn the direction of text; and what would end a name where it is quoted. */
const UNREADABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/u;
const INVENTORY_MARK = "~";

/** Whether a slot says what a file uses, and not how its author decided: it is kept with the file and never proposed. */
export function isInventory(slot: string): boolean {
  return slot.startsWith(INVENTORY_MARK);
}

/**
 * Counts the facts of one file. What a database cannot hold, or nobody can read, is left out: names that are too long, with control
 * characters or backticks, or with halves of characters.
 *
 * @param facts in any order: of several places the one whose hash is smallest stands for the file.
 */
export function tallyFile({ path, facts }: { path: string; facts: readonly Fact[] }): FileTally {
  const pathHash = hashText(path);
  const slots = emptyRecord<Record<string, Count>>();
  for (const { slot, value, line, endLine } of facts) {
    const values = slots[slot];
    const count = values?.[value];
    if (count !== undefined) {
      count[0] += 1;
      if (isBefore({ pathHash, line, endLine, than: count })) [count[1], count[2]] = [line, endLine];
    } else if (isReadable(value)) {
      if (values !== undefined) values[value] = [1, line, endLine];
      else if (isReadable(slot)) {
        const first = emptyRecord<Count>();
        first[value] = [1, line, endLine];
        slots[slot] = first;
      }
    }
  }
  return slots;
}

type Count = [occurrences: number, line: number, endLine: number];

/** Without a prototype any name, `__proto__` too, is a property like the others. */
function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(null);
}

function isBefore({
  pathHash,
  line,
  endLine,
  than: [, otherLine, otherEnd],
}: {
  pathHash: number;
  line: number;
  endLine: number;
  than: Readonly<Count>;
}): boolean {
  if (line === otherLine && endLine === otherEnd) return false;
  const difference = hashNumbers(pathHash, line, endLine) - hashNumbers(pathHash, otherLine, otherEnd);
  return (difference || line - otherLine || endLine - otherEnd) < 0;
}

function isReadable(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && !UNREADABLE.test(name) && name.isWellFormed();
}
