import { AppError, UnavailableError } from "../../../shared/errors/app-error.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { type GitAttributes, NO_ATTRIBUTES, readGitAttributes } from "../archive/git-attributes.ts";
import { judgeFile } from "../archive/judge-file.ts";
import { ATTRIBUTES_PATH, MAX_ATTRIBUTES_BYTES } from "../archive/open-intake.ts";
import { readTar, type TarFile } from "../archive/read-tar.ts";
import { gitBlobSha } from "../scan/git-blob-sha.ts";
import type { ListedFile } from "../scan/plan-files.ts";

/** Takes a file whose content is what git lists; its bytes are valid until it has resolved. */
export type TakeFile = (file: ListedFile, content: { bytes: Uint8Array; attributes: GitAttributes }) => Promise<void>;

/** Of a file that was not looked into. */
const UNKNOWN_SHA = "0".repeat(40);

/**
 * Takes the listed files out of an archive. Each is compared with its hash, as archives leave out or rewrite what the repository's
 * attributes say.
 *
 * @param budgetBytes after so many bytes of them it stops.
 * @returns whether the archive was read to its end.
 */
export async function readListed({
  stream,
  files,
  attributes,
  budgetBytes,
  take,
}: {
  stream: ReadableStream<Uint8Array>;
  files: readonly ListedFile[];
  attributes: GitAttributes;
  budgetBytes: number;
  take: TakeFile;
}): Promise<boolean> {
  const wanted = new Map(files.map((file) => [file.path, file]));
  let left = budgetBytes;
  const archive = readTar(stream, { wants: (path, size) => wanted.get(path)?.size === size });
  for await (const { path, size, bytes } of sourced(archive)) {
    const file = wanted.get(path);
    if (file === undefined || (await gitBlobSha(bytes)) !== file.sha) continue;
    await take(file, { bytes, attributes });
    left -= size;
    if (left <= 0) return false;
  }
  return true;
}

/** What the whole of an archive has. */
export interface ArchiveListing {
  files: ListedFile[];
  attributes: GitAttributes;
  /** Entries that are no usable file, by reason. */
  skipped: Record<string, number>;
}

/**
 * Takes the files out of an archive whose tree nobody tells: those of a part, whose content `isKnown` does not know.
 *
 * @returns what it has; undefined when the budget was spent before its end.
 */
export async function readUnlisted({
  stream,
  isOurs,
  isKnown,
  budgetBytes,
  take,
}: {
  stream: ReadableStream<Uint8Array>;
  isOurs: (path: string) => boolean;
  isKnown: (file: ListedFile) => boolean;
  budgetBytes: number;
  take: TakeFile;
}): Promise<ArchiveListing | undefined> {
  const files: ListedFile[] = [];
  let attributes = NO_ATTRIBUTES;
  let left = budgetBytes;
  const archive = readTar(stream, {
    wants(path, size) {
      if (path === ATTRIBUTES_PATH) return size <= MAX_ATTRIBUTES_BYTES;
      if (!isOurs(path)) return false;
      if (judgeFile({ path, size, attributes }).kind === "source") return true;
      files.push({ path, size, sha: UNKNOWN_SHA });
      return false;
    },
  });
  for await (const { path, size, bytes } of sourced(archive)) {
    if (path === ATTRIBUTES_PATH) {
      attributes = readGitAttributes(new TextDecoder().decode(bytes));
      continue;
    }
    const file = { path, size, sha: await gitBlobSha(bytes) };
    files.push(file);
    if (isKnown(file)) continue;
    await take(file, { bytes, attributes });
    left -= size;
    if (left <= 0) return undefined;
  }
  return {
    files,
    attributes,
    skipped: Object.fromEntries(Object.entries(archive.summary.skipped).filter(([, count]) => count > 0)),
  };
}

/** A failure of the network on the way is one that may pass. */
async function* sourced(archive: AsyncIterable<TarFile>): AsyncGenerator<TarFile, void, undefined> {
  const files = archive[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await files.next().catch((cause: unknown) => {
        if (cause instanceof ArchiveError || cause instanceof AppError) throw cause;
        throw new UnavailableError(undefined, { errorCode: "ARCHIVE_INTERRUPTED", cause });
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await files.return?.();
  }
}
