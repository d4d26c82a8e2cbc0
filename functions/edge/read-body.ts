import { AppError, ValidationError } from "../../shared/errors/app-error.ts";

const KIB = 1_024;

/** Bodies of tRPC calls and public forms. */
export const MAX_CALL_BYTES = 256 * KIB;
/** Bodies of webhooks and jobs. */
export const MAX_RAW_BYTES = 1_024 * KIB;

/**
 * Reads a request's body, counting as it streams: `content-length` may be absent or a lie, so it can only refuse early.
 *
 * @throws AppError PAYLOAD_TOO_LARGE as soon as the body exceeds `maxBytes`; the rest is not read.
 */
export async function readBody({ request, maxBytes }: { request: Request; maxBytes: number }): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body !== null) {
    // Leaving the loop cancels the stream.
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  }
  return concatenate(chunks, size);
}

/** @throws ValidationError when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ValidationError("The body is not valid UTF-8");
  }
}

function concatenate(chunks: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBytes / KIB} KiB`);
}
