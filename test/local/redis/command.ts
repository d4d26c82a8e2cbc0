import { CommandError, type Reply } from "./engine.ts";
import type { Keyspace } from "./keyspace.ts";

export interface Command {
  /** How many words the command has, its name included; negative: at least that many. */
  arity: number;
  /** @throws CommandError, which is the answer then. */
  run(keyspace: Keyspace, args: string[]): Reply;
}

/** Commands by their lower-case name. */
export type CommandTable = Record<string, Command>;

export function syntaxError(): CommandError {
  return new CommandError("ERR syntax error");
}

export function arityError(name: string): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${name}' command`);
}

/** @returns the words two by two. @throws CommandError when one is left over. */
export function pairs(name: string, words: string[]): [string, string][] {
  if (words.length % 2 !== 0) throw arityError(name);
  const result: [string, string][] = [];
  for (let index = 0; index < words.length; index += 2) result.push([words[index] ?? "", words[index + 1] ?? ""]);
  return result;
}

/** @returns the half-open slice that Redis means by an inclusive range with negative indexes from the end. */
export function sliceBounds({ start, stop, length }: { start: number; stop: number; length: number }): [number, number] {
  const from = Math.max(start < 0 ? length + start : start, 0);
  const to = (stop < 0 ? length + stop : stop) + 1;
  return [from, Math.max(to, from)];
}
