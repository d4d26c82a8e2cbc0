import type { GitAttributes } from "../archive/git-attributes.ts";
import { judgeFile } from "../archive/judge-file.ts";
import { MINER_VERSION } from "../mining/miner-version.ts";
import type { KnownFile } from "./known-file.ts";

/** A file of a commit, as git names it. */
export interface ListedFile {
  path: string;
  sha: string;
  size: number;
}

/** What is to be done about the files of a tree, or of a part of it. */
export interface FilePlan {
  /** Source code that is not known yet. */
  toRead: ListedFile[];
  /** Files in other languages that are not known yet. */
  toNote: ListedFile[];
  /** Known files that had been gone and are there again, as they were. */
  returned: string[];
  /** Files that are no longer there, or no longer counted. */
  gone: string[];
  /** Files that are left out for their path or kind, by reason. */
  skipped: Record<string, number>;
  sources: number;
  sourceBytes: number;
}

const MAX_PATH_BYTES = 1_024;

/**
 * Compares the files of a commit with what is known: by path, content, version of the miner, and what a path says by itself, which the
 * repository's attributes may have changed.
 *
 * @param known those of the same part of the tree.
 */
export function planFiles({
  files,
  known,
  attributes,
}: {
  files: Iterable<ListedFile>;
  known: Iterable<KnownFile>;
  attributes: GitAttributes;
}): FilePlan {
  const rest = new Map<string, KnownFile>();
  for (const file of known) rest.set(file.path, file);
  const plan: FilePlan = { toRead: [], toNote: [], returned: [], gone: [], skipped: {}, sources: 0, sourceBytes: 0 };
  for (const file of files) {
    const { path, size } = file;
    const { kind, reason } = isStorablePath(path) ? judgeFile({ path, size, attributes }) : UNUSABLE;
    if (kind !== "source" && kind !== "other") {
      plan.skipped[reason] = (plan.skipped[reason] ?? 0) + 1;
      continue;
    }
    if (kind === "source") {
      plan.sources += 1;
      plan.sourceBytes += size;
    }
    const row = rest.get(path);
    rest.delete(path);
    if (row === undefined || !isAsKnown({ file, kind, row })) plan[kind === "source" ? "toRead" : "toNote"].push(file);
    else if (!row.isPresent) plan.returned.push(path);
  }
  for (const { path, isPresent } of rest.values()) if (isPresent) plan.gone.push(path);
  return plan;
}

const UNUSABLE = { kind: "unusable", reason: "bad_name" } as const;

/** The path is a part of a key, and text in a database. */
export function isStorablePath(path: string): boolean {
  return (
    path.length <= MAX_PATH_BYTES &&
    path.isWellFormed() &&
    !/\p{Cc}/u.test(path) &&
    new TextEncoder().encode(path).length <= MAX_PATH_BYTES
  );
}

function isAsKnown({ file, kind, row }: { file: ListedFile; kind: "source" | "other"; row: KnownFile }): boolean {
  return row.blobSha === file.sha && row.minerVersion === MINER_VERSION && (row.kind === "other") === (kind === "other");
}
