import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeApi, toMarkdown, toOpenApi } from "./docs/describe-api.ts";
import { ROOT } from "./state.ts";

/** Writes `docs/api.md` and `/openapi.json` from the routers; with `--check`, only says whether they are up to date. */
const procedures = describeApi();
const files: [path: string, text: string][] = [
  ["docs/api.md", toMarkdown(procedures)],
  ["functions/edge/openapi.json", `${JSON.stringify(toOpenApi(procedures), null, 2)}\n`],
];

for (const [path, text] of files) {
  const absolute = join(ROOT, path);
  if (!process.argv.includes("--check")) {
    writeFileSync(absolute, text);
  } else if (readFileSync(absolute, "utf8") !== text) {
    console.error(`${path} is not up to date (npm run docs)`);
    process.exitCode = 1;
  }
}
