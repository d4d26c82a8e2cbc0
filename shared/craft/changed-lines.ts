/** Lines of the new side, from 1, the last one included. */
export interface LineRange {
  line: number;
  endLine: number;
}

export interface ChangedFile {
  /** On the new side. */
  path: string;
  /** Whether the path is new: the file was added, renamed or copied. */
  isNewPath: boolean;
  /** What was added or replaced, in order, without touching ranges. */
  added: LineRange[];
}

const HUNK = /^@@ -(\d{1,10})(?:,(\d{1,10}))? \+(\d{1,10})(?:,(\d{1,10}))? @@/;

/**
 * The added lines of one file, from the hunks of a unified diff: what GitHub calls the `patch` of a file. What is no hunk is passed over;
 * nothing is believed of a hunk but the lines that are there.
 */
export function changedLinesOfPatch(patch: string): LineRange[] {
  const reader = openLines(patch);
  const added: LineRange[] = [];
  for (let text = reader.next(); text !== undefined; text = reader.next()) readHunk({ text, reader, added });
  return added;
}

/**
 * The files of a diff that git wrote, with their added lines. Files of which only the mode changed, binary and empty ones have none;
 * deleted ones, and merges in which a file has more than one old side, are left out.
 */
export function changedLinesOfDiff(diff: string): ChangedFile[] {
  const reader = openLines(diff);
  const files: ChangedFile[] = [];
  let file: ChangedFile | undefined;
  for (let text = reader.next(); text !== undefined; text = reader.next()) {
    if (text.startsWith("diff ")) {
      file = openFile(text);
      if (file !== undefined) files.push(file);
    } else if (file !== undefined && !readHunk({ text, reader, added: file.added })) readHeader({ text, file });
  }
  return files.filter(({ path }) => path !== "");
}

/** Whether any of the lines from the one to the other is in a range. */
export function touchesRange({ ranges, line, endLine }: { ranges: readonly LineRange[] } & LineRange): boolean {
  return ranges.some((range) => range.line <= endLine && line <= range.endLine);
}

interface LineReader {
  next(): string | undefined;
  /** The next line without taking it. */
  peek(): string | undefined;
}

/** Git ends lines by a line feed alone, whatever else is in them. */
function openLines(text: string): LineReader {
  let from = 0;
  const endOf = () => {
    const end = text.indexOf("\n", from);
    return end === -1 ? text.length : end;
  };
  return {
    peek: () => (from >= text.length ? undefined : text.slice(from, endOf())),
    next() {
      if (from >= text.length) return undefined;
      const end = endOf();
      const line = text.slice(from, end);
      from = end + 1;
      return line;
    },
  };
}

/** Takes the lines of a hunk by their number in its header, so that no content can pass for a header. */
function readHunk({ text, reader, added }: { text: string; reader: LineReader; added: LineRange[] }): boolean {
  const header = HUNK.exec(text);
  if (header === null) return false;
  let oldLeft = Number(header[2] ?? 1);
  let newLeft = Number(header[4] ?? 1);
  let line = Number(header[3]);
  while (oldLeft > 0 || newLeft > 0) {
    const mark = reader.peek()?.charAt(0);
    if (mark === "+" && newLeft > 0) addLine({ added, line });
    else if (mark === "-" ? oldLeft === 0 : mark !== " " && mark !== "" && mark !== "\\") break;
    reader.next();
    if (mark === "\\") continue;
    if (mark !== "+") oldLeft -= 1;
    if (mark !== "-") {
      newLeft -= 1;
      line += 1;
    }
  }
  return true;
}

function addLine({ added, line }: { added: LineRange[]; line: number }): void {
  const last = added.at(-1);
  if (last !== undefined && last.endLine === line - 1) last.endLine = line;
  else added.push({ line, endLine: line });
}

/** `diff --git a/x b/x` names the path of what has neither hunks nor a new name, when both sides are the same. */
function openFile(text: string): ChangedFile | undefined {
  const names = /^diff --git (.*)$/s.exec(text)?.[1];
  if (names === undefined) return undefined;
  const half = (names.length - 1) / 2;
  const [left, right] = [unquote(names.slice(0, half)), unquote(names.slice(half + 1))];
  const isSame = Number.isInteger(half) && names[half] === " " && left.slice(2) === right.slice(2);
  return { path: isSame ? withoutSide(right) : "", isNewPath: false, added: [] };
}

function readHeader({ text, file }: { text: string; file: ChangedFile }): void {
  if (text.startsWith("+++ ")) file.path = pathOf(text.slice("+++ ".length));
  else if (text.startsWith("new file mode ") || text === "--- /dev/null") file.isNewPath = true;
  else if (text.startsWith("deleted file mode ")) file.path = "";
  else {
    const renamed = /^(?:rename|copy) to (.*)$/s.exec(text)?.[1];
    if (renamed === undefined) return;
    file.path = unquote(renamed);
    file.isNewPath = true;
  }
}

/** Git ends a name that has a space by a tab. */
function pathOf(name: string): string {
  const plain = name.endsWith("\t") ? name.slice(0, -1) : name;
  return plain === "/dev/null" ? "" : withoutSide(unquote(plain));
}

function withoutSide(name: string): string {
  return name.startsWith("b/") ? name.slice("b/".length) : "";
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** A name as git writes one with odd characters: in double quotes, its bytes escaped as in C. */
function unquote(name: string): string {
  if (name.length < 2 || !name.startsWith('"') || !name.endsWith('"')) return name;
  const bytes: number[] = [];
  for (const [part, octal, letter] of name.slice(1, -1).matchAll(/\\([0-3][0-7]{2})|\\(.)|[^\\]+|\\/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (letter !== undefined && ESCAPES[letter] !== undefined) bytes.push(ESCAPES[letter]);
    else for (const byte of new TextEncoder().encode(part)) bytes.push(byte);
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
