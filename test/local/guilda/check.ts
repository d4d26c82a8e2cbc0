import { readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { openIntake } from "../../../functions/ingestion/archive/open-intake.ts";
import type { Fact } from "../../../functions/ingestion/mining/facts.ts";
import { pathFacts } from "../../../functions/ingestion/mining/path-facts.ts";
import { openFactReader } from "../../../functions/ingestion/mining/read-facts.ts";
import type { Convention } from "../../../shared/craft/conventions-file.ts";
import { type CheckedConvention, findViolations } from "../../../shared/craft/find-violations.ts";
import { type FactIndex, indexFacts } from "../../../shared/craft/index-facts.ts";
import { listChanges } from "./list-changes.ts";
import { countFiles, readFolder } from "./read-folder.ts";

export interface CheckReport {
  /** Name of the folder. */
  name: string;
  /** Of code that was read. */
  sources: number;
  /** The commit since which changes count; undefined when everything does. */
  since: string | undefined;
  checked: CheckedConvention[];
}

/**
 * Checks the files of a folder.
 *
 * @param since what names a commit to git: only what changed after it counts.
 * @param onFile called for each file with the number of those before it.
 * @throws Error with one sentence for people.
 */
export async function check({
  folder,
  conventions,
  since,
  now,
  onFile,
}: {
  folder: string;
  conventions: readonly Convention[];
  since: string | undefined;
  now: Date;
  onFile(count: number): void;
}): Promise<CheckReport> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Error(`There is no folder ${folder}.`);
  const changed = since === undefined ? undefined : listChanges({ folder, since });
  const { index, sources } = indexFolder({ folder, onFile });
  const checked = await findViolations({
    conventions,
    index,
    changed,
    now,
    sourceOf: (path) => readFileSync(join(folder, path), "utf8"),
  });
  return { name: basename(resolve(folder)), sources, since, checked };
}

function indexFolder({ folder, onFile }: { folder: string; onFile(count: number): void }): { index: FactIndex; sources: number } {
  const readFacts = openFactReader();
  const facts = new Map<string, Fact[]>();
  const intake = openIntake({ onSource: ({ path, source }) => facts.set(path, readFacts({ path, source })) });
  readFolder({ folder, intake: countFiles({ intake, onFile }) });
  const ofPaths = Map.groupBy(pathFacts(intake.paths), ({ path }) => path);
  const files = intake.paths.map((path) => ({ path, facts: [...(facts.get(path) ?? []), ...(ofPaths.get(path) ?? [])] }));
  return { index: indexFacts({ files }), sources: intake.sources };
}
