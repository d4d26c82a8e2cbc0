/** What a repository says of its own files, in the words of GitHub's linguist. */
export interface GitAttributes {
  /** Undefined where nothing is said. The last rule that matches counts, as in git. */
  of(path: string): { generated?: boolean; vendored?: boolean };
}

interface Rule {
  segments: string[];
  name: "generated" | "vendored";
  value: boolean;
}

const MAX_RULES = 50;
const MAX_PATTERN_CHARS = 128;
const ATTRIBUTE = /^(-?)linguist-(generated|vendored)(?:=(true|false))?$/;

export const NO_ATTRIBUTES: GitAttributes = { of: () => ({}) };

/** Reads the first 50 rules about generated and vendored files in the `.gitattributes` at the top of a repository. Rules with quoted patterns or classes of characters are left out. */
export function readGitAttributes(text: string): GitAttributes {
  const rules = text.split(/\r?\n/).flatMap(rulesOfLine).slice(0, MAX_RULES);
  if (rules.length === 0) return NO_ATTRIBUTES;
  return {
    of(path) {
      const segments = path.split("/");
      const said: { generated?: boolean; vendored?: boolean } = {};
      for (const rule of rules) if (matchesPath({ pattern: rule.segments, segments })) said[rule.name] = rule.value;
      return said;
    },
  };
}

function rulesOfLine(line: string): Rule[] {
  const [pattern = "", ...attributes] = line.trim().split(/\s+/);
  if (pattern === "" || pattern.length > MAX_PATTERN_CHARS || /^[#"!]|[[\]\\]|\/$/.test(pattern)) return [];
  // Without a slash inside it a pattern holds at any depth.
  const segments = pattern.replace(/^\//, "").split("/");
  if (!pattern.includes("/")) segments.unshift("**");
  return attributes.flatMap((attribute) => {
    const [, minus, name, value] = ATTRIBUTE.exec(attribute) ?? [];
    return name === "generated" || name === "vendored" ? [{ segments, name, value: minus === "" && value !== "false" }] : [];
  });
}

/** `**` stands for any number of folders, at the end for anything inside. */
function matchesPath({ pattern, segments }: { pattern: readonly string[]; segments: readonly string[] }): boolean {
  if (pattern.at(-1) === "**" && segments.length < pattern.length) return false;
  return matchesGreedily({ pattern, items: segments, isAny: (part) => part === "**", matches: matchesSegment });
}

function matchesSegment(pattern: string, segment: string): boolean {
  return matchesGreedily({
    pattern,
    items: segment,
    isAny: (char) => char === "*",
    matches: (one, char) => one === "?" || one === char,
  });
}

/** Going back to the last wildcard alone is enough, so that no pattern, however hostile, costs more than the product of the lengths. */
function matchesGreedily({
  pattern,
  items,
  isAny,
  matches,
}: {
  pattern: ArrayLike<string>;
  items: ArrayLike<string>;
  isAny(part: string): boolean;
  matches(part: string, item: string): boolean;
}): boolean {
  let at = 0;
  let item = 0;
  let anyAt = -1;
  let anyItem = 0;
  while (item < items.length) {
    const part = pattern[at];
    if (part !== undefined && isAny(part)) {
      anyAt = at;
      anyItem = item;
      at += 1;
    } else if (part !== undefined && matches(part, items[item] ?? "")) {
      at += 1;
      item += 1;
    } else if (anyAt !== -1) {
      at = anyAt + 1;
      anyItem += 1;
      item = anyItem;
    } else return false;
  }
  while (at < pattern.length && isAny(pattern[at] ?? "")) at += 1;
  return at === pattern.length;
}
