import { type Command, type CommandTable, pairs, sliceBounds, syntaxError } from "./command.ts";
import { CommandError, OK, type Reply } from "./engine.ts";
import { type ExpiryUnit, isExpiryUnit, toInstant } from "./expiry.ts";
import type { Keyspace } from "./keyspace.ts";
import { isInt64, toIndex, toInteger } from "./numbers.ts";

const MAX_STRING_BYTES = 512 * 1024 * 1024;

export const stringCommands: CommandTable = {
  get: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "string") ?? null },
  set: { arity: -3, run: set },
  setnx: {
    arity: 3,
    run(keyspace, [key = "", value = ""]) {
      if (keyspace.has(key)) return 0;
      keyspace.put({ key, type: "string", value });
      return 1;
    },
  },
  setex: setWithExpiry("setex", "EX"),
  psetex: setWithExpiry("psetex", "PX"),
  getset: {
    arity: 3,
    run(keyspace, [key = "", value = ""]) {
      const old = keyspace.read(key, "string") ?? null;
      keyspace.put({ key, type: "string", value });
      return old;
    },
  },
  getdel: {
    arity: 2,
    run(keyspace, [key = ""]) {
      const old = keyspace.read(key, "string") ?? null;
      keyspace.delete(key);
      return old;
    },
  },
  getex: { arity: -2, run: getex },
  mget: {
    arity: -2,
    run: (keyspace, keys) => keys.map((key) => (keyspace.type(key) === "string" ? (keyspace.read(key, "string") ?? null) : null)),
  },
  mset: {
    arity: -3,
    run(keyspace, args) {
      for (const [key, value] of pairs("mset", args)) keyspace.put({ key, type: "string", value });
      return OK;
    },
  },
  msetnx: {
    arity: -3,
    run(keyspace, args) {
      const entries = pairs("msetnx", args);
      if (entries.some(([key]) => keyspace.has(key))) return 0;
      for (const [key, value] of entries) keyspace.put({ key, type: "string", value });
      return 1;
    },
  },
  incr: { arity: 2, run: (keyspace, [key = ""]) => increment({ keyspace, key, by: 1n }) },
  decr: { arity: 2, run: (keyspace, [key = ""]) => increment({ keyspace, key, by: -1n }) },
  incrby: { arity: 3, run: (keyspace, [key = "", by = ""]) => increment({ keyspace, key, by: toInteger(by) }) },
  decrby: {
    arity: 3,
    run(keyspace, [key = "", by = ""]) {
      const decrement = toInteger(by);
      if (!isInt64(-decrement)) throw new CommandError("ERR decrement would overflow");
      return increment({ keyspace, key, by: -decrement });
    },
  },
  append: {
    arity: 3,
    run: (keyspace, [key = "", suffix = ""]) =>
      rewrite({ keyspace, key, value: (keyspace.read(key, "string") ?? "") + suffix }).length,
  },
  strlen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "string")?.length ?? 0 },
  getrange: { arity: 4, run: getrange },
  setrange: { arity: 4, run: setrange },
};

function set(keyspace: Keyspace, [key = "", value = "", ...options]: string[]): Reply {
  const { flags, expiry } = readOptions({ options, allowed: ["NX", "XX", "GET", "KEEPTTL"] });
  const deadline = expiry === undefined ? undefined : toInstant({ command: "set", ...expiry, now: keyspace.now });
  const old = flags.has("GET") ? (keyspace.read(key, "string") ?? null) : null;
  if (keyspace.has(key) ? flags.has("NX") : flags.has("XX")) return old;
  keyspace.put({ key, type: "string", value, expiresAt: flags.has("KEEPTTL") ? keyspace.expiresAt(key) : deadline });
  return flags.has("GET") ? old : OK;
}

function setWithExpiry(command: string, unit: ExpiryUnit): Command {
  return {
    arity: 4,
    run(keyspace, [key = "", amount = "", value = ""]) {
      keyspace.put({ key, type: "string", value, expiresAt: toInstant({ command, unit, amount, now: keyspace.now }) });
      return OK;
    },
  };
}

function getex(keyspace: Keyspace, [key = "", ...options]: string[]): Reply {
  const { flags, expiry } = readOptions({ options, allowed: ["PERSIST"] });
  const value = keyspace.read(key, "string");
  if (value === undefined) return null;
  if (flags.has("PERSIST")) keyspace.expire(key, undefined);
  if (expiry !== undefined) keyspace.expire(key, toInstant({ command: "getex", ...expiry, now: keyspace.now }));
  return value;
}

/** An option may be repeated, the last one counts, but not meet one that contradicts it. */
function readOptions({ options, allowed }: { options: string[]; allowed: string[] }): {
  flags: Set<string>;
  expiry: { unit: ExpiryUnit; amount: string } | undefined;
} {
  const flags = new Set<string>();
  let expiry: { unit: ExpiryUnit; amount: string } | undefined;
  for (let index = 0; index < options.length; index += 1) {
    const option = (options[index] ?? "").toUpperCase();
    const amount = options[index + 1];
    if (allowed.includes(option)) flags.add(option);
    else if (isExpiryUnit(option) && amount !== undefined && (expiry === undefined || expiry.unit === option)) {
      expiry = { unit: option, amount };
      index += 1;
    } else throw syntaxError();
  }
  const contradicts =
    (flags.has("NX") && flags.has("XX")) || (expiry !== undefined && (flags.has("KEEPTTL") || flags.has("PERSIST")));
  if (contradicts) throw syntaxError();
  return { flags, expiry };
}

function increment({ keyspace, key, by }: { keyspace: Keyspace; key: string; by: bigint }): Reply {
  const sum = toInteger(keyspace.read(key, "string") ?? "0") + by;
  if (!isInt64(sum)) throw new CommandError("ERR increment or decrement would overflow");
  rewrite({ keyspace, key, value: sum.toString() });
  return Number(sum);
}

/** Replaces the string but keeps its expiry. */
function rewrite({ keyspace, key, value }: { keyspace: Keyspace; key: string; value: string }): string {
  if (value.length > MAX_STRING_BYTES) {
    throw new CommandError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  keyspace.put({ key, type: "string", value, expiresAt: keyspace.expiresAt(key) });
  return value;
}

function getrange(keyspace: Keyspace, [key = "", start = "", stop = ""]: string[]): Reply {
  const bounds = { start: toIndex(start), stop: toIndex(stop) };
  const value = keyspace.read(key, "string") ?? "";
  // Redis clamps a stop before the beginning to the first byte here, unlike in its list ranges.
  if (bounds.start < 0 && bounds.stop < 0 && bounds.start > bounds.stop) return "";
  const stopIndex = bounds.stop < 0 ? Math.max(value.length + bounds.stop, 0) : bounds.stop;
  return value.slice(...sliceBounds({ start: bounds.start, stop: stopIndex, length: value.length }));
}

function setrange(keyspace: Keyspace, [key = "", offsetText = "", patch = ""]: string[]): Reply {
  const offset = toIndex(offsetText);
  if (offset < 0) throw new CommandError("ERR offset is out of range");
  const old = keyspace.read(key, "string") ?? "";
  if (patch === "") return old.length;
  if (offset + patch.length > MAX_STRING_BYTES) {
    throw new CommandError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  const value = old.slice(0, offset).padEnd(offset, "\0") + patch + old.slice(offset + patch.length);
  return rewrite({ keyspace, key, value }).length;
}
