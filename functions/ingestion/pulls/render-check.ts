import { asCode, asPlain, asWords, githubUrl } from "./foreign-text.ts";
import type { ToldPattern } from "./told-pattern.ts";

/** What GitHub takes at once. */
export const MAX_ANNOTATIONS_AT_ONCE = 50;
/** What people still read. */
const MAX_ANNOTATIONS = 200;
const MAX_ROWS = 100;
const NAME_CHARS = 120;
const TEXT_CHARS = 600;
const LEVELS = { error: "failure", warning: "warning", info: "notice" } as const;
const REASONS: Readonly<Record<string, string>> = {
  unlisted: "not in the tree as far as GitHub tells it",
  no_patch: "with changes too large to be shown",
  too_many: "beyond what one check reads",
  bad_name: "with a name that cannot be stored",
};

export interface NewAnnotation {
  path: string;
  startLine: number;
  endLine: number;
  level: "notice" | "warning" | "failure";
  title: string;
  message: string;
}

export interface CheckRunOutput {
  title: string;
  summary: string;
  annotations: readonly NewAnnotation[];
}

export interface NewComment {
  path: string;
  /** A line of the new side that the diff shows. */
  line: number;
  body: string;
}

/** A violation that counts. */
export interface ToldViolation {
  patternId: string;
  path: string;
  startLine: number;
  endLine: number;
  value: string;
  severity: "error" | "warning" | "info";
}

export interface ToldCheck {
  fullName: string;
  publicUrl: string;
  filesRead: number;
  leftOut: Readonly<Record<string, number>>;
  waived: number;
  dismissed: number;
  patterns: readonly ToldPattern[];
  /** The worst first. */
  violations: readonly ToldViolation[];
}

/** What a check says on GitHub: figures, each with the page that it opens, and a note at each place. Bounded, and without personal data. */
export function renderCheck(check: ToldCheck): CheckRunOutput {
  return { title: titleOf(check), summary: summaryOf(check), annotations: annotationsOf(check) };
}

function titleOf({ violations }: ToldCheck): string {
  if (violations.length === 0) return "No violation on the changed lines";
  const count = (severity: ToldViolation["severity"], name: string) => {
    const found = violations.filter((each) => each.severity === severity).length;
    return found === 0 ? [] : [`${found} ${name}${found === 1 ? "" : "s"}`];
  };
  return [...count("error", "error"), ...count("warning", "warning"), ...count("info", "note")].join(", ");
}

function summaryOf(check: ToldCheck): string {
  const { filesRead, leftOut, waived, dismissed, patterns, violations } = check;
  const counted = patterns.filter(({ opportunities }) => opportunities !== null);
  const rows = counted.slice(0, MAX_ROWS).map((pattern) => {
    const { name, severity, opportunities, hits } = pattern;
    return `| [${asWords(name, NAME_CHARS)}](${pageOf(check, pattern)}) | ${severity} | ${hits} of ${opportunities} | ${exampleOf(check, pattern)} |`;
  });
  return [
    `Only what this pull request adds or changes is compared with the conventions of the repository; ${filesRead} ${filesRead === 1 ? "file was" : "files were"} read.`,
    ...(rows.length === 0 ? [] : ["", "| convention | severity | followed | example |", "|---|---|---|---|", ...rows]),
    ...(counted.length > rows.length ? ["", `And ${counted.length - rows.length} conventions more.`] : []),
    ...(violations.length > MAX_ANNOTATIONS
      ? ["", `The first ${MAX_ANNOTATIONS} of ${violations.length} places are marked.`]
      : []),
    ...(waived + dismissed > 0 ? ["", `Let off: ${waived} by waivers, ${dismissed} dismissed.`] : []),
    ...leftOutLines(leftOut),
  ].join("\n");
}

function leftOutLines(leftOut: Readonly<Record<string, number>>): string[] {
  const reasons = Object.entries(leftOut).sort(([left], [right]) => (left < right ? -1 : 1));
  if (reasons.length === 0) return [];
  return ["", "Files left out:", ...reasons.map(([reason, count]) => `- ${count} ${REASONS[reason] ?? reason}`)];
}

function annotationsOf(check: ToldCheck): CheckRunOutput["annotations"] {
  const byId = new Map(check.patterns.map((pattern) => [pattern.id, pattern]));
  return check.violations.slice(0, MAX_ANNOTATIONS).flatMap(({ patternId, path, startLine, endLine, value, severity }) => {
    const pattern = byId.get(patternId);
    if (pattern === undefined) return [];
    return [
      {
        path,
        startLine,
        endLine,
        level: LEVELS[severity],
        title: asPlain(pattern.name, NAME_CHARS),
        message: messageOf({ check, pattern, value }),
      },
    ];
  });
}

function messageOf({ check, pattern, value }: { check: ToldCheck; pattern: ToldPattern; value: string }): string {
  const { description, rationale, example } = pattern;
  return [
    asPlain(description, TEXT_CHARS),
    `Here: ${asPlain(value, NAME_CHARS)}`,
    ...(rationale === null ? [] : [`Why: ${asPlain(rationale, TEXT_CHARS)}`]),
    ...(example === null ? [] : [`Example: ${exampleUrl(check, example)}`]),
    pageOf(check, pattern),
  ].join("\n");
}

/** What a comment on a line says, but for its mark. */
export function renderComment({
  check,
  pattern,
  violation: { value, severity },
}: {
  check: Pick<ToldCheck, "fullName" | "publicUrl">;
  pattern: ToldPattern;
  violation: ToldViolation;
}): string {
  const { name, description, rationale, example } = pattern;
  return [
    `**${severity === "error" ? "Error" : "Warning"}: [${asWords(name, NAME_CHARS)}](${pageOf(check, pattern)})**`,
    "",
    `${asWords(description, TEXT_CHARS)} Here: ${asCode(value, NAME_CHARS)}.`,
    ...(rationale === null ? [] : ["", `Why: ${asWords(rationale, TEXT_CHARS)}`]),
    ...(example === null ? [] : ["", exampleOf(check, pattern)]),
  ].join("\n");
}

/** What a comment says whose violation is gone or let off. */
export function renderResolved({ check, pattern }: { check: Pick<ToldCheck, "publicUrl">; pattern: ToldPattern }): string {
  return `**Resolved: [${asWords(pattern.name, NAME_CHARS)}](${pageOf(check, pattern)})**\n\nThis no longer counts here.`;
}

function exampleOf(check: Pick<ToldCheck, "fullName">, { example }: ToldPattern): string {
  return example === null ? "" : `[how it is done](${exampleUrl(check, example)})`;
}

function exampleUrl({ fullName }: Pick<ToldCheck, "fullName">, example: NonNullable<ToldPattern["example"]>): string {
  return githubUrl({ fullName, ...example });
}

function pageOf({ publicUrl }: Pick<ToldCheck, "publicUrl">, { id }: Pick<ToldPattern, "id">): string {
  return `${publicUrl}/patterns/${id}`;
}
