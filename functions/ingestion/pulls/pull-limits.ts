const MIB = 1_048_576;

export interface PullLimits {
  /** Changed files that are looked at; GitHub tells no more. */
  files: number;
  /** Of those, the ones whose content is read, and the bytes of all of them. */
  readFiles: number;
  readBytes: number;
  /** Violations of one check that are kept and told; all of them are counted. */
  violations: number;
}

export const PULL_LIMITS: PullLimits = { files: 3_000, readFiles: 300, readBytes: 4 * MIB, violations: 1_000 };
