import { closeSync, constants, lstatSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  AGENTS_FILES,
  type AgentsSection,
  agentsSections,
  hasSection,
  placeSection,
} from "../../../shared/craft/agents-section.ts";
import { folderOf, nameOf } from "../../../shared/craft/repository-path.ts";
import { listFolder } from "./list-folder.ts";
import { printable } from "./printable.ts";
import { readConventions } from "./read-conventions.ts";

export const AGENTS_USAGE = `agents <folder> [--conventions <file>] [--name ${AGENTS_FILES.join("|")}] [--write]`;

const OPTIONS = { conventions: { type: "string" }, name: { type: "string" }, write: { type: "boolean" } } as const;
const MAX_FILE_BYTES = 1024 * 1024;
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;

/**
 * Shows the sections for agents, or writes each into the file of its folder. What cannot be written is told, and the rest is.
 *
 * @throws Error with one sentence for people.
 */
export function runAgents(args: string[]): void {
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const [folder, ...rest] = positionals;
  const name = AGENTS_FILES.find((each) => each === (values.name ?? AGENTS_FILES[0]));
  if (folder === undefined || rest.length > 0 || name === undefined) throw new Error(`Usage: npm run guilda -- ${AGENTS_USAGE}`);
  const conventions = readConventions({ file: values.conventions, folder });
  for (const section of agentsSections({ conventions, folders: foldersWithSection({ folder, name }) })) {
    const path = section.folder === "" ? name : `${section.folder}/${name}`;
    const outcome = values.write ? writeSection({ root: folder, path, section }) : shown(section);
    console.log(
      `${printable(path)}: ${outcome}${section.leftOut > 0 ? ` (${section.leftOut} conventions left out for length)` : ""}`,
    );
  }
}

/** Its text, line by line: sections have no characters that would act on a terminal, but their folders may. */
function shown({ text }: AgentsSection): string {
  return `\n${text.split("\n").map(printable).join("\n")}`;
}

/** So that a section whose conventions are gone does not go on speaking. */
function foldersWithSection({ folder, name }: { folder: string; name: string }): string[] {
  return listFolder(folder)
    .filter((path) => nameOf(path) === name && hasSection(readText({ root: folder, path }) ?? ""))
    .map(folderOf);
}

function writeSection({ root, path, section }: { root: string; path: string; section: AgentsSection }): string {
  const file = readText({ root, path });
  if (file === undefined) return "left alone, as it is no plain file of text in a folder of its own";
  const placement = placeSection({ file, section: section.text });
  if (!placement.isPlaced) return `left alone, as ${placement.reason}`;
  if (placement.text === file) return "is up to date";
  const descriptor = openSync(join(root, path), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  writeFileSync(descriptor, placement.text);
  closeSync(descriptor);
  return "written";
}

/** The text of a file, empty when there is none; undefined when a link leads to it, or what is there cannot be kept as it is. */
function readText({ root, path }: { root: string; path: string }): string | undefined {
  const folders = folderOf(path) === "" ? [] : folderOf(path).split("/");
  const isInside = folders.every((_, depth) =>
    lstatSync(join(root, ...folders.slice(0, depth + 1)), { throwIfNoEntry: false })?.isDirectory(),
  );
  if (!isInside) return undefined;
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return "";
  if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(join(root, path)));
  } catch {
    return undefined;
  }
}
