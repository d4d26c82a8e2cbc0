import type { ArchiveErrorCode } from "../archive/archive-error.ts";

/** Why GitHub does not give a repository: it is not there or not for us to see, the App may no longer read it, GitHub has blocked it, or there is nothing in it. */
export type RepositoryRefusal = "not_found" | "access_lost" | "blocked" | "empty";

/** Why a scan has failed: GitHub refused, the archive cannot be read, or GitHub could not be reached for as long as it was tried. */
export type ScanFailure = RepositoryRefusal | ArchiveErrorCode | "unavailable";

/** Failures that another attempt at the same commit may not meet. */
export const PASSING_FAILURES: readonly (string | null)[] = [
  "unavailable",
  "not_gzip",
  "bad_gzip",
  "truncated",
] satisfies ScanFailure[];
