import { describe, expect, it } from "vitest";
import { checker, checkerOf } from "../../shared/craft/checker.ts";
import { evaluateChecker } from "../../shared/craft/evaluate-checker.ts";
import { indexFacts } from "../../shared/craft/index-facts.ts";

const EVERYWHERE = { folder: "" };
const DECISION = { kind: "decision", slot: "quotes", allow: ["double"], in: EVERYWHERE };

describe("the checker of a candidate", () => {
  it("is a checker, whatever its names", () => {
    const candidate = { slot: "import-form:@a/b", value: '* as "x"\u001b[2J', scope: "src/<img>\u202e/..a" };
    expect(checker.parse(checkerOf(candidate))).toEqual({
      kind: "decision",
      slot: candidate.slot,
      allow: [candidate.value],
      in: { folder: candidate.scope },
    });
  });

  it("of a direction between two folders forbids the imported one to import the other", () => {
    const layer = { slot: "layer:src/outbound | src/services", value: "src/services → src/outbound", scope: "" };
    const own = checkerOf(layer);
    expect(checker.parse(own)).toEqual({ kind: "import", in: { folder: "src/outbound" }, never: { paths: ["src/services/**"] } });
    const imports = (path: string, specifier: string) => ({
      path,
      facts: [{ slot: "~import", value: specifier, line: 1, endLine: 1 }],
    });
    const index = indexFacts({
      files: [imports("src/services/a.ts", "../outbound/b.ts"), imports("src/outbound/b.ts", "../services/a.ts")],
    });
    const { violations } = evaluateChecker({ checker: own, index });
    expect(violations.map(({ path }) => path)).toEqual(["src/outbound/b.ts"]);
  });
});

describe("what is no checker", () => {
  it.each<[what: string, value: unknown]>([
    ["an unknown kind", { ...DECISION, kind: "script" }],
    ["an unknown key", { ...DECISION, run: "x" }],
    ["an unknown key of the scope", { ...DECISION, in: { folder: "", regex: ".*" } }],
    ["an inventory as a decision", { ...DECISION, slot: "~call" }],
    ["nothing allowed", { ...DECISION, allow: [] }],
    ["more values than a list may have", { ...DECISION, allow: Array.from({ length: 33 }, String) }],
    ["a value longer than any", { ...DECISION, allow: ["x".repeat(1_001)] }],
    ["a folder from the root of the disk", { ...DECISION, in: { folder: "/etc" } }],
    ["a folder that leads out", { ...DECISION, in: { folder: "src/../.." } }],
    ["a folder with a slash at its end", { ...DECISION, in: { folder: "src/" } }],
    ["a glob longer than any", { ...DECISION, in: { folder: "", include: ["*".repeat(201)] } }],
    ["two stars within a segment", { ...DECISION, in: { folder: "", include: ["a**"] } }],
    ["a name of which nothing is asked", { kind: "file-name", in: EVERYWHERE }],
    ["a suffix with a folder", { kind: "file-name", in: EVERYWHERE, suffix: "/a.ts" }],
    ["an unknown case", { kind: "file-name", in: EVERYWHERE, case: "^[a-z]+$" }],
    ["an import of which nothing is asked", { kind: "import", in: EVERYWHERE, never: {} }],
    ["a call that must and must not be", { kind: "call", in: EVERYWHERE, never: ["a"], must: ["b"] }],
    ["a callee that is an expression", { kind: "call", in: EVERYWHERE, never: ["a()"] }],
    ["a sibling that is the same for all", { kind: "pair", in: EVERYWHERE, siblings: ["{dir}/index.ts"] }],
    ["an unknown part of a template", { kind: "pair", in: EVERYWHERE, siblings: ["{stem}.{constructor}"] }],
  ])("%s", (_, value) => {
    expect(checker.safeParse(value).success).toBe(false);
  });
});
