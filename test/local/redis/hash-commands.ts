import { type CommandTable, pairs } from "./command.ts";
import { CommandError, OK, type Reply } from "./engine.ts";
import type { Keyspace } from "./keyspace.ts";
import { isInt64, readInteger, toInteger } from "./numbers.ts";

export const hashCommands: CommandTable = {
  hset: { arity: -4, run: (keyspace, args) => setFields({ keyspace, command: "hset", args }) },
  hmset: {
    arity: -4,
    run(keyspace, args) {
      setFields({ keyspace, command: "hmset", args });
      return OK;
    },
  },
  hsetnx: {
    arity: 4,
    run(keyspace, [key = "", field = "", value = ""]) {
      if (keyspace.read(key, "hash")?.has(field)) return 0;
      keyspace.open(key, "hash").set(field, value);
      return 1;
    },
  },
  hget: { arity: 3, run: (keyspace, [key = "", field = ""]) => keyspace.read(key, "hash")?.get(field) ?? null },
  hmget: {
    arity: -3,
    run(keyspace, [key = "", ...fields]) {
      const hash = keyspace.read(key, "hash");
      return fields.map((field) => hash?.get(field) ?? null);
    },
  },
  hgetall: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.read(key, "hash") ?? [])].flat() },
  hkeys: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.read(key, "hash")?.keys() ?? [])] },
  hvals: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.read(key, "hash")?.values() ?? [])] },
  hlen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "hash")?.size ?? 0 },
  hexists: { arity: 3, run: (keyspace, [key = "", field = ""]) => (keyspace.read(key, "hash")?.has(field) ? 1 : 0) },
  hdel: {
    arity: -3,
    run(keyspace, [key = "", ...fields]) {
      const hash = keyspace.read(key, "hash");
      const removed = fields.filter((field) => hash?.delete(field)).length;
      keyspace.dropIfEmpty(key);
      return removed;
    },
  },
  hincrby: { arity: 4, run: incrementField },
};

function setFields({ keyspace, command, args }: { keyspace: Keyspace; command: string; args: string[] }): Reply {
  const [key = "", ...words] = args;
  const entries = pairs(command, words);
  const hash = keyspace.open(key, "hash");
  const before = hash.size;
  for (const [field, value] of entries) hash.set(field, value);
  return hash.size - before;
}

function incrementField(keyspace: Keyspace, [key = "", field = "", by = ""]: string[]): Reply {
  const increment = toInteger(by);
  const value = readInteger(keyspace.read(key, "hash")?.get(field) ?? "0");
  if (value === undefined) throw new CommandError("ERR hash value is not an integer");
  if (!isInt64(value + increment)) throw new CommandError("ERR increment or decrement would overflow");
  keyspace.open(key, "hash").set(field, (value + increment).toString());
  return Number(value + increment);
}
