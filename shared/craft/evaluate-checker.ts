import type { Checker, CheckerOf, CheckerScope } from "./checker.ts";
import { fileCase } from "./file-case.ts";
import { compileGlob } from "./glob.ts";
import type { FactIndex, FactPlace } from "./index-facts.ts";
import { isPathSlot } from "./path-slots.ts";
import { folderOf, nameOf, resolvePath } from "./repository-path.ts";

/** An opportunity in which a convention was not followed. */
export interface Violation {
  path: string;
  /** From 1. */
  line: number;
  endLine: number;
  /** What was found instead: the other value, the specifier, the callee, the name of the file, or the path that is not there. */
  value: string;
  /** Whether it is about the file as such, and `line` the first for want of a better one. */
  isOfFile: boolean;
}

export interface Evaluation {
  opportunities: number;
  hits: number;
  /** Of facts, one for each opportunity that is no hit; of tallies, one for each file and value. In the order of the index. */
  violations: Violation[];
}

const CODE_PATH = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/**
 * What a checker says of the facts of files. A name that fits several cases, such as one lower-case word, is no opportunity.
 *
 * The time is linear in the facts of the slots that the checker is about, or in the paths.
 */
export function evaluateChecker({ checker, index }: { checker: Checker; index: FactIndex }): Evaluation {
  switch (checker.kind) {
    case "decision":
      return evaluateDecision({ checker, index });
    case "file-name":
      return evaluateFileName({ checker, index });
    case "import":
      return evaluateImport({ checker, index });
    case "call":
      return checker.must === undefined ? evaluateForbidden({ checker, index }) : evaluateRequired({ checker, index });
    case "pair":
      return evaluatePair({ checker, index });
  }
}

/** Whether a path is in the scope of a checker. */
export function compileScope({ folder, include, exclude }: CheckerScope): (path: string) => boolean {
  const start = folder === "" ? "" : `${folder}/`;
  const includes = include === undefined ? () => true : compileGlobs({ globs: include });
  const excludes = compileGlobs({ globs: exclude ?? [] });
  return (path) => {
    if (!path.startsWith(start)) return false;
    const below = path.slice(start.length);
    return includes(below) && !excludes(below);
  };
}

type Inputs<Kind extends Checker["kind"]> = { checker: CheckerOf<Kind>; index: FactIndex };

function evaluateDecision({ checker, index }: Inputs<"decision">): Evaluation {
  const allowed = new Set(checker.allow);
  return evaluatePlaces({
    places: index.bySlot.get(checker.slot) ?? [],
    scope: checker.in,
    isHit: ({ value }) => allowed.has(value),
    isOfFile: isPathSlot(checker.slot),
  });
}

function evaluateImport({ checker: { only, never, in: scope }, index }: Inputs<"import">): Evaluation {
  const isAllowed = only === undefined ? () => true : compileTargets(only);
  const isForbidden = never === undefined ? () => false : compileTargets(never);
  return evaluatePlaces({
    places: index.bySlot.get("~import") ?? [],
    scope,
    isHit: (place) => isAllowed(place) && !isForbidden(place),
    isOfFile: false,
  });
}

/** A file of code without the call is one hit; each call is a violation. */
function evaluateForbidden({ checker: { never = [], in: scope }, index }: Inputs<"call">): Evaluation {
  const isForbidden = compileGlobs({ globs: never, separator: "." });
  const calls = (index.bySlot.get("~call") ?? []).filter(({ value }) => isForbidden(value));
  const { opportunities, violations } = evaluatePlaces({ places: calls, scope, isHit: () => false, isOfFile: false });
  const paths = new Set(violations.map(({ path }) => path));
  const hits = codePaths({ index, scope }).filter((path) => !paths.has(path)).length;
  return { opportunities: opportunities + hits, hits, violations };
}

function evaluateRequired({ checker: { must = [], in: scope }, index }: Inputs<"call">): Evaluation {
  const isRequired = compileGlobs({ globs: must, separator: "." });
  const calls = (index.bySlot.get("~call") ?? []).filter(({ value }) => isRequired(value));
  const calling = new Set(calls.map(({ path }) => path));
  return evaluateFiles({
    paths: codePaths({ index, scope }),
    fault: (path) => (calling.has(path) ? undefined : `no call of ${must.join(" or ")}`),
  });
}

function evaluateFileName({ checker, index }: Inputs<"file-name">): Evaluation {
  const { prefix, suffix, in: scope } = checker;
  const isDecided = (path: string) => prefix !== undefined || suffix !== undefined || caseOfPath(path) !== undefined;
  return evaluateFiles({
    paths: index.paths.filter(compileScope(scope)).filter(isDecided),
    fault(path) {
      const name = nameOf(path);
      const found = caseOfPath(path);
      const isCase = checker.case === undefined || found === undefined || found === checker.case;
      return isCase && name.startsWith(prefix ?? "") && name.endsWith(suffix ?? "") ? undefined : name;
    },
  });
}

function evaluatePair({ checker: { siblings, in: scope }, index }: Inputs<"pair">): Evaluation {
  return evaluateFiles({
    paths: index.paths.filter(compileScope(scope)),
    fault(path) {
      const expected = siblings.map((template) => expandTemplate({ template, path }));
      return expected.some((each) => each !== path && index.tree.has(each)) ? undefined : expected[0];
    },
  });
}

function evaluatePlaces({
  places,
  scope,
  isHit,
  isOfFile,
}: {
  places: readonly FactPlace[];
  scope: CheckerScope;
  isHit(place: FactPlace): boolean;
  isOfFile: boolean;
}): Evaluation {
  const isInScope = compileScope(scope);
  const evaluation: Evaluation = { opportunities: 0, hits: 0, violations: [] };
  for (const place of places) {
    const { path, value, line, endLine, occurrences } = place;
    if (!isInScope(path)) continue;
    evaluation.opportunities += occurrences;
    if (isHit(place)) evaluation.hits += occurrences;
    else evaluation.violations.push({ path, line, endLine, value, isOfFile });
  }
  return evaluation;
}

/** @param fault what is wrong with a file; undefined for nothing. */
function evaluateFiles({ paths, fault }: { paths: readonly string[]; fault(path: string): string | undefined }): Evaluation {
  const violations = paths.flatMap((path) => {
    const value = fault(path);
    return value === undefined ? [] : [{ path, line: 1, endLine: 1, value, isOfFile: true }];
  });
  return { opportunities: paths.length, hits: paths.length - violations.length, violations };
}

function codePaths({ index, scope }: { index: FactIndex; scope: CheckerScope }): string[] {
  return index.paths.filter(compileScope(scope)).filter((path) => CODE_PATH.test(path));
}

/** A relative specifier names a path, from the file that it is in; any other a package, aliases included. */
function compileTargets({ packages = [], paths = [] }: { packages?: string[]; paths?: string[] }): (place: FactPlace) => boolean {
  const isPackage = compileGlobs({ globs: packages });
  const isPath = compileGlobs({ globs: paths });
  return ({ path, value }) =>
    /^\.\.?(?:\/|$)/.test(value) ? isPath(resolvePath(`${folderOf(path)}/${value}`)) : isPackage(value);
}

function compileGlobs({ globs, separator }: { globs: readonly string[]; separator?: string }): (text: string) => boolean {
  const matchers = globs.map((glob) => compileGlob({ glob, separator }));
  return (text) => matchers.some((matches) => matches(text));
}

function caseOfPath(path: string): ReturnType<typeof fileCase> {
  const name = nameOf(path);
  const dot = name.indexOf(".", 1);
  return fileCase(dot === -1 ? name : name.slice(0, dot));
}

function expandTemplate({ template, path }: { template: string; path: string }): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf(".");
  const parts: Readonly<Record<string, string>> = {
    dir: folderOf(path),
    stem: dot > 0 ? name.slice(0, dot) : name,
    ext: dot > 0 ? name.slice(dot + 1) : "",
  };
  return resolvePath(template.replaceAll(/\{(dir|stem|ext)\}/g, (_, part: string) => parts[part] ?? ""));
}
