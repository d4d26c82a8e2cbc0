import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WORDS } from "../../functions/ingestion/mining/describe-convention.ts";
import { MAX_FOLDER_DEPTH, SAMPLE_SIZE } from "../../functions/ingestion/mining/mining-state.ts";
import { isPathSlot } from "../../shared/craft/path-slots.ts";
import { ROOT } from "../local/state.ts";
import { COUNTED_SLOTS } from "./count-by-syntax-tree.ts";

const PAGE = readFileSync(join(ROOT, "docs/mining.md"), "utf8");

it("lists each slot with its kind, what it counts, and whether a syntax tree counts it too", () => {
  const counted = new Set(COUNTED_SLOTS.map((slot) => slot.split(":")[0]));
  const rows = Object.entries(WORDS).map(([slot, { kind, counted: opportunities }]) => {
    const check = isPathSlot(slot) ? "paths" : counted.has(slot) ? "tree" : "cases";
    return `| \`${slot}\` | ${kind} | ${opportunities.replaceAll("|", "\\|")} | ${check} |`;
  });
  const listed = PAGE.split("\n").filter((line) => /^\| `[a-z-]+` \| /.test(line));
  expect(listed).toEqual(rows);
});

it("tells the limits that the code has", () => {
  expect(PAGE).toContain(`at most ${SAMPLE_SIZE} places`);
  expect(PAGE).toContain(`the first ${MAX_FOLDER_DEPTH} folders`);
});
