import { describe, expect, it } from "vitest";
import type { Violation } from "../../shared/craft/evaluate-checker.ts";
import { fingerprintViolations, normaliseSnippet } from "../../shared/craft/violation-fingerprint.ts";

const PLACE = { path: "src/a.ts", value: "single", isOfFile: false };

/** One violation for each line that has a mark. */
function fingerprints(source: string, { pattern = "quotes", isOfFile = false } = {}): Promise<string[]> {
  const violations = source
    .split("\n")
    .flatMap((text, index): Violation[] =>
      text.includes("'") ? [{ ...PLACE, isOfFile, line: index + 1, endLine: index + 1 }] : [],
    );
  return fingerprintViolations({ pattern, violations, source });
}

describe("the fingerprint of a violation", () => {
  it("stays when lines move, indentation changes or line ends do", async () => {
    const before = await fingerprints("f('a');\ng('b');\n");
    expect(await fingerprints("// new\n\nif (x) {\n    f('a');\r\n}\n\tg('b');   \n")).toEqual(before);
  });

  it("tells lines that say the same apart by their order, and keeps those before a new one", async () => {
    const [first, second] = await fingerprints("f('a');\nf('a');\n");
    expect(first).not.toBe(second);
    expect(await fingerprints("f('a');\ng('b');\nf('a');\n")).toEqual([first, expect.any(String), second]);
  });

  it("is another for another pattern, another file and other words", async () => {
    const [own] = await fingerprints("f('a');\n");
    const [ofPattern] = await fingerprints("f('a');\n", { pattern: "other" });
    const [ofWords] = await fingerprints("f('b');\n");
    const [ofFile] = await fingerprintViolations({
      pattern: "quotes",
      violations: [{ ...PLACE, path: "src/b.ts", line: 1, endLine: 1 }],
      source: "f('a');\n",
    });
    expect(new Set([own, ofPattern, ofWords, ofFile]).size).toBe(4);
  });

  it("of the file as such does not depend on what is in it", async () => {
    expect(await fingerprints("'a'", { isOfFile: true })).toEqual(await fingerprints("'b'", { isOfFile: true }));
  });

  it("can be made of places that are not there", async () => {
    const violations = [{ ...PLACE, line: 90, endLine: 99 }];
    expect(await fingerprintViolations({ pattern: "p", violations, source: "" })).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });
});

it("normalises a snippet once and for all, to a bounded length", () => {
  const once = normaliseSnippet("  a\r\n\tb   c\u00a0 ");
  expect(once).toBe("a b c");
  expect(normaliseSnippet(once)).toBe(once);
  expect(normaliseSnippet("x".repeat(100_000)).length).toBe(4_000);
});
