import { arityError, type Command, type CommandTable, sliceBounds, syntaxError } from "./command.ts";
import { CommandError, OK, type Reply } from "./engine.ts";
import type { Keyspace } from "./keyspace.ts";
import { readInteger, toIndex } from "./numbers.ts";

type End = "left" | "right";

export const listCommands: CommandTable = {
  lpush: push({ end: "left", onlyExisting: false }),
  rpush: push({ end: "right", onlyExisting: false }),
  lpushx: push({ end: "left", onlyExisting: true }),
  rpushx: push({ end: "right", onlyExisting: true }),
  lpop: pop("left"),
  rpop: pop("right"),
  llen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "list")?.length ?? 0 },
  lindex: {
    arity: 3,
    run: (keyspace, [key = "", index = ""]) => keyspace.read(key, "list")?.at(toIndex(index)) ?? null,
  },
  lrange: {
    arity: 4,
    run(keyspace, [key = "", start = "", stop = ""]) {
      const range = { start: toIndex(start), stop: toIndex(stop) };
      const list = keyspace.read(key, "list") ?? [];
      return list.slice(...sliceBounds({ ...range, length: list.length }));
    },
  },
  ltrim: {
    arity: 4,
    run(keyspace, [key = "", start = "", stop = ""]) {
      const range = { start: toIndex(start), stop: toIndex(stop) };
      const list = keyspace.read(key, "list") ?? [];
      replaceList({ keyspace, key, list: list.slice(...sliceBounds({ ...range, length: list.length })) });
      return OK;
    },
  },
  lset: {
    arity: 4,
    run(keyspace, [key = "", index = "", value = ""]) {
      const list = keyspace.read(key, "list");
      if (list === undefined) throw new CommandError("ERR no such key");
      const position = toIndex(index);
      const offset = position < 0 ? list.length + position : position;
      if (offset < 0 || offset >= list.length) throw new CommandError("ERR index out of range");
      list[offset] = value;
      return OK;
    },
  },
  lrem: { arity: 4, run: lrem },
  lmove: {
    arity: 5,
    run(keyspace, [source = "", target = "", from = "", to = ""]) {
      return move({ keyspace, source, target, from: readEnd(from), to: readEnd(to) });
    },
  },
  rpoplpush: {
    arity: 3,
    run: (keyspace, [source = "", target = ""]) => move({ keyspace, source, target, from: "right", to: "left" }),
  },
};

function push({ end, onlyExisting }: { end: End; onlyExisting: boolean }): Command {
  return {
    arity: -3,
    run(keyspace, [key = "", ...values]) {
      if (onlyExisting && keyspace.read(key, "list") === undefined) return 0;
      const list = keyspace.open(key, "list");
      for (const value of values) add({ list, end, value });
      return list.length;
    },
  };
}

function pop(end: End): Command {
  return {
    arity: -2,
    run(keyspace, [key = "", countText, ...rest]) {
      if (rest.length > 0) throw arityError(end === "left" ? "lpop" : "rpop");
      const count = countText === undefined ? undefined : readCount(countText);
      const list = keyspace.read(key, "list");
      if (list === undefined) return null;
      if (count === undefined) return take({ keyspace, key, list, end });
      const taken: string[] = [];
      while (taken.length < count && list.length > 0) taken.push(take({ keyspace, key, list, end }));
      return taken;
    },
  };
}

function readCount(text: string): number {
  const count = readInteger(text);
  if (count === undefined || count < 0n) throw new CommandError("ERR value is out of range, must be positive");
  return Number(count);
}

function readEnd(text: string): End {
  const end = text.toLowerCase();
  if (end !== "left" && end !== "right") throw syntaxError();
  return end;
}

function add({ list, end, value }: { list: string[]; end: End; value: string }): void {
  if (end === "left") list.unshift(value);
  else list.push(value);
}

function take({ keyspace, key, list, end }: { keyspace: Keyspace; key: string; list: string[]; end: End }): string {
  const value = (end === "left" ? list.shift() : list.pop()) ?? "";
  keyspace.dropIfEmpty(key);
  return value;
}

function lrem(keyspace: Keyspace, [key = "", countText = "", value = ""]: string[]): Reply {
  const count = toIndex(countText);
  const list = keyspace.read(key, "list") ?? [];
  const limit = count === 0 ? list.length : Math.abs(count);
  let removed = 0;
  const kept = (count < 0 ? list.toReversed() : list).filter((item) => {
    const isKept = item !== value || removed === limit;
    if (!isKept) removed += 1;
    return isKept;
  });
  if (count < 0) kept.reverse();
  replaceList({ keyspace, key, list: kept });
  return removed;
}

/** Keeps the expiry; an empty list is no list. */
function replaceList({ keyspace, key, list }: { keyspace: Keyspace; key: string; list: string[] }): void {
  if (list.length === 0) keyspace.delete(key);
  else keyspace.put({ key, type: "list", value: list, expiresAt: keyspace.expiresAt(key) });
}

function move({
  keyspace,
  source,
  target,
  from,
  to,
}: {
  keyspace: Keyspace;
  source: string;
  target: string;
  from: End;
  to: End;
}): Reply {
  const list = keyspace.read(source, "list");
  if (list === undefined) return null;
  keyspace.read(target, "list");
  const value = take({ keyspace, key: source, list, end: from });
  add({ list: keyspace.open(target, "list"), end: to, value });
  return value;
}
