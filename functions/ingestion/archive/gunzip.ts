import { ArchiveError } from "./archive-error.ts";

export interface Gunzipped {
  stream: ReadableStream<Uint8Array>;
  /** Bytes that the decompressor has been given so far. */
  compressedBytes(): number;
  /** What is behind an error of `stream`: the source's own failure as it came, else an `ArchiveError` (`not_gzip`, `bad_gzip`). */
  explain(error: unknown): unknown;
  /** Gives the source up; call it when `stream` is read no further. */
  cancel(): Promise<void>;
}

const GZIP_FIRST_BYTE = 0x1f;

/** Decompresses at the pace at which the result is read. The source is pumped by hand: only so can its bytes be counted. */
export function gunzip(source: ReadableStream<Uint8Array>): Gunzipped {
  const { readable, writable } = new DecompressionStream("gzip");
  const reader = source.getReader();
  const writer = writable.getWriter();
  let compressedBytes = 0;
  let firstByte: number | undefined;
  let sourceFailure: { error: unknown } | undefined;

  // Every failure of the pump is met again by whoever reads the other end.
  writer.closed.catch(ignore);
  pump().catch((error) => Promise.allSettled([writer.abort(error), reader.cancel(error)]));

  async function pump(): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        sourceFailure = { error };
        throw error;
      });
      if (done) return writer.close();
      firstByte ??= value[0];
      compressedBytes += value.byteLength;
      // A stream never gives shared memory.
      await writer.write(value as Uint8Array<ArrayBuffer>);
    }
  }

  return {
    stream: readable,
    compressedBytes: () => compressedBytes,
    explain(cause) {
      if (sourceFailure !== undefined) return sourceFailure.error;
      if (firstByte !== GZIP_FIRST_BYTE) return new ArchiveError("not_gzip", "The archive is not compressed by gzip", { cause });
      return new ArchiveError("bad_gzip", "The archive does not decompress: it is damaged or incomplete", { cause });
    },
    cancel: () => reader.cancel().catch(ignore),
  };
}

function ignore(): void {}
