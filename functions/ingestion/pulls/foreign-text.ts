import { storableText } from "./pull-facts.ts";

/**
 * Text that came out of a repository, as code within Markdown: it can neither end the code, nor name anybody, nor link anywhere. GitHub
 * reads no mentions and references in code.
 */
export function asCode(text: string, maxChars: number): string {
  const plain = storableText({ text, maxChars }).replaceAll("`", "'").replaceAll(/\s+/g, " ");
  return plain === "" ? "` `" : `\`${plain}\``;
}

/** Text that a person or the miner has written, as plain words within Markdown: no markup, no mentions, no references, no links. */
export function asWords(text: string, maxChars: number): string {
  return asPlain(text, maxChars)
    .replaceAll(/[\\`*_{}[\]()<>#+!|~&$^=-]/g, "\\$&")
    .replaceAll(/[@#:]|\bwww\.|\bGH(?=\\?-\d)/gi, `$&${ZERO_WIDTH_SPACE}`);
}

/** The same for what is shown without Markdown. */
export function asPlain(text: string, maxChars: number): string {
  return storableText({ text, maxChars }).replaceAll(/\s+/g, " ");
}

/** Between a mark and what follows it, the mark is only a character. */
const ZERO_WIDTH_SPACE = "\u200b";

/** @returns the address of a file at GitHub, at a commit. */
export function githubUrl({
  fullName,
  commitSha,
  path,
  line,
}: {
  fullName: string;
  commitSha: string;
  path: string;
  line: number | null;
}): string {
  const encoded = path.split("/").map(encodePart).join("/");
  return `https://github.com/${fullName}/blob/${commitSha}/${encoded}${line === null ? "" : `#L${line}`}`;
}

/** Parentheses would end a link of Markdown. */
function encodePart(part: string): string {
  return encodeURIComponent(part).replaceAll(/[()!'*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}
