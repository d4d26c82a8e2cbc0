import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Lines that may pile up beyond four per living record before the journal is written anew. */
const SLACK_LINES = 20_000;

/** A line without a value deletes. */
type Line = [table: string, key: string, ...value: [unknown] | []];

/**
 * Tables that survive the death of the process: every change is appended to a file before the call returns.
 * The file is handed to the operating system, not forced to the disk: a killed process loses nothing, a power cut may.
 */
export class Journal {
  readonly #tables = new Map<string, Map<string, unknown>>();
  readonly #path: string | undefined;
  #file: number | undefined;
  #lines = 0;

  /** @param stateDir folder of the journal; without one, tables live in memory only. */
  constructor({ stateDir }: { stateDir?: string | undefined }) {
    if (stateDir === undefined) return;
    mkdirSync(stateDir, { recursive: true });
    this.#path = join(stateDir, "qstash.jsonl");
    for (const [table, key, ...value] of readLines(this.#path)) {
      if (value.length === 0) this.#stored(table).delete(key);
      else this.#stored(table).set(key, value[0]);
    }
    this.#compact();
  }

  /** @returns a map whose changes are kept; a value changed in place is kept when it is set again. */
  table<T>(name: string): Map<string, T> {
    const table = new JournaledMap<T>((key, ...value) => this.#append([name, key, ...value]));
    // The records of a table were written by this same program under this same name.
    for (const [key, value] of this.#stored(name)) table.restore(key, value as T);
    this.#tables.set(name, table);
    return table;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #stored(table: string): Map<string, unknown> {
    const stored = this.#tables.get(table) ?? new Map<string, unknown>();
    this.#tables.set(table, stored);
    return stored;
  }

  #append(line: Line): void {
    if (this.#file === undefined) return;
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#lines += 1;
    if (this.#lines > SLACK_LINES && this.#lines > 4 * this.#living() + SLACK_LINES) this.#compact();
  }

  #living(): number {
    return [...this.#tables.values()].reduce((sum, table) => sum + table.size, 0);
  }

  /** Writes the living records beside the journal and swaps the files: a death in between leaves one whole file. */
  #compact(): void {
    if (this.#path === undefined) return;
    const lines = [...this.#tables].flatMap(([name, table]) =>
      [...table].map(([key, value]) => JSON.stringify([name, key, value])),
    );
    writeFileSync(`${this.#path}.new`, lines.map((line) => `${line}\n`).join(""));
    renameSync(`${this.#path}.new`, this.#path);
    this.close();
    this.#file = openSync(this.#path, "a");
    this.#lines = lines.length;
  }
}

class JournaledMap<T> extends Map<string, T> {
  readonly #keep: (key: string, ...value: [T] | []) => void;

  /** @param keep called after each change; without a value for a deletion. */
  constructor(keep: (key: string, ...value: [T] | []) => void) {
    super();
    this.#keep = keep;
  }

  restore(key: string, value: T): void {
    super.set(key, value);
  }

  override set(key: string, value: T): this {
    super.set(key, value);
    this.#keep(key, value);
    return this;
  }

  override delete(key: string): boolean {
    const existed = super.delete(key);
    if (existed) this.#keep(key);
    return existed;
  }
}

/** A line without its end was being written when the process died: nobody was told that it was kept. */
function readLines(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}
