import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Convention, parseConventions } from "../../../shared/craft/conventions-file.ts";

const DEFAULT_NAME = "guilda.json";
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The conventions of a file, or else those that the folder brings.
 *
 * @throws Error with one sentence for people.
 */
export function readConventions({ file, folder }: { file: string | undefined; folder: string }): Convention[] {
  const path = file ?? join(folder, DEFAULT_NAME);
  // What the folder brings must be in it, which a link is not.
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || (file === undefined && !stats.isFile()))
    throw new Error(`There is no file of conventions ${path}: write one with mine --conventions.`);
  if (stats.size > MAX_BYTES) throw new Error(`${path} is too large for a file of conventions.`);
  return parseConventions(readFileSync(path, "utf8"));
}
