import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Intake } from "../../../functions/ingestion/archive/open-intake.ts";
import { listFolder } from "./list-folder.ts";

/** What is listed and not a plain file (a link, a submodule, a file that was deleted) is no source. */
export function readFolder({ folder, intake }: { folder: string; intake: Pick<Intake, "wants" | "take"> }): void {
  for (const path of listFolder(folder)) {
    const absolute = join(folder, path);
    const stats = lstatSync(absolute, { throwIfNoEntry: false });
    if (stats?.isFile() && intake.wants(path, stats.size)) intake.take({ path, size: stats.size, bytes: readFileSync(absolute) });
  }
}

/** @param onFile called for each file with the number of those before it. */
export function countFiles({ intake, onFile }: { intake: Intake; onFile(count: number): void }): Pick<Intake, "wants" | "take"> {
  let count = 0;
  return {
    wants(path, size) {
      onFile(count);
      count += 1;
      return intake.wants(path, size);
    },
    take: intake.take,
  };
}
