import { hashText } from "../mining/hash-32.ts";

/** @returns the part of a scan, from 0, that a file belongs to. */
export function shardOf(path: string, shards: number): number {
  return hashText(path) % shards;
}
