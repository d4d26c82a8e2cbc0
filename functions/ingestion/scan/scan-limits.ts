const MIB = 1_048_576;

export interface ScanLimits {
  /** Up to so many changed files, and so many bytes of them, are read one by one; more are read from the archive. */
  incrementalFiles: number;
  incrementalBytes: number;
  /** Source code that one step reads before it hands over to the next. */
  stepBytes: number;
  /** Files that one step asks for one by one. */
  stepFiles: number;
  /** Rows, and bytes of what they hold, that are written at once. */
  batchRows: number;
  batchBytes: number;
  /** Source code that one part of a scan is made for. */
  shardBytes: number;
}

export const SCAN_LIMITS: ScanLimits = {
  incrementalFiles: 60,
  incrementalBytes: 2 * MIB,
  stepBytes: 32 * MIB,
  stepFiles: 300,
  batchRows: 500,
  batchBytes: 2 * MIB,
  shardBytes: 64 * MIB,
};

const SHARD_COUNTS = [1, 4, 16] as const;
type ShardCount = (typeof SHARD_COUNTS)[number];

/** @param sourceBytes undefined when nobody knows, because the tree is too large to be told. */
export function shardCount(sourceBytes: number | undefined, { shardBytes }: ScanLimits): ShardCount {
  const wanted = (sourceBytes ?? Number.POSITIVE_INFINITY) / shardBytes;
  return SHARD_COUNTS.find((count) => wanted <= count) ?? 16;
}
