import type { GitAttributes } from "../archive/git-attributes.ts";
import { judgeFile } from "../archive/judge-file.ts";
import { type MineSource, openSourceMiner } from "../mining/mine-source.ts";
import type { FileTally } from "../mining/tally-file.ts";
import type { ListedFile } from "./plan-files.ts";

/** What is stored of a file. */
export interface FileRow extends ListedFile {
  kind: "source" | "other" | "skipped";
  /** Why a file whose content was read is left out all the same. */
  skippedAs: string | null;
  tally: FileTally;
}

export interface FileReader {
  read(file: ListedFile, content: { bytes: Uint8Array; attributes: GitAttributes }): FileRow;
}

/** @returns a file of another language as it is stored: it counts by its path alone. */
export function noteFile(file: ListedFile): FileRow {
  return { ...file, kind: "other", skippedAs: null, tally: {} };
}

export function openFileReader(): FileReader {
  const mineSource: MineSource = openSourceMiner();
  const decoder = new TextDecoder();
  return {
    read(file, { bytes, attributes }) {
      const { kind, reason } = judgeFile({ path: file.path, size: file.size, content: bytes, attributes });
      if (kind !== "source") return { ...file, kind: "skipped", skippedAs: reason, tally: {} };
      return { ...file, kind, skippedAs: null, tally: mineSource({ path: file.path, source: decoder.decode(bytes) }) };
    },
  };
}
