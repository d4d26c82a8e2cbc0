import { type Command, type CommandTable, syntaxError } from "./command.ts";
import { CommandError, type Reply } from "./engine.ts";
import type { Keyspace } from "./keyspace.ts";
import { readInteger } from "./numbers.ts";

type Combine = (left: Set<string>, right: Set<string>) => Set<string>;

const intersection: Combine = (left, right) => new Set([...left].filter((member) => right.has(member)));
const union: Combine = (left, right) => new Set([...left, ...right]);
const difference: Combine = (left, right) => new Set([...left].filter((member) => !right.has(member)));

export const setCommands: CommandTable = {
  sadd: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const set = keyspace.open(key, "set");
      const before = set.size;
      for (const member of members) set.add(member);
      return set.size - before;
    },
  },
  srem: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const set = keyspace.read(key, "set");
      const removed = members.filter((member) => set?.delete(member)).length;
      keyspace.dropIfEmpty(key);
      return removed;
    },
  },
  smembers: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.read(key, "set") ?? [])] },
  scard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "set")?.size ?? 0 },
  sismember: { arity: 3, run: (keyspace, [key = "", member = ""]) => (keyspace.read(key, "set")?.has(member) ? 1 : 0) },
  smismember: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const set = keyspace.read(key, "set");
      return members.map((member) => (set?.has(member) ? 1 : 0));
    },
  },
  spop: { arity: -2, run: spop },
  sinter: combining(intersection),
  sunion: combining(union),
  sdiff: combining(difference),
  sinterstore: storing(intersection),
  sunionstore: storing(union),
  sdiffstore: storing(difference),
};

function combining(combine: Combine): Command {
  return { arity: -2, run: (keyspace, keys) => [...combineAll({ keyspace, keys, combine })] };
}

function storing(combine: Combine): Command {
  return {
    arity: -3,
    run(keyspace, [target = "", ...keys]) {
      const result = combineAll({ keyspace, keys, combine });
      keyspace.delete(target);
      if (result.size > 0) keyspace.put({ key: target, type: "set", value: result });
      return result.size;
    },
  };
}

function combineAll({ keyspace, keys, combine }: { keyspace: Keyspace; keys: string[]; combine: Combine }): Set<string> {
  const [first = new Set<string>(), ...others] = keys.map((key) => keyspace.read(key, "set") ?? new Set<string>());
  return others.reduce(combine, new Set(first));
}

function spop(keyspace: Keyspace, [key = "", countText, ...rest]: string[]): Reply {
  if (rest.length > 0) throw syntaxError();
  const count = countText === undefined ? 1n : readInteger(countText);
  if (count === undefined || count < 0n) throw new CommandError("ERR value is out of range, must be positive");
  const set = keyspace.read(key, "set");
  const popped: string[] = [];
  while (set !== undefined && set.size > 0 && popped.length < count) {
    const member = [...set][Math.floor(Math.random() * set.size)] ?? "";
    set.delete(member);
    popped.push(member);
  }
  keyspace.dropIfEmpty(key);
  return countText === undefined ? (popped[0] ?? null) : popped;
}
