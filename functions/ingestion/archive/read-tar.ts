import { ArchiveError } from "./archive-error.ts";
import { type ByteWindow, openByteWindow } from "./byte-window.ts";
import { type Gunzipped, gunzip } from "./gunzip.ts";
import { readPax } from "./read-pax.ts";
import { BLOCK_BYTES, readTarHeader, type TarHeader } from "./tar-header.ts";

/** A file of the archive that was wanted. */
export interface TarFile {
  /** Relative to the archive's folder, which is left out: `src/index.ts`. */
  path: string;
  size: number;
  /** Unix permission bits. */
  mode: number;
  /** Valid until the next file is asked for; copy what is to be kept. */
  bytes: Uint8Array;
}

/** Why an entry was passed over without asking for it. */
export type SkippedEntry = "link" | "special" | "bad_name" | "unsafe_path" | "outside_folder" | "duplicate" | "over_body_limit";

/** Grows while the archive is read. */
export interface TarSummary {
  /** The commit that the archive is of, when it says so, as those of GitHub do. */
  commitId: string | undefined;
  entries: number;
  /** Bytes after decompression. */
  bytes: number;
  compressedBytes: number;
  skipped: Record<SkippedEntry, number>;
}

export interface TarArchive extends AsyncIterable<TarFile> {
  summary: Readonly<TarSummary>;
}

export interface TarLimits {
  /** After decompression; an archive of more is `too_large`. */
  totalBytes: number;
  entries: number;
  /** Of all paths together, since they are kept to know a duplicate. */
  pathBytes: number;
  /** Of one file; larger ones are not handed out. The buffer has this size. */
  bodyBytes: number;
  /** Decompressed to compressed bytes, looked at once `ratioFromBytes` are decompressed. */
  ratio: number;
  ratioFromBytes: number;
}

const MIB = 1024 * 1024;
export const TAR_LIMITS: TarLimits = {
  totalBytes: 1024 * MIB,
  entries: 250_000,
  pathBytes: 32 * MIB,
  bodyBytes: MIB,
  ratio: 200,
  ratioFromBytes: 64 * MIB,
};

/** Of a header that only describes the next one. */
const MAX_EXTENDED_BYTES = 64 * 1024;
const MAX_EXTENDED_IN_A_ROW = 8;
const MAX_PATH_BYTES = 4_096;
/** Between two looks at the limits while a body is skipped. */
const SKIP_STEP_BYTES = 4 * MIB;
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Reads a gzipped tar archive as it streams by, in memory that does not depend on its size but for its paths. It is read to its end, so
 * that a damaged one is not taken for a whole one: what was handed out counts only when the iteration ends well.
 *
 * @param wants asked once for each regular file with a usable path; the body of a file that is not wanted is passed over unread.
 * @throws ArchiveError when the archive is at fault; a failure of `stream` itself as it is.
 */
export function readTar(
  stream: ReadableStream<Uint8Array>,
  { wants, limits = TAR_LIMITS }: { wants(path: string, size: number): boolean; limits?: TarLimits },
): TarArchive {
  const summary: TarSummary = {
    commitId: undefined,
    entries: 0,
    bytes: 0,
    compressedBytes: 0,
    skipped: { link: 0, special: 0, bad_name: 0, unsafe_path: 0, outside_folder: 0, duplicate: 0, over_body_limit: 0 },
  };
  return { summary, [Symbol.asyncIterator]: () => readFiles({ stream, wants, limits, summary }) };
}

interface Reading {
  window: ByteWindow;
  limits: TarLimits;
  summary: TarSummary;
  gunzipped: Gunzipped;
}

async function* readFiles({
  stream,
  wants,
  limits,
  summary,
}: {
  stream: ReadableStream<Uint8Array>;
  wants(path: string, size: number): boolean;
  limits: TarLimits;
  summary: TarSummary;
}): AsyncGenerator<TarFile, void, undefined> {
  const gunzipped = gunzip(stream);
  const window = openByteWindow({ stream: gunzipped.stream, capacity: Math.max(limits.bodyBytes, MAX_EXTENDED_BYTES) });
  const reading: Reading = { window, limits, summary, gunzipped };
  const choosePath = openPaths({ limits, skipped: summary.skipped });
  try {
    for (;;) {
      const entry = await nextEntry(reading);
      if (entry === undefined) break;
      const path = choosePath(entry);
      if (path !== undefined && wants(path, entry.size)) {
        if (entry.size > limits.bodyBytes) {
          summary.skipped.over_body_limit += 1;
        } else {
          await need({ reading, count: entry.size });
          const bytes = window.bytes.subarray(window.start, window.start + entry.size);
          yield { path, size: entry.size, mode: entry.mode & 0o7777, bytes };
        }
      }
      await skipBody({ reading, size: entry.size });
    }
    await drain(reading);
  } finally {
    await Promise.allSettled([window.cancel(), gunzipped.cancel()]);
  }
}

/** An entry that is something by itself, with its full name. */
interface TarEntry {
  /** Undefined when it is not valid UTF-8. */
  name: string | undefined;
  size: number;
  mode: number;
  type: "file" | "folder" | "link" | "special";
}

/** Reads on to the next entry, through the headers that only describe it. */
async function nextEntry(reading: Reading): Promise<TarEntry | undefined> {
  const { summary } = reading;
  let longName: Uint8Array | undefined;
  let pax: Map<string, Uint8Array> | undefined;
  for (let extended = 0; extended <= MAX_EXTENDED_IN_A_ROW; extended += 1) {
    const header = await nextHeader(reading);
    if (header === undefined && extended > 0) throw truncated();
    if (header === undefined) return undefined;
    switch (header.type) {
      case "x":
        pax = readPax(await readExtended({ reading, size: header.size }));
        break;
      case "g":
        summary.commitId ??= commitIdOf(readPax(await readExtended({ reading, size: header.size })));
        break;
      case "L":
        longName = untilNul(await readExtended({ reading, size: header.size }));
        break;
      case "K":
        await readExtended({ reading, size: header.size });
        break;
      case "S":
        throw new ArchiveError("unsupported", "The archive has sparse files, which are not read");
      default:
        return describe({ header, pax, longName });
    }
  }
  throw new ArchiveError("header_chain", "The archive has too many extended headers in a row");
}

async function nextHeader(reading: Reading): Promise<TarHeader | undefined> {
  const { window, summary, limits } = reading;
  checkLimits(reading);
  await need({ reading, count: BLOCK_BYTES });
  const header = readTarHeader({ bytes: window.bytes, at: window.start });
  if (header === undefined) return undefined;
  // The fields are views of the buffer, which the next read may move.
  const kept = { ...header, name: header.name.slice(), prefix: header.prefix.slice() };
  window.start += BLOCK_BYTES;
  summary.entries += 1;
  if (summary.entries > limits.entries)
    throw new ArchiveError("too_many_entries", `The archive has more than ${limits.entries} entries`);
  return kept;
}

function describe({
  header,
  pax,
  longName,
}: {
  header: TarHeader;
  pax: Map<string, Uint8Array> | undefined;
  longName: Uint8Array | undefined;
}): TarEntry {
  const size = paxSize(pax?.get("size")) ?? header.size;
  const name = decode(pax?.get("path") ?? longName ?? joinName(header));
  const isSparse = pax !== undefined && [...pax.keys()].some((key) => key.startsWith("GNU.sparse."));
  const type = isSparse ? "special" : typeOf({ type: header.type, name });
  return { name, size: type === "link" || type === "folder" ? 0 : size, mode: header.mode, type };
}

function typeOf({ type, name }: { type: string; name: string | undefined }): TarEntry["type"] {
  if (type === "5") return "folder";
  if (type === "1" || type === "2") return "link";
  // The oldest format has no type of its own for a folder.
  if (type === "0" || type === "7") return name?.endsWith("/") ? "folder" : "file";
  return "special";
}

/**
 * Tells the path of an entry inside the archive's one folder, and counts those that have none which could be used.
 * Paths are compared as they are: two that differ in case are two files.
 */
function openPaths({ limits, skipped }: { limits: TarLimits; skipped: Record<SkippedEntry, number> }) {
  const seen = new Set<string>();
  let folder: string | undefined;
  let pathBytes = 0;

  return ({ name, type }: TarEntry): string | undefined => {
    if (type === "folder") return undefined;
    if (type !== "file") return skip(type);
    if (name === undefined || name.length > MAX_PATH_BYTES || name.includes("\0")) return skip("bad_name");
    const slash = name.indexOf("/");
    const top = name.slice(0, Math.max(slash, 0));
    const path = name.slice(slash + 1);
    if (slash === 0 || top === ".." || !isPlain(path)) return skip("unsafe_path");
    if (slash > 0) folder ??= top;
    if (slash === -1 || top !== folder) return skip("outside_folder");
    if (seen.has(path)) return skip("duplicate");
    seen.add(path);
    pathBytes += path.length * 2;
    if (pathBytes > limits.pathBytes)
      throw new ArchiveError("too_many_entries", "The paths of the archive are too long together");
    return path;
  };

  function skip(reason: SkippedEntry): undefined {
    skipped[reason] += 1;
  }
}

/** Whether every segment is a name: none is empty, `.` or `..`. */
function isPlain(path: string): boolean {
  return path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

async function readExtended({ reading, size }: { reading: Reading; size: number }): Promise<Uint8Array> {
  const { window } = reading;
  if (size > MAX_EXTENDED_BYTES) throw new ArchiveError("header_chain", "An extended header of the archive is too long");
  await need({ reading, count: size });
  const body = window.bytes.slice(window.start, window.start + size);
  await skipBody({ reading, size });
  return body;
}

async function skipBody({ reading, size }: { reading: Reading; size: number }): Promise<void> {
  const { window, summary, limits } = reading;
  if (size > limits.totalBytes) throw tooLarge(limits);
  for (let rest = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES; rest > 0; rest -= SKIP_STEP_BYTES) {
    if (!(await skip({ reading, count: Math.min(rest, SKIP_STEP_BYTES) }))) throw truncated();
    checkLimits(reading);
  }
  summary.bytes = window.streamed;
}

/** What follows the end of the archive is of no interest, but only at the end of the stream its checksum is known to be right. */
async function drain(reading: Reading): Promise<void> {
  const { window, summary } = reading;
  while (await skip({ reading, count: SKIP_STEP_BYTES })) checkLimits(reading);
  summary.bytes = window.streamed;
  summary.compressedBytes = reading.gunzipped.compressedBytes();
}

function checkLimits({ window, limits, gunzipped }: Reading): void {
  if (window.streamed > limits.totalBytes) throw tooLarge(limits);
  if (window.streamed > limits.ratioFromBytes && window.streamed > gunzipped.compressedBytes() * limits.ratio)
    throw new ArchiveError(
      "decompression_bomb",
      `The archive is more than ${limits.ratio} times as large as what it was sent as`,
    );
}

async function need({ reading, count }: { reading: Reading; count: number }): Promise<void> {
  const { window, gunzipped } = reading;
  if (window.end - window.start >= count) return;
  const isThere = await window.fill(count).catch((error) => Promise.reject(gunzipped.explain(error)));
  if (!isThere) throw truncated();
}

function skip({ reading, count }: { reading: Reading; count: number }): Promise<boolean> {
  return reading.window.skip(count).catch((error) => Promise.reject(reading.gunzipped.explain(error)));
}

function paxSize(value: Uint8Array | undefined): number | undefined {
  if (value === undefined) return undefined;
  const digits = decode(value) ?? "";
  const size = Number(digits);
  if (/^\d+$/.test(digits) && Number.isSafeInteger(size)) return size;
  throw new ArchiveError("bad_size", "An entry of the archive has no valid size");
}

function commitIdOf(records: Map<string, Uint8Array>): string | undefined {
  const comment = decode(records.get("comment") ?? new Uint8Array(0));
  return comment !== undefined && COMMIT_ID.test(comment) ? comment : undefined;
}

function joinName({ name, prefix }: TarHeader): Uint8Array {
  if (prefix.length === 0) return name;
  const joined = new Uint8Array(prefix.length + 1 + name.length);
  joined.set(prefix);
  joined[prefix.length] = 0x2f;
  joined.set(name, prefix.length + 1);
  return joined;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function truncated(): ArchiveError {
  return new ArchiveError("truncated", "The archive ends too early");
}

function tooLarge({ totalBytes }: TarLimits): ArchiveError {
  return new ArchiveError("too_large", `The archive has more than ${totalBytes} bytes when decompressed`);
}
