import { type GitAttributes, NO_ATTRIBUTES, readGitAttributes } from "./git-attributes.ts";
import { type FileReason, type FileVerdict, judgeFile } from "./judge-file.ts";

/** What a tree of files came to. */
export interface Intake {
  /** Whether the content of a file is needed; ask once for each file, in the tree's own order. */
  wants(path: string, size: number): boolean;
  /** Takes a file that is wanted. Nothing of `bytes` is kept. */
  take(file: { path: string; size: number; bytes: Uint8Array }): void;
  /** Paths of the hand-written files in any language, for what shows in paths alone. */
  paths: readonly string[];
  sources: number;
  sourceBytes: number;
  /** How many files were left out, by reason. */
  skipped: ReadonlyMap<FileReason, number>;
}

export const ATTRIBUTES_PATH = ".gitattributes";
export const MAX_ATTRIBUTES_BYTES = 64 * 1024;

/**
 * Judges the files of a tree one by one and gives those with source code on. What `.gitattributes` says holds for the files after it: it
 * comes first in an archive that git made.
 */
export function openIntake({ onSource }: { onSource(file: { path: string; source: string }): void }): Intake {
  const paths: string[] = [];
  const skipped = new Map<FileReason, number>();
  const decoder = new TextDecoder();
  let attributes: GitAttributes = NO_ATTRIBUTES;

  const intake = {
    paths,
    skipped,
    sources: 0,
    sourceBytes: 0,
    wants(path: string, size: number): boolean {
      if (path === ATTRIBUTES_PATH) return size <= MAX_ATTRIBUTES_BYTES;
      const verdict = judgeFile({ path, size, attributes });
      if (verdict.kind !== "source") leaveOut({ path, verdict });
      return verdict.kind === "source";
    },
    take({ path, size, bytes }: { path: string; size: number; bytes: Uint8Array }): void {
      if (path === ATTRIBUTES_PATH) {
        attributes = readGitAttributes(decoder.decode(bytes));
        return;
      }
      const verdict = judgeFile({ path, size, content: bytes, attributes });
      if (verdict.kind !== "source") {
        leaveOut({ path, verdict });
        return;
      }
      paths.push(path);
      intake.sources += 1;
      intake.sourceBytes += size;
      onSource({ path, source: decoder.decode(bytes) });
    },
  };
  return intake;

  function leaveOut({ path, verdict }: { path: string; verdict: FileVerdict }): void {
    skipped.set(verdict.reason, (skipped.get(verdict.reason) ?? 0) + 1);
    if (verdict.kind === "other") paths.push(path);
  }
}
