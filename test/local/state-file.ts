import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StateFile<State> {
  state: State;
  /** Writes the state before it returns, so an answered request survives a killed process. Does nothing without a folder. */
  save(): void;
}

/**
 * State of a stand-in, kept as one JSON file.
 *
 * @param folder where the file lives; the state lives in memory alone when left out.
 * @param name file name without its extension.
 * @param empty the state when there is no file yet.
 */
export function openStateFile<State>({
  folder,
  name,
  empty,
}: {
  folder: string | undefined;
  name: string;
  empty: State;
}): StateFile<State> {
  if (folder === undefined) return { state: empty, save: () => undefined };
  const path = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  const state = read<State>(path) ?? empty;
  return { state, save: () => replaceFile(path, JSON.stringify(state)) };
}

function read<State>(path: string): State | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
