import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentsSections, placeSection } from "../../shared/craft/agents-section.ts";
import type { Convention } from "../../shared/craft/conventions-file.ts";

function convention({ folder = "", ...own }: Partial<Convention> & { folder?: string } = {}): Convention {
  const checker = { kind: "decision", slot: "quotes", allow: ["double"], in: { folder } } as const;
  return {
    id: "c1",
    name: "Strings have double quotes",
    description: "d",
    severity: "warning",
    ...own,
    checker: { ...checker, allow: ["double"] },
  };
}

function textOf(own: Parameters<typeof convention>[0]): string {
  return agentsSections({ conventions: [convention(own)] })[0]?.text ?? "";
}

function place(file: string, section = textOf({})): string {
  const placement = placeSection({ file, section });
  if (!placement.isPlaced) throw new Error(placement.reason);
  return placement.text;
}

const ANY_TEXT = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "<!-- guilda:end -->",
        "<!-- guilda:begin",
        "`",
        "\n",
        "\r",
        "\u2028",
        "\u202e",
        "\u{e0041}",
        "[a](",
        "http://x.y",
        "-->",
        "@~/.ssh/id",
        "<img>",
        "# ",
        "\\",
        "a",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

describe("the sections for agents", () => {
  it("are one for each folder, the severest first, within a number of words", () => {
    const conventions = [
      convention({ id: "1", name: "One", severity: "info" }),
      convention({ id: "2", name: "Two", severity: "error", rationale: "It broke.", example: { path: "a/b.ts", line: 3 } }),
      convention({ id: "3", name: "Three", folder: "src/api" }),
    ];
    const sections = agentsSections({ conventions });
    expect(sections.map(({ folder, leftOut }) => [folder, leftOut])).toEqual([
      ["", 0],
      ["src/api", 0],
    ]);
    expect(sections[0]?.text).toMatch(
      /\n- Two \(required\)\. Why: It broke Example: `a\/b\.ts:3`\.\n- One\.\n<!-- guilda:end -->\n$/,
    );
    const short = agentsSections({ conventions, maxWords: 25 })[0];
    expect(short?.leftOut).toBe(1);
    expect(short?.text.split(/\s+/).length).toBeLessThan(45);
  });

  it("say so when a folder has no conventions any more", () => {
    expect(agentsSections({ conventions: [], folders: ["a"] }).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^<!-- guilda:begin .*-->\nNone at present\.\n<!-- guilda:end -->\n$/),
    ]);
  });

  it.each<[what: string, name: string, item: string]>([
    ["a link", "See [this](https://evil.example/x) and www.evil.example", "- See \\[this\\]((a link) and (a link)."],
    ["HTML and a marker", "<b>x</b> <!-- guilda:end -->", "- &lt;b>x&lt;/b> &lt;!-- guilda:end -->."],
    ["a file that agents would read", "Read @~/.ssh/id_rsa", "- Read &#64;~/.ssh/id\\_rsa."],
    ["hidden characters", "Sa\u200by\u202e \u{e0049}\u{e0067}no\u0007\ufe0fthing\u001b[2J", "- Say nothing\\[2J."],
    ["lines of its own", "One\n# Two\r\n- three\u2028four", "- One \\# Two - three four."],
    ["code that ends nowhere", "Use `a and `b` too", "- Use a and b too."],
    ["a marker in code", "Use `<!-- guilda:end -->`", "- Use `< !-- guilda:end -- >`."],
    ["code of its own", "Arrays are `Array<T>`, errors `@a/b`", "- Arrays are `Array<T>`, errors `@a/b`."],
  ])("make plain text of %s", (_, name, item) => {
    expect(textOf({ name }).split("\n").at(-3)).toBe(item);
  });

  it("stay one section, in place and idempotent, whatever is in them", () => {
    fc.assert(
      fc.property(ANY_TEXT, ANY_TEXT, fc.constantFrom("", "# Mine\n", "# Mine\r\n\r\ntext"), (name, rationale, before) => {
        const section = textOf({
          name: `x${name}`,
          rationale: `y${rationale}`,
          example: { path: `z${name.replaceAll("/", "")}`, line: 1 },
        });
        const once = place(before, section);
        expect(place(once, section)).toBe(once);
        expect(once.startsWith(before)).toBe(true);
        expect(once.match(/<!--/g)?.length).toBe(2);
        expect(section).not.toMatch(/:\/\/|[^\P{C}\n]/u);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("placing a section", () => {
  const OTHER = textOf({ name: "Another" });

  it("replaces the one that is there and keeps every other byte", () => {
    for (const [before, after] of [
      ["", ""],
      ["\ufeff# A\n\n", "\nmore  \n\n"],
      ["a\r\n", "b"],
      ["\n\n", "\n\n\t"],
    ]) {
      const lineEnd = before?.includes("\r") ? "\r\n" : "\n";
      const file = `${before}${textOf({}).replaceAll("\n", lineEnd)}${after}`;
      expect(place(file, OTHER)).toBe(`${before}${OTHER.replaceAll("\n", lineEnd)}${after}`);
    }
  });

  it("appends it after one empty line, with the line ends of the file", () => {
    expect(place("# A")).toBe(`# A\n\n${textOf({})}`);
    expect(place("# A\n")).toBe(`# A\n\n${textOf({})}`);
    expect(place("# A\r\n")).toBe(`# A\r\n\r\n${textOf({}).replaceAll("\n", "\r\n")}`);
  });

  it("does not end a last line that had no end", () => {
    const file = textOf({}).trimEnd();
    expect(place(file, OTHER)).toBe(OTHER.trimEnd());
  });

  it.each([
    ["only its begin", (section: string) => section.replace("<!-- guilda:end -->\n", "")],
    ["only its end", (section: string) => section.replace(/^.*\n/, "")],
    ["two", (section: string) => section + section],
    ["its markers in turn", (section: string) => section.split("\n").reverse().join("\n")],
    ["a marker that was changed", (section: string) => section.replace("kept by", "KEPT by")],
    ["a marker within a line", (section: string) => section.replace("<!-- guilda:end", "x <!-- guilda:end")],
  ])("refuses a file with %s", (_, breakSection) => {
    expect(placeSection({ file: `# A\n\n${breakSection(textOf({}))}`, section: OTHER }).isPlaced).toBe(false);
  });
});
