/** @returns whether the text matches Redis' pattern language: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a literal. */
export function matchesGlob(pattern: string, text: string): boolean {
  return toRegExp(pattern).test(text);
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.match(/\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]])*\]?|[\s\S]/g) ?? [];
  return new RegExp(`^${parts.map(toRegExpPart).join("")}$`, "s");
}

function toRegExpPart(part: string): string {
  if (part === "*") return ".*";
  if (part === "?") return ".";
  if (part.startsWith("[") && part.length > 1) return toCharacterClass(part);
  return escapeLiteral(part.length > 1 ? part.slice(1) : part);
}

function toCharacterClass(part: string): string {
  const negated = part.startsWith("[^");
  const body = part.slice(negated ? 2 : 1, part.endsWith("]") ? -1 : undefined);
  const items = body.match(/(?:\\[\s\S]|[\s\S])(?:-(?:\\[\s\S]|[\s\S]))?/g) ?? [];
  if (items.length === 0) return negated ? "." : "(?!)";
  const ranges = items.map((item) => toRange(item.replace(/\\([\s\S])/g, "$1")));
  return `[${negated ? "^" : ""}${ranges.join("")}]`;
}

function toRange(item: string): string {
  const [from = "", dash, to] = item;
  if (dash !== "-" || to === undefined) return [...item].map(escapeLiteral).join("");
  return from <= to ? `${escapeLiteral(from)}-${escapeLiteral(to)}` : `${escapeLiteral(to)}-${escapeLiteral(from)}`;
}

function escapeLiteral(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
