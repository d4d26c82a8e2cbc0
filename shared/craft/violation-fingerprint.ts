import { sha256Hex } from "../bytes.ts";
import type { Violation } from "./evaluate-checker.ts";

const MAX_SNIPPET_CHARS = 4_000;

/** Lines of code as they are compared: white space only divides, so that neither indentation nor line ends show. Bounded. */
export function normaliseSnippet(text: string): string {
  return text.slice(0, MAX_SNIPPET_CHARS).replaceAll(/\s+/g, " ").trim();
}

/**
 * What makes each violation the same one after the next push: the pattern, the file, what its lines say, and which of several such it
 * is; never where in the file it is. Of what a file is as such, the lines do not count.
 *
 * @param pattern identifies the convention.
 * @param violations those of the pattern in one file, in the order of its lines.
 * @param source text of the file.
 * @returns SHA-256 in hex for each violation, in their order, all different.
 */
export function fingerprintViolations({
  pattern,
  violations,
  source,
}: {
  pattern: string;
  violations: readonly Violation[];
  source: string;
}): Promise<string[]> {
  const lines = source.split("\n");
  const seen = new Map<string, number>();
  return Promise.all(
    violations.map(({ path, line, endLine, isOfFile }) => {
      const snippet = isOfFile ? "" : normaliseSnippet(lines.slice(line - 1, endLine).join("\n"));
      const ordinal = seen.get(snippet) ?? 0;
      seen.set(snippet, ordinal + 1);
      return sha256Hex(JSON.stringify(["violation", pattern, path, snippet, ordinal]));
    }),
  );
}
