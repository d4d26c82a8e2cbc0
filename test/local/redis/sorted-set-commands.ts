import { type Command, type CommandTable, sliceBounds, syntaxError } from "./command.ts";
import { CommandError, type Reply } from "./engine.ts";
import type { Keyspace } from "./keyspace.ts";
import { formatDouble, readFloat, readInteger, toIndex } from "./numbers.ts";

type Scored = [member: string, score: number];

interface ScoreBound {
  score: number;
  exclusive: boolean;
}

export const sortedSetCommands: CommandTable = {
  zadd: { arity: -4, run: zadd },
  zincrby: {
    arity: 4,
    run: (keyspace, [key = "", by = "", member = ""]) => zadd(keyspace, [key, "INCR", by, member]),
  },
  zrem: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const zset = keyspace.read(key, "zset");
      const removed = members.filter((member) => zset?.delete(member)).length;
      keyspace.dropIfEmpty(key);
      return removed;
    },
  },
  zscore: { arity: 3, run: (keyspace, [key = "", member = ""]) => scoreOf(keyspace.read(key, "zset"), member) },
  zmscore: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const zset = keyspace.read(key, "zset");
      return members.map((member) => scoreOf(zset, member));
    },
  },
  zcard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.read(key, "zset")?.size ?? 0 },
  zcount: {
    arity: 4,
    run(keyspace, [key = "", min = "", max = ""]) {
      const within = scoreRange(min, max);
      return ascending(keyspace, key).filter(within).length;
    },
  },
  zrank: { arity: 3, run: (keyspace, [key = "", member = ""]) => rankOf(ascending(keyspace, key), member) },
  zrevrank: { arity: 3, run: (keyspace, [key = "", member = ""]) => rankOf(ascending(keyspace, key).reverse(), member) },
  zrange: { arity: -4, run: zrange },
  zrevrange: {
    arity: -4,
    run: (keyspace, [key = "", start = "", stop = "", ...words]) =>
      rangeByRank({ keyspace, key, start, stop, options: readRangeOptions(words), reverse: true }),
  },
  zrangebyscore: {
    arity: -4,
    run: (keyspace, [key = "", min = "", max = "", ...words]) =>
      rangeByScore({ keyspace, key, min, max, options: readRangeOptions(words), reverse: false }),
  },
  zrevrangebyscore: {
    arity: -4,
    run: (keyspace, [key = "", max = "", min = "", ...words]) =>
      rangeByScore({ keyspace, key, min, max, options: readRangeOptions(words), reverse: true }),
  },
  zremrangebyscore: {
    arity: 4,
    run(keyspace, [key = "", min = "", max = ""]) {
      const within = scoreRange(min, max);
      return remove({ keyspace, key, scored: ascending(keyspace, key).filter(within) });
    },
  },
  zremrangebyrank: {
    arity: 4,
    run(keyspace, [key = "", start = "", stop = ""]) {
      const range = { start: toIndex(start), stop: toIndex(stop) };
      const scored = ascending(keyspace, key);
      return remove({ keyspace, key, scored: scored.slice(...sliceBounds({ ...range, length: scored.length })) });
    },
  },
  zpopmin: popping((scored) => scored),
  zpopmax: popping((scored) => scored.reverse()),
};

function zadd(keyspace: Keyspace, [key = "", ...words]: string[]): Reply {
  const flags = new Set<string>();
  while (/^(NX|XX|GT|LT|CH|INCR)$/i.test(words[0] ?? "")) flags.add((words.shift() ?? "").toUpperCase());
  if (words.length === 0 || words.length % 2 !== 0) throw syntaxError();
  refuseIncompatible(flags, words.length);
  const changes: Scored[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const score = readFloat(words[index] ?? "");
    if (score === undefined) throw new CommandError("ERR value is not a valid float");
    changes.push([words[index + 1] ?? "", score]);
  }
  keyspace.read(key, "zset");
  if (flags.has("XX") && !keyspace.has(key)) return flags.has("INCR") ? null : 0;
  const zset = keyspace.open(key, "zset");
  try {
    return applyChanges({ zset, changes, flags });
  } finally {
    keyspace.dropIfEmpty(key);
  }
}

function refuseIncompatible(flags: Set<string>, wordCount: number): void {
  if (flags.has("NX") && flags.has("XX")) throw new CommandError("ERR XX and NX options at the same time are not compatible");
  if (["NX", "GT", "LT"].filter((flag) => flags.has(flag)).length > 1) {
    throw new CommandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (flags.has("INCR") && wordCount > 2) {
    throw new CommandError("ERR INCR option supports a single increment-element pair");
  }
}

function applyChanges({ zset, changes, flags }: { zset: Map<string, number>; changes: Scored[]; flags: Set<string> }): Reply {
  let added = 0;
  let updated = 0;
  let last: Reply = null;
  for (const [member, given] of changes) {
    const current = zset.get(member);
    if (current === undefined ? flags.has("XX") : flags.has("NX")) continue;
    const score = flags.has("INCR") ? (current ?? 0) + given : given;
    if (Number.isNaN(score)) throw new CommandError("ERR resulting score is not a number (NaN)");
    if (current !== undefined && ((flags.has("GT") && score <= current) || (flags.has("LT") && score >= current))) continue;
    zset.set(member, score);
    last = formatDouble(score);
    if (current === undefined) added += 1;
    else if (current !== score) updated += 1;
  }
  if (flags.has("INCR")) return last;
  return flags.has("CH") ? added + updated : added;
}

function scoreOf(zset: Map<string, number> | undefined, member: string): Reply {
  const score = zset?.get(member);
  return score === undefined ? null : formatDouble(score);
}

/** @returns a fresh array by score, then by the bytes of the member. */
function ascending(keyspace: Keyspace, key: string): Scored[] {
  return [...(keyspace.read(key, "zset") ?? [])].sort(
    ([memberA, scoreA], [memberB, scoreB]) => scoreA - scoreB || (memberA < memberB ? -1 : 1),
  );
}

function rankOf(scored: Scored[], member: string): Reply {
  const rank = scored.findIndex(([candidate]) => candidate === member);
  return rank === -1 ? null : rank;
}

function zrange(keyspace: Keyspace, [key = "", start = "", stop = "", ...words]: string[]): Reply {
  const options = readRangeOptions(words, ["BYSCORE", "REV"]);
  const reverse = options.flags.has("REV");
  if (!options.flags.has("BYSCORE")) return rangeByRank({ keyspace, key, start, stop, options, reverse });
  const [min, max] = reverse ? [stop, start] : [start, stop];
  return rangeByScore({ keyspace, key, min, max, options, reverse });
}

interface RangeOptions {
  flags: Set<string>;
  limit: { offset: number; count: number };
}

/** @param kinds options that only ZRANGE knows; unlike the others they may not be repeated. */
function readRangeOptions(words: string[], kinds: string[] = []): RangeOptions {
  const flags = new Set<string>();
  let limit = { offset: 0, count: -1 };
  for (let index = 0; index < words.length; index += 1) {
    const option = (words[index] ?? "").toUpperCase();
    const [offset, count] = words.slice(index + 1, index + 3);
    if (option === "WITHSCORES" || (kinds.includes(option) && !flags.has(option))) flags.add(option);
    else if (option === "LIMIT" && offset !== undefined && count !== undefined) {
      limit = { offset: toIndex(offset), count: toIndex(count) };
      index += 2;
    } else throw syntaxError();
  }
  return { flags, limit };
}

function rangeByRank({
  keyspace,
  key,
  start,
  stop,
  options: { flags, limit },
  reverse,
}: {
  keyspace: Keyspace;
  key: string;
  start: string;
  stop: string;
  options: RangeOptions;
  reverse: boolean;
}): Reply {
  if (limit.count !== -1) {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  const range = { start: toIndex(start), stop: toIndex(stop) };
  const scored = ascending(keyspace, key);
  if (reverse) scored.reverse();
  return toReply({ scored: scored.slice(...sliceBounds({ ...range, length: scored.length })), flags });
}

function rangeByScore({
  keyspace,
  key,
  min,
  max,
  options: { flags, limit },
  reverse,
}: {
  keyspace: Keyspace;
  key: string;
  min: string;
  max: string;
  options: RangeOptions;
  reverse: boolean;
}): Reply {
  const within = scoreRange(min, max);
  const scored = ascending(keyspace, key).filter(within);
  if (reverse) scored.reverse();
  if (limit.offset < 0) return [];
  return toReply({ scored: scored.slice(limit.offset, limit.count < 0 ? undefined : limit.offset + limit.count), flags });
}

function scoreRange(min: string, max: string): (scored: Scored) => boolean {
  const lower = readBound(min);
  const upper = readBound(max);
  return ([, score]) =>
    (lower.exclusive ? score > lower.score : score >= lower.score) &&
    (upper.exclusive ? score < upper.score : score <= upper.score);
}

function readBound(text: string): ScoreBound {
  const exclusive = text.startsWith("(");
  // C's strtod, which Redis asks here, reads nothing as zero.
  const score = readFloat((exclusive ? text.slice(1) : text) || "0");
  if (score === undefined) throw new CommandError("ERR min or max is not a float");
  return { score, exclusive };
}

function toReply({ scored, flags }: { scored: Scored[]; flags: Set<string> }): Reply {
  return scored.flatMap(([member, score]) => (flags.has("WITHSCORES") ? [member, formatDouble(score)] : [member]));
}

function remove({ keyspace, key, scored }: { keyspace: Keyspace; key: string; scored: Scored[] }): number {
  const zset = keyspace.read(key, "zset");
  for (const [member] of scored) zset?.delete(member);
  keyspace.dropIfEmpty(key);
  return scored.length;
}

function popping(order: (scored: Scored[]) => Scored[]): Command {
  return {
    arity: -2,
    run(keyspace, [key = "", countText = "1", ...rest]) {
      if (rest.length > 0) throw syntaxError();
      const count = readInteger(countText);
      if (count === undefined || count < 0n) throw new CommandError("ERR value is out of range, must be positive");
      const scored = order(ascending(keyspace, key)).slice(0, Number(count));
      remove({ keyspace, key, scored });
      return toReply({ scored, flags: new Set(["WITHSCORES"]) });
    },
  };
}
