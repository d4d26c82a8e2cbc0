import { type Convention, SEVERITIES } from "./conventions-file.ts";

/** The files that agents read in a folder, by the names that are known. */
export const AGENTS_FILES = ["AGENTS.md", "CLAUDE.md"] as const;

const BEGIN = "<!-- guilda:begin (kept by Guilda: what is between these two lines is replaced) -->";
const END = "<!-- guilda:end -->";
const ANY_MARKER = /<!--\s*guilda:/i;
const MAX_WORDS = 300;
const MAX_NAME_CHARS = 200;
const MAX_REASON_CHARS = 300;

/** What is to be kept in the file for agents of one folder. */
export interface AgentsSection {
  /** Empty for the whole repository. */
  folder: string;
  /** Markers included, lines ended by `\n`. */
  text: string;
  /** Conventions for which there were no words left. */
  leftOut: number;
}

/**
 * The conventions as agents read them: a section for each folder that has some, the severest first, within a number of words. Names and
 * reasons are written by people and models, so they become plain text: without links, HTML, markers and hidden characters.
 *
 * @param folders that get a section even without conventions, because they have one from before.
 */
export function agentsSections({
  conventions,
  folders = [],
  maxWords = MAX_WORDS,
}: {
  conventions: readonly Convention[];
  folders?: readonly string[];
  maxWords?: number;
}): AgentsSection[] {
  const groups = Map.groupBy(conventions, ({ checker }) => checker.in.folder);
  return [...new Set([...folders, ...groups.keys()])]
    .sort()
    .map((folder) => renderSection({ folder, conventions: groups.get(folder) ?? [], maxWords }));
}

export type Placement = { isPlaced: true; text: string } | { isPlaced: false; reason: string };

/**
 * Puts a section into the text of a file, in the place of the one that is there, else at the end. All else stays as it is; the section
 * takes on the line ends of the file. A file whose markers are not one pair, each on a line of its own, is refused.
 */
export function placeSection({ file, section }: { file: string; section: string }): Placement {
  const lineEnd = file.includes("\r\n") ? "\r\n" : "\n";
  const own = section.replaceAll("\n", lineEnd);
  const markers = markerLines(file);
  if (markers === undefined) return { isPlaced: false, reason: "a marker of Guilda is not as it was written" };
  const [begin, end] = markers;
  if (begin === undefined) return { isPlaced: true, text: `${file}${gapAfter({ file, lineEnd })}${own}` };
  if (end === undefined || markers.length > 2 || begin.isEnd || !end.isEnd)
    return { isPlaced: false, reason: "the markers of Guilda are not one pair" };
  const isLast = end.after === file.length && !file.endsWith("\n");
  const placed = isLast ? own.slice(0, -lineEnd.length) : own;
  return { isPlaced: true, text: `${file.slice(0, begin.from)}${placed}${file.slice(end.after)}` };
}

/** Whether a file has a section, or what is left of one. */
export function hasSection(file: string): boolean {
  return ANY_MARKER.test(file);
}

function renderSection({
  folder,
  conventions,
  maxWords,
}: {
  folder: string;
  conventions: readonly Convention[];
  maxWords: number;
}): AgentsSection {
  const lines = [
    "## Conventions",
    "",
    folder === ""
      ? "They hold in the whole repository, but where a file of a folder says otherwise."
      : "They hold in this folder, before those of the folders around it, which hold as well.",
    "",
  ];
  let wordsLeft = maxWords - lines.reduce((sum, line) => sum + countWords(line), 0);
  const ordered = SEVERITIES.flatMap((severity) => conventions.filter((each) => each.severity === severity));
  const items: string[] = [];
  for (const convention of ordered) {
    const item = renderItem(convention);
    wordsLeft -= countWords(item);
    if (wordsLeft < 0) break;
    items.push(item);
  }
  const body = conventions.length === 0 ? ["None at present."] : [...lines, ...items];
  return { folder, text: [BEGIN, ...body, END, ""].join("\n"), leftOut: ordered.length - items.length };
}

function renderItem({ name, severity, rationale, example }: Convention): string {
  const must = severity === "error" ? " (required)" : "";
  const why = rationale === undefined ? "" : ` Why: ${plainText({ text: rationale, maxChars: MAX_REASON_CHARS })}`;
  const shown = example === undefined ? "" : ` Example: ${quote(`${example.path}:${example.line}`)}.`;
  return `- ${plainText({ text: name, maxChars: MAX_NAME_CHARS })}${must}.${why}${shown}`;
}

/** Of all characters those that show; and what a reader would follow, load or take for markup becomes words. */
function plainText({ text, maxChars }: { text: string; maxChars: number }): string {
  const visible = readable(text)
    .replaceAll(/\b[a-z][a-z0-9+.-]{0,20}:\/\/\S*|\bwww\.\S+|\b(?:javascript|data|mailto):\S+/gi, "(a link)")
    .slice(0, maxChars)
    .replace(/[\s.\ud800-\udbff]+$/, "");
  // Between backticks text stands for itself, provided that they come in pairs.
  const parts = visible.split("`");
  if (parts.length % 2 === 0) return escapeMarkup(parts.join(""));
  return parts.map((part, at) => (at % 2 === 0 ? escapeMarkup(part) : quote(part))).join("");
}

function quote(text: string): string {
  const inside = readable(text).replaceAll("`", "").replaceAll("<!--", "< !--").replaceAll("-->", "-- >").trim();
  return inside === "" ? "" : `\`${inside}\``;
}

/** An `@` would make some agents read the file that it names. */
function escapeMarkup(text: string): string {
  return text
    .replaceAll(/[\\[\]*_#]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("@", "&#64;");
}

/** In one line, without what no person would see: control, format, private and unassigned characters, halves of characters. */
function readable(text: string): string {
  return text
    .normalize("NFC")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\p{C}|\p{Variation_Selector}/gu, "")
    .trim();
}

function countWords(line: string): number {
  return line.split(/\s+/).filter((word) => word !== "").length;
}

interface Marker {
  from: number;
  /** After its line end. */
  after: number;
  isEnd: boolean;
}

/** Undefined when something looks like a marker and is none. */
function markerLines(file: string): Marker[] | undefined {
  const markers: Marker[] = [];
  for (let from = 0; from < file.length; ) {
    const lineFeed = file.indexOf("\n", from);
    const after = lineFeed === -1 ? file.length : lineFeed + 1;
    const line = file.slice(from, after).replace(/\r?\n$/, "");
    if (ANY_MARKER.test(line)) {
      if (line !== BEGIN && line !== END) return undefined;
      markers.push({ from, after, isEnd: line === END });
    }
    from = after;
  }
  return markers;
}

/** One empty line between what is there and the section. */
function gapAfter({ file, lineEnd }: { file: string; lineEnd: string }): string {
  if (file === "" || file.endsWith(lineEnd + lineEnd)) return "";
  return file.endsWith("\n") ? lineEnd : lineEnd + lineEnd;
}
