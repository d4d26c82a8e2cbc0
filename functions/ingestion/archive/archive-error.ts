/** Why an archive cannot be read. Stable: stored with a run and shown to people. */
export type ArchiveErrorCode =
  | "not_gzip"
  | "bad_gzip"
  | "truncated"
  | "bad_checksum"
  | "bad_header"
  | "bad_size"
  | "header_chain"
  | "unsupported"
  | "too_large"
  | "too_many_entries"
  | "decompression_bomb";

/** The archive itself is at fault: reading it again gives the same. A failure of its source, such as the network, is thrown as it is. */
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ArchiveError";
    this.code = code;
  }
}
