import { type ChangedFile, touchesRange } from "./changed-lines.ts";
import { type Convention, type Waiver, waiverFor } from "./conventions-file.ts";
import { type Evaluation, evaluateChecker, type Violation } from "./evaluate-checker.ts";
import type { FactIndex } from "./index-facts.ts";
import { fingerprintViolations } from "./violation-fingerprint.ts";

export interface FoundViolation extends Violation {
  fingerprint: string;
  /** Undefined when it counts. */
  waiver: Waiver | undefined;
}

export interface CheckedConvention {
  convention: Convention;
  /** In all files of the index, changed or not. */
  opportunities: number;
  hits: number;
  /** By path and line. */
  violations: FoundViolation[];
}

/**
 * Evaluates conventions and says which violations there are, each with the fingerprint that it also had before its lines moved.
 *
 * @param changed by path; with it, only violations that touch an added line count, or that are about a file whose path is new.
 * @param sourceOf text of a file that has a violation.
 */
export function findViolations({
  conventions,
  index,
  changed,
  now,
  sourceOf,
}: {
  conventions: readonly Convention[];
  index: FactIndex;
  changed?: ReadonlyMap<string, ChangedFile> | undefined;
  now: Date;
  sourceOf(path: string): string;
}): Promise<CheckedConvention[]> {
  return Promise.all(
    conventions.map(async (convention) => {
      const { opportunities, hits, violations } = evaluateChecker({ checker: convention.checker, index });
      const found = await Promise.all(
        byPath({ violations, changed }).map(([path, own]) =>
          fingerprintFile({ convention, path, violations: own, now, sourceOf }),
        ),
      );
      return {
        convention,
        opportunities,
        hits,
        violations: found.flat().filter((each) => isChanged({ violation: each, changed })),
      };
    }),
  );
}

/** Those of files that changed at all, in order. */
function byPath({
  violations,
  changed,
}: {
  violations: Evaluation["violations"];
  changed: ReadonlyMap<string, ChangedFile> | undefined;
}): [path: string, violations: Violation[]][] {
  const groups = Map.groupBy(violations, ({ path }) => path);
  return [...groups]
    .filter(([path]) => changed === undefined || changed.has(path))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([path, own]) => [path, own.sort((left, right) => left.line - right.line || left.endLine - right.endLine)]);
}

/** All of a file get their fingerprint, so that which of them count does not change it. */
async function fingerprintFile({
  convention: { id, waivers },
  path,
  violations,
  now,
  sourceOf,
}: {
  convention: Convention;
  path: string;
  violations: Violation[];
  now: Date;
  sourceOf(path: string): string;
}): Promise<FoundViolation[]> {
  const waiver = waiverFor({ waivers, path, now });
  const fingerprints = await fingerprintViolations({ pattern: id, violations, source: sourceOf(path) });
  return violations.map((violation, at) => ({ ...violation, fingerprint: fingerprints[at] ?? "", waiver }));
}

function isChanged({
  violation: { path, line, endLine, isOfFile },
  changed,
}: {
  violation: Violation;
  changed: ReadonlyMap<string, ChangedFile> | undefined;
}): boolean {
  const file = changed?.get(path);
  if (file === undefined) return changed === undefined;
  return isOfFile ? file.isNewPath : touchesRange({ ranges: file.added, line, endLine });
}
