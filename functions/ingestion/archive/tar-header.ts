import { ArchiveError } from "./archive-error.ts";

export const BLOCK_BYTES = 512;

export interface TarHeader {
  /** Name and prefix as they are in the header: bytes, since the name may be of no use or not UTF-8. */
  name: Uint8Array;
  prefix: Uint8Array;
  /** Bytes of the body; the header of a link or folder has none whatever it says. */
  size: number;
  mode: number;
  type: string;
}

/** Types whose header is followed by no body: links, devices, folders, pipes. */
const BODILESS = "123456";
const NUL = 0;
const SPACE = 0x20;
const CHECKSUM_AT = 148;
const MAGIC_AT = 257;
const EMPTY = new Uint8Array(0);

/**
 * Reads the block of 512 bytes at `at`: ustar, GNU's and the oldest format.
 *
 * @returns undefined for a block of zeros, which ends an archive.
 * @throws ArchiveError `bad_checksum` or `bad_size`.
 */
export function readTarHeader({ bytes, at }: { bytes: Uint8Array; at: number }): TarHeader | undefined {
  const sum = sumOf({ bytes, at });
  if (sum === SPACE * 8 && bytes.subarray(at, at + BLOCK_BYTES).every((byte) => byte === NUL)) return undefined;
  if (readOctal({ bytes, at: at + CHECKSUM_AT, length: 8 }) !== sum)
    throw new ArchiveError("bad_checksum", "This is no tar archive, or a damaged one: the checksum of a header is wrong");
  const type = String.fromCharCode(bytes[at + 156] || 0x30);
  const size = readSize({ bytes, at: at + 124 });
  return {
    name: untilNul({ bytes, at, length: 100 }),
    prefix: isPosix({ bytes, at }) ? untilNul({ bytes, at: at + 345, length: 155 }) : EMPTY,
    size: BODILESS.includes(type) ? 0 : size,
    mode: readOctal({ bytes, at: at + 100, length: 8 }) ?? 0,
    type,
  };
}

/** GNU's own format ("ustar " with a space) keeps other things where POSIX keeps the prefix. */
function isPosix({ bytes, at }: { bytes: Uint8Array; at: number }): boolean {
  return [0x75, 0x73, 0x74, 0x61, 0x72, NUL].every((byte, index) => bytes[at + MAGIC_AT + index] === byte);
}

/** The sum of the block's bytes with its checksum taken as spaces. */
function sumOf({ bytes, at }: { bytes: Uint8Array; at: number }): number {
  let sum = SPACE * 8;
  for (let index = at; index < at + CHECKSUM_AT; index += 1) sum += bytes[index] ?? 0;
  for (let index = at + CHECKSUM_AT + 8; index < at + BLOCK_BYTES; index += 1) sum += bytes[index] ?? 0;
  return sum;
}

/** Octal digits, or big-endian binary when the first bit says so. */
function readSize({ bytes, at }: { bytes: Uint8Array; at: number }): number {
  const first = bytes[at] ?? 0;
  let size: number | undefined;
  if (first === 0x80) {
    size = 0;
    for (let index = at + 1; index < at + 12; index += 1) size = size * 256 + (bytes[index] ?? 0);
  } else if (first < 0x80) {
    size = readOctal({ bytes, at, length: 12 });
  }
  if (size === undefined || !Number.isSafeInteger(size))
    throw new ArchiveError("bad_size", "An entry of the archive has no valid size");
  return size;
}

/** @returns undefined when there is something else than octal digits between spaces and NULs; an empty field is 0. */
function readOctal({ bytes, at, length }: { bytes: Uint8Array; at: number; length: number }): number | undefined {
  let index = at;
  const end = at + length;
  while (index < end && bytes[index] === SPACE) index += 1;
  let value = 0;
  for (; index < end; index += 1) {
    const byte = bytes[index] ?? NUL;
    if (byte === SPACE || byte === NUL) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return value;
}

function untilNul({ bytes, at, length }: { bytes: Uint8Array; at: number; length: number }): Uint8Array {
  const field = bytes.subarray(at, at + length);
  const nul = field.indexOf(NUL);
  return nul === -1 ? field : field.subarray(0, nul);
}
