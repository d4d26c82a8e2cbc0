import { arityError, type Command, type CommandTable, syntaxError } from "./command.ts";
import { CommandError, OK, type Reply } from "./engine.ts";
import { type ExpiryUnit, toInstant } from "./expiry.ts";
import { matchesGlob } from "./glob.ts";
import type { Keyspace } from "./keyspace.ts";
import { toIndex } from "./numbers.ts";

const SCAN_COUNT = 10;

const del: Command = { arity: -2, run: (keyspace, keys) => keys.filter((key) => keyspace.delete(key)).length };

const flush: Command = {
  arity: -1,
  run(keyspace, [mode, ...rest]) {
    if (rest.length > 0 || (mode !== undefined && !/^(a?sync)$/i.test(mode))) throw syntaxError();
    keyspace.clear();
    return OK;
  },
};

export const keyCommands: CommandTable = {
  del,
  unlink: del,
  exists: { arity: -2, run: (keyspace, keys) => keys.filter((key) => keyspace.has(key)).length },
  type: { arity: 2, run: (keyspace, [key = ""]) => ({ status: keyspace.type(key) ?? "none" }) },
  expire: expiring("expire", "EX"),
  pexpire: expiring("pexpire", "PX"),
  expireat: expiring("expireat", "EXAT"),
  pexpireat: expiring("pexpireat", "PXAT"),
  ttl: { arity: 2, run: (keyspace, [key = ""]) => timeLeft({ keyspace, key, from: keyspace.now, unitMs: 1_000 }) },
  pttl: { arity: 2, run: (keyspace, [key = ""]) => timeLeft({ keyspace, key, from: keyspace.now, unitMs: 1 }) },
  expiretime: { arity: 2, run: (keyspace, [key = ""]) => timeLeft({ keyspace, key, from: 0, unitMs: 1_000 }) },
  pexpiretime: { arity: 2, run: (keyspace, [key = ""]) => timeLeft({ keyspace, key, from: 0, unitMs: 1 }) },
  persist: {
    arity: 2,
    run(keyspace, [key = ""]) {
      if (keyspace.expiresAt(key) === undefined) return 0;
      keyspace.expire(key, undefined);
      return 1;
    },
  },
  keys: {
    arity: 2,
    run: (keyspace, [pattern = ""]) => [...keyspace.keys()].map(({ key }) => key).filter((key) => matchesGlob(pattern, key)),
  },
  scan: { arity: -2, run: scan },
  dbsize: { arity: 1, run: (keyspace) => [...keyspace.keys()].length },
  flushdb: flush,
  flushall: flush,
  ping: {
    arity: -1,
    run(_keyspace, [message, ...rest]) {
      if (rest.length > 0) throw arityError("ping");
      return message ?? { status: "PONG" };
    },
  },
  echo: { arity: 2, run: (_keyspace, [message = ""]) => message },
  time: {
    arity: 1,
    run: (keyspace) => [String(Math.floor(keyspace.now / 1_000)), String((keyspace.now % 1_000) * 1_000)],
  },
};

function expiring(command: string, unit: ExpiryUnit): Command {
  return {
    arity: -3,
    run(keyspace, [key = "", amount = "", ...options]) {
      const conditions = readConditions(options);
      const deadline = toInstant({ command, unit, amount, now: keyspace.now, allowPast: true });
      if (!keyspace.has(key)) return 0;
      const current = keyspace.expiresAt(key) ?? Number.POSITIVE_INFINITY;
      if (conditions.has("NX") && current !== Number.POSITIVE_INFINITY) return 0;
      if (conditions.has("XX") && current === Number.POSITIVE_INFINITY) return 0;
      if (conditions.has("GT") && deadline <= current) return 0;
      if (conditions.has("LT") && deadline >= current) return 0;
      keyspace.expire(key, deadline);
      return 1;
    },
  };
}

function readConditions(options: string[]): Set<string> {
  const conditions = new Set<string>();
  for (const option of options) {
    const condition = option.toUpperCase();
    if (!/^(NX|XX|GT|LT)$/.test(condition)) throw new CommandError(`ERR Unsupported option ${option}`);
    conditions.add(condition);
  }
  if (conditions.has("NX") && conditions.size > 1) {
    throw new CommandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions.has("GT") && conditions.has("LT")) {
    throw new CommandError("ERR GT and LT options at the same time are not compatible");
  }
  return conditions;
}

/** @returns -2 without the key, -1 without an expiry. */
function timeLeft({ keyspace, key, from, unitMs }: { keyspace: Keyspace; key: string; from: number; unitMs: number }): Reply {
  if (!keyspace.has(key)) return -2;
  const deadline = keyspace.expiresAt(key);
  return deadline === undefined ? -1 : Math.floor((deadline - from + unitMs / 2) / unitMs);
}

function scan(keyspace: Keyspace, [cursor = "", ...options]: string[]): Reply {
  if (!/^\d+$/.test(cursor)) throw new CommandError("ERR invalid cursor");
  const { pattern, type, count } = readScanOptions(options);
  const found: string[] = [];
  let seen = 0;
  for (const { key, sequence } of keyspace.keys(Number(cursor))) {
    if (seen === count) return [String(sequence), found];
    seen += 1;
    if (matchesGlob(pattern, key) && (type === undefined || keyspace.type(key) === type)) found.push(key);
  }
  return ["0", found];
}

function readScanOptions(options: string[]): { pattern: string; type: string | undefined; count: number } {
  let pattern = "*";
  let type: string | undefined;
  let count = SCAN_COUNT;
  for (let index = 0; index < options.length; index += 2) {
    const value = options[index + 1];
    const option = options[index]?.toUpperCase();
    if (value === undefined) throw syntaxError();
    if (option === "MATCH") pattern = value;
    else if (option === "TYPE") type = value.toLowerCase();
    else if (option === "COUNT") count = toIndex(value);
    else throw syntaxError();
    if (count < 1) throw syntaxError();
  }
  return { pattern, type, count };
}
