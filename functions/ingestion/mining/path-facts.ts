import { fileCase } from "../../../shared/craft/file-case.ts";

/** A decision that shows in the path of a file alone: the shape of a fact, with its file. It has no line of its own, so it gets the first. */
export interface PathFact {
  path: string;
  slot: string;
  value: string;
  line: number;
  endLine: number;
}

type Role = "code" | "component" | "style" | "document";

interface PathParts {
  path: string;
  folder: string;
  /** Of the folder that the file is in; empty at the top. */
  folderName: string;
  /** The name up to its first dot: `lead` of `lead.router.test.ts`. */
  base: string;
  /** What is between the first dot and the extension, without what marks a test: `router`. */
  suffix: string;
  extension: string;
  role: Role | undefined;
  /** How the name marks a test: `.test`, `_spec`; empty for what is none. */
  testMark: string;
  /** The innermost folder of tests that the file is in; empty outside. */
  testFolder: string;
  /** The innermost folder with a package.json. */
  packageRoot: string;
}

const ROLES = new Map<string, Role>([
  ...["ts", "mts", "cts", "js", "mjs", "cjs"].map((extension) => [extension, "code"] as const),
  ...["tsx", "jsx", "vue", "svelte", "astro"].map((extension) => [extension, "component"] as const),
  ...["css", "scss", "sass", "less"].map((extension) => [extension, "style"] as const),
  ...["md", "mdx"].map((extension) => [extension, "document"] as const),
]);
const TEST_SUFFIX = /^(?:(.+)\.)?(test|spec|e2e|cy)$/;
/** Marks a test only in a folder of tests: `create-test.ts` elsewhere creates one. */
const TEST_BASE = /^(.+)([-_](?:test|spec))$/;
const TEST_FOLDERS = new Set(["test", "tests", "__tests__", "__test__", "spec", "specs", "e2e"]);
/** Files that no test and no companion is expected of. */
const UNPAIRED = /^(?:index|main|types?|constants?)$/;
const UNPAIRED_SUFFIX = /^(?:config|types?|d|stories|mock|setup)$/;
/** A companion that fewer of a package's files have is no convention of theirs. */
const MIN_PAIRED_SHARE = 0.5;
const MIN_GROUP = 3;

/**
 * The conventions of a file system, counted from the paths of one tree. A name of one lower-case word fits every case, so it decides
 * nothing and is not counted. What is usually absent (a companion, a suffix) is counted only where at least half have it.
 *
 * @param paths those of hand-written files, each once, in any order.
 * @returns in an order that depends on the set of paths alone.
 */
export function pathFacts(paths: readonly string[]): PathFact[] {
  const sorted = [...paths].sort();
  const roots = packageRootsOf(sorted);
  const files = sorted.map((path) => readParts({ path, roots }));
  return [
    ...files.flatMap(ownFacts),
    ...folderCaseFacts(files),
    ...indexFacts(files),
    ...testPairFacts(files),
    ...companionFacts(files),
    ...suffixFacts(files),
    ...folderRoleFacts(files),
  ];
}

/** What a path says by itself: case, extension, how a test is named and where it is. */
function ownFacts(file: PathParts): PathFact[] {
  const { base, role, extension, suffix, testMark, testFolder } = file;
  if (role === undefined) return [];
  const facts: PathFact[] = [];
  const nameCase = fileCase(base);
  if (nameCase !== undefined) facts.push(fact({ file, slot: `file-case:${testMark === "" ? role : "test"}`, value: nameCase }));
  if (role !== "document")
    facts.push(
      fact({
        file,
        slot: `extension:${role}`,
        value: suffix === "module" && role === "style" ? `.module.${extension}` : `.${extension}`,
      }),
    );
  if (testMark !== "") {
    facts.push(fact({ file, slot: "test-mark", value: testMark }));
    facts.push(fact({ file, slot: "test-place", value: testFolder === "" ? "beside the code" : `in ${testFolder}/` }));
  }
  return facts;
}

function folderCaseFacts(files: readonly PathParts[]): PathFact[] {
  const witnesses = new Map<string, PathParts>();
  for (const file of files) {
    const segments = file.folder === "" ? [] : file.folder.split("/");
    for (let depth = segments.length; depth > 0; depth -= 1) {
      const folder = segments.slice(0, depth).join("/");
      if (witnesses.has(folder)) break;
      witnesses.set(folder, file);
    }
  }
  return [...witnesses].flatMap(([folder, file]) => {
    const nameCase = fileCase(folder.slice(folder.lastIndexOf("/") + 1));
    return nameCase === undefined ? [] : [fact({ file, slot: "folder-case", value: nameCase })];
  });
}

/** Of each folder with several files of code: whether one of them is its index. */
function indexFacts(files: readonly PathParts[]): PathFact[] {
  const folders = group({ files: files.filter(isProduct), by: ({ folder }) => folder });
  return [...folders.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined || members.length < 2) return [];
    const index = members.find(({ base, suffix }) => base === "index" && suffix === "");
    return [
      fact({
        file: index ?? first,
        slot: "folder-index",
        value: index === undefined ? "without an index file" : "entered through an index file",
      }),
    ];
  });
}

/** A test counts wherever it is in the package: beside its subject or in a tree of its own. */
function testPairFacts(files: readonly PathParts[]): PathFact[] {
  const tested = new Set(files.filter(({ testMark }) => testMark !== "").map(subjectKey));
  const subjects = files.filter((file) => isProduct(file) && !isUnpaired(file));
  return [...group({ files: subjects, by: ({ packageRoot }) => packageRoot }).values()].flatMap((members) => {
    const paired = new Set(members.filter((file) => tested.has(subjectKey(file))));
    return pairFacts({
      members,
      paired,
      slot: "pair:test",
      yes: "paired with a test of the same name",
      no: "without a test of the same name",
    });
  });
}

/** Siblings of the same name with another ending: `card.tsx` with `card.module.css`. */
function companionFacts(files: readonly PathParts[]): PathFact[] {
  const subjects = files.filter((file) => isProduct(file) && !isUnpaired(file) && file.suffix === "");
  const siblings = group({ files: files.filter(({ testMark }) => testMark === ""), by: siblingKey });
  const groups = group({ files: subjects, by: ({ packageRoot, extension }) => `${packageRoot}\0${extension}` });
  return [...groups.values()].flatMap((members) => {
    const extension = members[0]?.extension;
    const owners = new Map<string, Set<PathParts>>();
    for (const file of members)
      for (const sibling of siblings.get(siblingKey(file)) ?? [])
        if (sibling !== file) owners.set(endingOf(sibling), (owners.get(endingOf(sibling)) ?? new Set()).add(file));
    return [...owners]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .flatMap(([ending, paired]) =>
        pairFacts({
          members,
          paired,
          slot: `pair:.${extension}:${ending}`,
          yes: `paired, .${extension} with ${ending}`,
          no: `unpaired, .${extension} without ${ending}`,
        }),
      );
  });
}

/** In folders of one name: the suffix of most of the files there, `*.router.ts` in `routers/`. */
function suffixFacts(files: readonly PathParts[]): PathFact[] {
  return byFolderName(files.filter((file) => file.base !== "index")).flatMap(({ name, members }) => {
    const suffix = mostOf(members.map((file) => file.suffix));
    if (suffix === undefined || suffix === "") return [];
    return members.map((file) =>
      fact({ file, slot: `suffix-in:${name}`, value: file.suffix === "" ? "no suffix" : `.${file.suffix}` }),
    );
  });
}

/** In folders of one name: the kind of file, where it is not the kind of most files anyway. */
function folderRoleFacts(files: readonly PathParts[]): PathFact[] {
  const usual = mostOf(files.filter(isProduct).map(({ extension }) => extension));
  return byFolderName(files).flatMap(({ name, members }) => {
    const extension = mostOf(members.map((file) => file.extension));
    if (extension === undefined || extension === usual) return [];
    return members.map((file) => fact({ file, slot: `extension-in:${name}`, value: `.${file.extension}` }));
  });
}

/** One fact for each of the files that could have the companion, where at least half of them have. */
function pairFacts({
  members,
  paired,
  slot,
  yes,
  no,
}: {
  members: readonly PathParts[];
  paired: ReadonlySet<PathParts>;
  slot: string;
  yes: string;
  no: string;
}): PathFact[] {
  if (members.length < MIN_GROUP || paired.size < members.length * MIN_PAIRED_SHARE) return [];
  return members.map((file) => fact({ file, slot, value: paired.has(file) ? yes : no }));
}

function byFolderName(files: readonly PathParts[]): { name: string; members: PathParts[] }[] {
  const groups = group({
    files: files.filter((file) => isProduct(file) && file.folderName !== ""),
    by: ({ folderName }) => folderName,
  });
  return [...groups].filter(([, members]) => members.length >= MIN_GROUP).map(([name, members]) => ({ name, members }));
}

/** The value that more than half have; undefined when there is none. */
function mostOf(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].find(([, count]) => count * 2 > values.length)?.[0];
}

function isProduct({ role, testMark, testFolder }: PathParts): boolean {
  return (role === "code" || role === "component") && testMark === "" && testFolder === "";
}

function isUnpaired({ base, suffix }: PathParts): boolean {
  return base === "" || UNPAIRED.test(base) || UNPAIRED_SUFFIX.test(suffix);
}

function subjectKey({ packageRoot, base, suffix }: PathParts): string {
  return `${packageRoot}\0${base}\0${suffix}`;
}

function siblingKey({ folder, base }: PathParts): string {
  return `${folder}\0${base}`;
}

function endingOf({ suffix, extension }: PathParts): string {
  return suffix === "" ? `.${extension}` : `.${suffix}.${extension}`;
}

function readParts({ path, roots }: { path: string; roots: ReadonlySet<string> }): PathParts {
  const slash = path.lastIndexOf("/");
  const folder = path.slice(0, Math.max(slash, 0));
  const folders = folder === "" ? [] : folder.split("/");
  const [firstPart = "", ...rest] = path.slice(slash + 1).split(".");
  const extension = rest.pop() ?? "";
  const role = ROLES.get(extension);
  const testFolder = folders.findLast((each) => TEST_FOLDERS.has(each)) ?? "";
  const isCode = role === "code" || role === "component";
  const middle = rest.join(".");
  const [marked, suffix = "", mark] = (isCode && TEST_SUFFIX.exec(middle)) || [];
  const [, base = firstPart, baseMark = ""] =
    (isCode && testFolder !== "" && marked === undefined && TEST_BASE.exec(firstPart)) || [];
  return {
    path,
    folder,
    folderName: folders.at(-1) ?? "",
    base,
    suffix: marked === undefined ? middle : suffix,
    extension,
    role,
    testMark: mark === undefined ? baseMark : `.${mark}`,
    testFolder,
    packageRoot: innermost({ folders, roots }),
  };
}

function packageRootsOf(paths: readonly string[]): Set<string> {
  return new Set(
    paths.filter((path) => /(?:^|\/)package\.json$/.test(path)).map((path) => path.slice(0, -"/package.json".length)),
  );
}

function innermost({ folders, roots }: { folders: readonly string[]; roots: ReadonlySet<string> }): string {
  for (let depth = folders.length; depth > 0; depth -= 1) {
    const folder = folders.slice(0, depth).join("/");
    if (roots.has(folder)) return folder;
  }
  return "";
}

function group({ files, by }: { files: readonly PathParts[]; by(file: PathParts): string }): Map<string, PathParts[]> {
  const groups = new Map<string, PathParts[]>();
  for (const file of files) {
    const key = by(file);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [file]);
    else members.push(file);
  }
  return groups;
}

function fact({ file, slot, value }: { file: PathParts; slot: string; value: string }): PathFact {
  return { path: file.path, slot, value, line: 1, endLine: 1 };
}
