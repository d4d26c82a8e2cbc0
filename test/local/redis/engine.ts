/** A status answer such as `OK` or `PONG`: Redis tells it apart from a string of the same letters, and so does the REST encoding. */
export interface Status {
  status: string;
}

/** What Redis answers to a command. Strings are binary: one character is one byte (latin1). */
export type Reply = string | number | null | Status | CommandError | Reply[];

/** An error answer. The message begins with its code: `ERR …`, `WRONGTYPE …`. */
export class CommandError extends Error {}

/** What stands behind the REST layer. A command is its name and arguments as binary strings; it has at least a name. */
export interface Engine {
  execute(command: string[]): Promise<Reply>;
  /** Runs the commands with no other command between them; a failing one does not stop the rest. An error discards them all. */
  transaction(commands: string[][]): Promise<Reply[] | CommandError>;
  close(): Promise<void>;
}

export const OK: Status = { status: "OK" };

/** @returns the text as a binary string of its UTF-8 bytes. */
export function toBinary(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** @returns the text whose UTF-8 bytes the binary string holds. */
export function toText(binary: string): string {
  return Buffer.from(binary, "latin1").toString("utf8");
}
