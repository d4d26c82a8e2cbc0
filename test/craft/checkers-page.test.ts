import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checker } from "../../shared/craft/checker.ts";
import { parseConventions } from "../../shared/craft/conventions-file.ts";
import { evaluateChecker } from "../../shared/craft/evaluate-checker.ts";
import { indexFacts } from "../../shared/craft/index-facts.ts";
import { lexAndExtract } from "../ingestion/lex-and-extract.ts";
import { ROOT } from "../local/state.ts";

const PAGE = readFileSync(join(ROOT, "docs/checkers.md"), "utf8");
/** One file for each example to find fault with, and one to find none. */
const SOURCES = {
  "src/core/a.ts": `import "lodash/fp";\nimport "../services/b.ts";\nimport "zod";\nconsole.log('x', "y");\n`,
  "src/core/a.test.ts": "",
  "src/services/read-it.ts": "",
  "src/services/readIt.ts": "",
};

it("shows checkers of every kind that are valid and find what the page says of them", () => {
  const examples = [...PAGE.matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => checker.parse(JSON.parse(text)));
  const index = indexFacts({
    files: Object.entries(SOURCES).map(([path, source]) => ({ path, facts: lexAndExtract({ path, source }) })),
  });
  const found = examples.map((each) => {
    const { opportunities, hits } = evaluateChecker({ checker: each, index });
    return [each.kind, hits, opportunities];
  });
  expect(found).toEqual([
    ["decision", 4, 5],
    ["file-name", 1, 2],
    ["import", 1, 3],
    ["call", 3, 4],
    ["pair", 1, 3],
  ]);
});

it("shows a file of conventions that can be read", () => {
  const [, text = ""] = /```json conventions\n(.*?)```/s.exec(PAGE) ?? [];
  expect(parseConventions(text).map(({ id }) => id)).toEqual(["quotes"]);
});
