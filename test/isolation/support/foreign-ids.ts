import { randomBytes } from "node:crypto";
import type { Practice } from "./seed-practice.ts";

/** At the end of an id; what is before them orders ids of one millisecond, too. */
const RANDOM_DIGITS = 10;

/** Lists show what is before their cursor: this one is right behind `id`. */
export function after(id: string): string {
  return `${id.slice(0, -RANDOM_DIGITS)}${"f".repeat(RANDOM_DIGITS)}`;
}

/** @returns the input with the value at `path` replaced. */
export function withValue(input: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const copy = structuredClone(input) as Record<string, unknown>;
  copy[name] = withValue(copy[name], rest, value);
  return copy;
}

export function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], input);
}

/** @returns an id that nobody has, next to `id` in order, so that a comparison with either answers the same. */
export function twinOf(id: string): string {
  return `${id.slice(0, -RANDOM_DIGITS)}${randomBytes(RANDOM_DIGITS / 2).toString("hex")}`;
}

/** What is different between two answers to the same question: ids, instants, hashes, pictures of texts, the request. */
export function comparable(text: string): string {
  return text
    .replaceAll(/"requestId":"[^"]*"/g, '"requestId":"…"')
    .replaceAll(/"svg":"(?:[^"\\]|\\.)*"/g, '"svg":"…"')
    .replaceAll(/"oldestWaitingSeconds":\d+/g, '"oldestWaitingSeconds":"…"')
    .replaceAll(/[0-9a-f]{64}/g, "<hash>")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<instant>");
}

/** @returns what of a practice is to be seen in a text. */
export function marksIn(text: string, practice: Practice): string[] {
  return practice.marks.filter((mark) => text.includes(mark));
}
