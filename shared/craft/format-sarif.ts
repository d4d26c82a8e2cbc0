import type { Severity } from "./conventions-file.ts";
import type { CheckedConvention, FoundViolation } from "./find-violations.ts";

const LEVELS: Readonly<Record<Severity, "error" | "warning" | "note">> = { error: "error", warning: "warning", info: "note" };
/** By which readers know the fingerprint of one tool from that of another. */
const FINGERPRINT_NAME = "guildaViolation/v1";
const ROOT_ID = "%SRCROOT%";

/**
 * What was found as SARIF 2.1.0, the format that code scanning services read. Paths are relative to the root of the repository, and
 * percent-encoded; what a waiver lets off is suppressed with its reason.
 *
 * @param known fingerprints that a baseline has; without one, nothing is said of what is new.
 */
export function formatSarif({
  checked,
  known,
}: {
  checked: readonly CheckedConvention[];
  known?: ReadonlySet<string> | undefined;
}): string {
  const log = {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Guilda", rules: checked.map(toRule) } },
        originalUriBaseIds: { [ROOT_ID]: { description: { text: "The root of the repository." } } },
        columnKind: "utf16CodeUnits",
        results: checked.flatMap(({ convention, violations }, ruleIndex) =>
          violations.map((violation) => ({
            ruleId: convention.id,
            ruleIndex,
            level: LEVELS[convention.severity],
            message: { text: messageOf({ name: convention.name, violation }) },
            locations: [toLocation(violation)],
            partialFingerprints: { [FINGERPRINT_NAME]: violation.fingerprint },
            ...(known === undefined ? {} : { baselineState: known.has(violation.fingerprint) ? "unchanged" : "new" }),
            ...suppressionsOf(violation),
          })),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** What is said of a violation, in one line. */
export function messageOf({ name, violation }: { name: string; violation: Pick<FoundViolation, "value"> }): string {
  return `${name}. Here: ${violation.value}`;
}

function toRule({ convention: { id, name, description, severity, rationale } }: CheckedConvention): object {
  return {
    id,
    shortDescription: { text: name },
    fullDescription: { text: description },
    defaultConfiguration: { level: LEVELS[severity] },
    ...(rationale === undefined ? {} : { help: { text: rationale } }),
  };
}

function toLocation({ path, line, endLine }: FoundViolation): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodePath(path), uriBaseId: ROOT_ID },
      region: { startLine: line, endLine },
    },
  };
}

function suppressionsOf({ waiver }: FoundViolation): object {
  return waiver === undefined ? {} : { suppressions: [{ kind: "external", status: "accepted", justification: waiver.reason }] };
}

/** Each segment by itself: a name may hold anything but a slash, halves of characters included. */
function encodePath(path: string): string {
  return path
    .split("/")
    .map((segment) => encodeURIComponent(segment.toWellFormed()))
    .join("/");
}
