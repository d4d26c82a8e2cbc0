import { createReadStream, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Readable } from "node:stream";
import { ArchiveError } from "../../../functions/ingestion/archive/archive-error.ts";
import type { Intake } from "../../../functions/ingestion/archive/open-intake.ts";
import { readTar } from "../../../functions/ingestion/archive/read-tar.ts";
import { openMining } from "../../../functions/ingestion/mining/open-mining.ts";
import { type Candidate, proposeCandidates } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { findRecent } from "./find-recent.ts";
import { countFiles, readFolder } from "./read-folder.ts";

export interface MineReport {
  /** Name of the folder or archive. */
  name: string;
  commitId: string | undefined;
  sources: number;
  sourceBytes: number;
  /** Files that were left out, by reason. */
  skipped: Readonly<Record<string, number>>;
  candidates: Candidate[];
}

/**
 * Mines a folder, or a gzipped tar archive of one.
 *
 * @param onFile called for each file with the number of those before it.
 * @throws Error with one sentence for people.
 */
export async function mine({ target, onFile }: { target: string; onFile(count: number): void }): Promise<MineReport> {
  const isFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory();
  const isRecent = isFolder ? findRecent(target) : undefined;
  const { intake, finish, recent } = openMining(isRecent === undefined ? {} : { isRecent });
  const counted = countFiles({ intake, onFile });
  if (isFolder === undefined) throw new Error(`There is no file or folder ${target}.`);
  if (isFolder) readFolder({ folder: target, intake: counted });
  const { commitId, skipped } = isFolder ? NO_ARCHIVE : await readArchive({ file: target, intake: counted });
  if (intake.sources === 0) throw new Error(`There is no source in TypeScript, JavaScript, Python or Go in ${target}.`);
  const candidates = await proposeCandidates(finish(), recent);
  return {
    name: basename(resolve(target)),
    commitId,
    sources: intake.sources,
    sourceBytes: intake.sourceBytes,
    skipped: { ...Object.fromEntries(intake.skipped), ...skipped },
    candidates,
  };
}

type Tree = Pick<MineReport, "commitId" | "skipped">;

const NO_ARCHIVE: Tree = { commitId: undefined, skipped: {} };

async function readArchive({ file, intake }: { file: string; intake: Pick<Intake, "wants" | "take"> }): Promise<Tree> {
  const stream = Readable.toWeb(createReadStream(file, { highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;
  const archive = readTar(stream, { wants: intake.wants });
  try {
    for await (const each of archive) intake.take(each);
  } catch (error) {
    throw error instanceof ArchiveError ? new Error(`${file}: ${error.message}.`, { cause: error }) : error;
  }
  const skipped = Object.entries(archive.summary.skipped).filter(([, count]) => count > 0);
  return {
    commitId: archive.summary.commitId,
    skipped: Object.fromEntries(skipped.map(([reason, count]) => [`archive: ${reason}`, count])),
  };
}
