import { extname } from "node:path";
import { hashText } from "../../../functions/ingestion/mining/hash-32.ts";
import { pathFacts } from "../../../functions/ingestion/mining/path-facts.ts";
import type { Candidate } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { lexAndExtract } from "../../ingestion/lex-and-extract.ts";
import { breakConvention, isBreakable } from "./break-convention.ts";
import { governingCandidate, isInScope, mineTree, type ReadFile, readFacts, tallyOf } from "./mine-tree.ts";
import type { Corpus, TreeFile } from "./open-corpora.ts";
import { type Declared, readDeclared } from "./read-declared.ts";
import { isOfPath, parse, placesOf } from "./syntax-places.ts";
import { type Expectation, expectationsOf, isAllowed } from "./vocabulary.ts";

/** How many of how many; `failures` names those that are missing. */
export interface Share {
  hits: number;
  of: number;
  failures: string[];
}

export interface CorpusMeasures {
  name: string;
  sources: number;
  candidates: number;
  /** Rules that the configuration switches on, and those of them that a slot can express. */
  declaredRules: number;
  expressedRules: number;
  /** Expectations with too few opportunities in the sources to be mined. */
  untestable: string[];
  recall: Share;
  /** Of the candidates that a rule judges, those that it confirms. */
  precision: Share;
  contradictions: string[];
  hold: Share;
  holdNext: Share;
  /** Of the held-out files, those of which a convention of the other half speaks: all conventions, and those that a rule declares. */
  noise: Share;
  noiseOfDeclared: Share;
  /** The same of conventions that speak, for few of the files that they were learnt from break them. */
  noiseOfKept: Share;
  /** Of the conventions of the one half, those. */
  kept: Share;
  mutations: Share;
  /** Of the flagged mutations, those after which no other convention is broken. */
  alone: Share;
  /** Of the candidates that do not come from paths, those whose slot a mutator can break. */
  breakable: Share;
  evidence: Share;
}

/** The gate of the miner: of less it says nothing. */
const MIN_OPPORTUNITIES = 20;
const MIN_FILES = 8;
/** A rule is found where conventions with its value speak for so much of what it is about. */
const MIN_COVERED = 0.8;
const HELD = 0.85;
/** Fewer opportunities in the other files neither hold nor fail. */
const MIN_HELD_OPPORTUNITIES = 10;
const MUTATIONS_PER_CANDIDATE = 4;

export async function measureCorpus({ name, tree, next }: Corpus): Promise<CorpusMeasures> {
  const candidates = await mineTree(tree);
  const files = readFacts(tree);
  const declared = readDeclared(tree);
  const expressed = [...declared.rules].filter(([rule, options]) => expectationsOf({ rule, options }).length > 0);
  const [half, heldOut] = split(tree);
  const learnt = await mineTree(half);
  const others = readFacts(heldOut);
  const kept = learnt.filter(({ speaks }) => speaks);
  return {
    name,
    sources: files.size,
    candidates: candidates.length,
    declaredRules: declared.rules.size,
    expressedRules: expressed.length,
    ...measureRecall({ declared, files, candidates }),
    ...measurePrecision({ declared, files, candidates }),
    hold: measureHold({ candidates: learnt, files: others }),
    holdNext: measureHold({ candidates, files: readFacts(changed({ tree, next })) }),
    noise: measureNoise({ candidates: learnt, files: others, declared, isDeclaredOnly: false }),
    noiseOfDeclared: measureNoise({ candidates: learnt, files: others, declared, isDeclaredOnly: true }),
    noiseOfKept: measureNoise({ candidates: kept, files: others, declared, isDeclaredOnly: false }),
    kept: { hits: kept.length, of: learnt.length, failures: [] },
    ...measureMutations({ candidates, files, tree }),
    evidence: measureEvidence({ candidates, files, tree }),
  };
}

/** A deterministic half by the hash of the path. Files that mine nothing go into both. */
function split(tree: readonly TreeFile[]): [TreeFile[], TreeFile[]] {
  const isFirst = ({ path }: TreeFile) => (hashText(path) & 1) === 0;
  const isManifest = ({ path }: TreeFile) => path.endsWith("package.json");
  return [tree.filter((file) => isFirst(file) || isManifest(file)), tree.filter((file) => !isFirst(file) || isManifest(file))];
}

/** The files of the next release that are new or have other content. */
function changed({ tree, next }: { tree: readonly TreeFile[]; next: readonly TreeFile[] }): TreeFile[] {
  const known = new Map(tree.map(({ path, bytes }) => [path, bytes]));
  return next.filter(({ path, bytes }) => Buffer.compare(known.get(path) ?? new Uint8Array(), bytes) !== 0);
}

function measureRecall({
  declared,
  files,
  candidates,
}: {
  declared: Declared;
  files: ReadonlyMap<string, ReadFile>;
  candidates: readonly Candidate[];
}): { recall: Share; untestable: string[] } {
  const recall: Share = { hits: 0, of: 0, failures: [] };
  const untestable: string[] = [];
  for (const { slot, is } of expectedValues(declared)) {
    let opportunities = 0;
    let obeyed = 0;
    let found = 0;
    let inFiles = 0;
    for (const [path, { facts }] of files) {
      const own = facts.filter((fact) => fact.slot === slot);
      if (own.length === 0 || !isExpected({ declared, path, slot, is })) continue;
      inFiles += 1;
      opportunities += own.length;
      obeyed += own.filter(({ value }) => value === is).length;
      if (governingCandidate({ candidates, slot, path })?.value === is) found += own.length;
    }
    if (opportunities < MIN_OPPORTUNITIES || inFiles < MIN_FILES) {
      untestable.push(`${slot} = ${is} (${opportunities} in ${inFiles} files)`);
      continue;
    }
    recall.of += 1;
    if (found >= opportunities * MIN_COVERED) recall.hits += 1;
    else recall.failures.push(`${slot} = ${is} (${obeyed} of ${opportunities} in ${inFiles} files)`);
  }
  return { recall, untestable };
}

/** Each value that any rule asks of a slot, once. */
function expectedValues({ rules }: Declared): { slot: string; is: string }[] {
  const values = new Map<string, { slot: string; is: string }>();
  for (const [rule, options] of rules)
    for (const each of expectationsOf({ rule, options })) if ("is" in each) values.set(`${each.slot} ${each.is}`, each);
  return [...values.values()];
}

function isExpected({ declared, path, slot, is }: { declared: Declared; path: string; slot: string; is: string }): boolean {
  return expectationsIn({ declared, path }).some((each) => each.slot === slot && "is" in each && each.is === is);
}

function expectationsIn({ declared, path }: { declared: Declared; path: string }): Expectation[] {
  return [...declared.rulesFor(path)].flatMap(([rule, options]) => expectationsOf({ rule, options }));
}

/** A candidate is judged by the rules in force where most of its opportunities are. */
function measurePrecision({
  declared,
  files,
  candidates,
}: {
  declared: Declared;
  files: ReadonlyMap<string, ReadFile>;
  candidates: readonly Candidate[];
}): { precision: Share; contradictions: string[] } {
  const precision: Share = { hits: 0, of: 0, failures: [] };
  for (const { scope, slot, value } of candidates) {
    const votes = { confirmed: 0, contradicted: 0, none: 0 };
    for (const [path, { facts }] of files) {
      const count = isInScope({ path, scope }) ? facts.filter((fact) => fact.slot === slot).length : 0;
      if (count === 0) continue;
      const about = expectationsIn({ declared, path }).filter((each) => each.slot === slot);
      const isBroken = about.some((expectation) => !isAllowed({ expectation, value }));
      votes[about.length === 0 ? "none" : isBroken ? "contradicted" : "confirmed"] += count;
    }
    if (votes.confirmed + votes.contradicted <= votes.none) continue;
    precision.of += 1;
    if (votes.confirmed > votes.contradicted) precision.hits += 1;
    else precision.failures.push(`${scope}/ ${slot} = ${value}`);
  }
  return { precision, contradictions: precision.failures };
}

function measureHold({ candidates, files }: { candidates: readonly Candidate[]; files: ReadonlyMap<string, ReadFile> }): Share {
  const hold: Share = { hits: 0, of: 0, failures: [] };
  for (const candidate of candidates) {
    const { hits, opportunities } = tallyOf({ candidate, files });
    if (opportunities < MIN_HELD_OPPORTUNITIES) continue;
    hold.of += 1;
    if (hits / opportunities >= HELD) hold.hits += 1;
    else hold.failures.push(`${candidate.scope}/ ${candidate.slot} = ${candidate.value} (${hits} of ${opportunities})`);
  }
  return hold;
}

/** `hits` are the files that a convention speaks of. Files that the linter is told to ignore are left out. */
function measureNoise({
  candidates,
  files,
  declared,
  isDeclaredOnly,
}: {
  candidates: readonly Candidate[];
  files: ReadonlyMap<string, ReadFile>;
  declared: Declared;
  isDeclaredOnly: boolean;
}): Share {
  const noise: Share = { hits: 0, of: 0, failures: [] };
  for (const [path, { facts }] of files) {
    const rules = declared.rulesFor(path);
    if (rules.size === 0) continue;
    const expected = new Set(expectationsIn({ declared, path }).map(({ slot }) => slot));
    noise.of += 1;
    const said = facts.filter(({ slot, value }) => {
      if (isDeclaredOnly && !expected.has(slot)) return false;
      const governing = governingCandidate({ candidates, slot, path });
      return governing !== undefined && governing.value !== value;
    });
    if (said.length === 0) continue;
    noise.hits += 1;
    noise.failures.push(`${path}: ${[...new Set(said.map(({ slot }) => slot))].join(", ")}`);
  }
  return noise;
}

/** Breaks each convention in the places that it is shown by, one at a time, and looks whether that convention, and no other, speaks up. */
function measureMutations({
  candidates,
  files,
  tree,
}: {
  candidates: readonly Candidate[];
  files: ReadonlyMap<string, ReadFile>;
  tree: readonly TreeFile[];
}): { mutations: Share; alone: Share; breakable: Share } {
  const mutations: Share = { hits: 0, of: 0, failures: [] };
  const alone: Share = { hits: 0, of: 0, failures: [] };
  const breakable: Share = { hits: 0, of: 0, failures: [] };
  for (const candidate of candidates) {
    const { slot, value } = candidate;
    let broken = 0;
    for (const { path, line, endLine } of candidate.evidence.slice(0, MUTATIONS_PER_CANDIDATE)) {
      const before = files.get(path);
      const after = before === undefined ? undefined : mutate({ candidate, path, source: before.source, line, endLine, tree });
      if (before === undefined || after === undefined) continue;
      broken += 1;
      const was = violations({ candidates, path, facts: before.facts });
      const is = violations({ candidates, path: after.path, facts: after.facts });
      mutations.of += 1;
      if ((is.get(slot) ?? 0) <= (was.get(slot) ?? 0)) {
        mutations.failures.push(`${path}:${line} ${slot} = ${value}`);
        continue;
      }
      mutations.hits += 1;
      alone.of += 1;
      const collateral = [...is].filter(([other, count]) => other !== slot && count > (was.get(other) ?? 0));
      if (collateral.length === 0) alone.hits += 1;
      else alone.failures.push(`${path}:${line} ${slot} also breaks ${collateral.map(([other]) => other).join(", ")}`);
    }
    breakable.of += 1;
    if (broken > 0) breakable.hits += 1;
    else breakable.failures.push(`${slot} = ${value}`);
  }
  return { mutations, alone, breakable };
}

function mutate({
  candidate,
  path,
  source,
  line,
  endLine,
  tree,
}: {
  candidate: Candidate;
  path: string;
  source: string;
  line: number;
  endLine: number;
  tree: readonly TreeFile[];
}): { path: string; facts: ReadFile["facts"] } | undefined {
  if (isBreakable(candidate.slot)) {
    const broken = breakConvention({ candidate, path, source, line, endLine });
    return broken === undefined ? undefined : { path, facts: lexAndExtract({ path, source: broken }) };
  }
  if (!candidate.slot.startsWith("file-case:")) return undefined;
  const renamed = path.replace(/[^/.]+(?=[^/]*$)/, candidate.value === "camelCase" ? "other-case" : "otherCase");
  const paths = tree.map((file) => (file.path === path ? renamed : file.path));
  return { path: renamed, facts: pathFacts(paths).filter((fact) => fact.path === renamed) };
}

function violations({
  candidates,
  path,
  facts,
}: {
  candidates: readonly Candidate[];
  path: string;
  facts: ReadFile["facts"];
}): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { slot, value } of facts) {
    const governing = governingCandidate({ candidates, slot, path });
    if (governing !== undefined && governing.value !== value) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  return counts;
}

/** Each place must exist, and hold the construct by TypeScript's own syntax tree; that of a path must be of the file's own name. */
function measureEvidence({
  candidates,
  files,
  tree,
}: {
  candidates: readonly Candidate[];
  files: ReadonlyMap<string, ReadFile>;
  tree: readonly TreeFile[];
}): Share {
  const evidence: Share = { hits: 0, of: 0, failures: [] };
  const paths = new Set(tree.map(({ path }) => path));
  for (const { slot, value, evidence: places } of candidates) {
    for (const { path, line, endLine } of places) {
      evidence.of += 1;
      const source = files.get(path)?.source;
      const isShown = isOfPath(slot)
        ? paths.has(path) && (!slot.startsWith("extension:") || path.endsWith(value) || extname(path) === value)
        : source !== undefined &&
          line >= 1 &&
          line <= endLine &&
          endLine <= source.split("\n").length &&
          (placesOf({ file: parse({ path, source }), slot, value, line, endLine })?.length ?? 0) > 0;
      if (isShown) evidence.hits += 1;
      else evidence.failures.push(`${path}:${line}-${endLine} ${slot} = ${value}`);
    }
  }
  return evidence;
}
