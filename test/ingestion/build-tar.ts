import { gzipSync } from "node:zlib";

export interface Entry {
  name: string | Uint8Array;
  prefix?: string;
  type?: string;
  body?: string | Uint8Array;
  /** What the size field holds, when it is not the body's length in octal digits. */
  size?: string | Uint8Array;
  magic?: string;
  breakChecksum?: boolean;
}

const BLOCK_BYTES = 512;
export const END = new Uint8Array(2 * BLOCK_BYTES);

/** A tar archive byte by byte, so that every field can be wrong. */
export function buildTar(entries: readonly Entry[], end: Uint8Array = END): Buffer {
  return Buffer.concat([...entries.flatMap((entry) => [buildHeader(entry), padded(bytesOf(entry.body ?? ""))]), end]);
}

export function buildTarGz(entries: readonly Entry[]): Buffer {
  return gzipSync(buildTar(entries));
}

/** The body of a pax header. */
export function paxBody(records: Record<string, string | Uint8Array>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from("\n")]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length += 1;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/** @param chunkBytes how much the stream gives at a time. */
export function streamOf(bytes: Uint8Array, chunkBytes = 65_536): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + chunkBytes));
        at += chunkBytes;
      },
    },
    { highWaterMark: 0 },
  );
}

export function buildHeader({
  name,
  prefix = "",
  type = "0",
  body = "",
  size,
  magic = "ustar\x0000",
  breakChecksum,
}: Entry): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.set(bytesOf(name).subarray(0, 100), 0);
  header.write("000644 \0", 100);
  header.set(bytesOf(size ?? `${bytesOf(body).length.toString(8).padStart(11, "0")}\0`), 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(magic, 257, "latin1");
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0) + (breakChecksum === true ? 1 : 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES)]);
}

function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
}
