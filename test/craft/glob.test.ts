import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob } from "../../shared/craft/glob.ts";

describe("a glob", () => {
  it.each<[glob: string, matches: string[], others: string[]]>([
    ["src/a.ts", ["src/a.ts"], ["src/a.tsx", "a.ts", "src/A.ts"]],
    ["*.ts", ["a.ts", ".ts"], ["src/a.ts", "a.tsx"]],
    ["**/*.ts", ["a.ts", "src/a.ts", "src/deep/a.ts"], ["a.js"]],
    ["src/**", ["src", "src/a.ts", "src/deep/a.ts"], ["srcs/a.ts", "a/src/b.ts"]],
    ["**/test/**", ["test", "a/test/b.ts", "test/b.ts"], ["a/tests/b.ts"]],
    ["a?c", ["abc"], ["ac", "a/c"]],
    ["a.(b)|[c]+$", ["a.(b)|[c]+$"], ["aXb", "a.b"]],
  ])("%s matches whole texts, segment by segment", (glob, matches, others) => {
    const isMatch = compileGlob({ glob });
    expect(matches.filter(isMatch)).toEqual(matches);
    expect(others.filter(isMatch)).toEqual([]);
  });

  it("divides names at dots when told so", () => {
    const isMatch = compileGlob({ glob: "console.*", separator: "." });
    expect(["console.log", "console", "a.console.log", "console.log.apply"].filter(isMatch)).toEqual(["console.log"]);
    expect(compileGlob({ glob: "**.forEach", separator: "." })("a.b.forEach")).toBe(true);
  });

  it("agrees with a regular expression that says the same", () => {
    const segment = fc.oneof(fc.constant("**"), fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 4 }));
    const pattern = fc.array(
      segment.filter((text) => text === "**" || !text.includes("**")),
      { minLength: 1, maxLength: 4 },
    );
    const text = fc.array(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pattern, text, (segments, parts) => {
        const expected = toExpression(segments).test(parts.map((part) => `${part}/`).join(""));
        expect(compileGlob({ glob: segments.join("/") })(parts.join("/"))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes no more comparisons for stars that a backtracking matcher would never end with", () => {
    expect(compileGlob({ glob: "*a".repeat(90) })(`${"a".repeat(4_000)}b`)).toBe(false);
    expect(compileGlob({ glob: "**/a/".repeat(40) })("a/".repeat(2_000))).toBe(true);
  });
});

/** Over texts in which each segment ends with a slash. */
function toExpression(segments: readonly string[]): RegExp {
  const parts = segments.map((segment) =>
    segment === "**" ? "(?:[^/]*/)*" : `${segment.replaceAll("?", "[^/]").replaceAll("*", "[^/]*")}/`,
  );
  return new RegExp(`^${parts.join("")}$`);
}
