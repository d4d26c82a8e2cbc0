import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { listFiles, ROOT } from "./read-sources.ts";

const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts;
const PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...listFiles("docs", ".md")].filter((path) =>
  existsSync(join(ROOT, path)),
);

describe.each(PAGES)("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");

  it("names only files and folders that exist", () => {
    expect(missingPaths(text)).toEqual([]);
  });

  it("links only to pages that exist", () => {
    expect(brokenLinks(text, dirname(page))).toEqual([]);
  });

  it("tells only of commands that exist", () => {
    expect(unknownCommands(text)).toEqual([]);
  });
});

it("keeps every command of the package file runnable: the file it names exists", () => {
  const files = Object.values(SCRIPTS).flatMap((script) => script.match(/\bnode (\S+\.ts)/)?.[1] ?? []);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

describe("the checks of a page", () => {
  it("find a path that is not there, in text, with a wildcard, with a placeholder and in a block of code", () => {
    expect(
      missingPaths("See `shared/nowhere.ts` and `shared/kernel.ts`, `functions/*/nothing.ts`, `functions/*/wrangler.toml`."),
    ).toEqual(["shared/nowhere.ts", "functions/*/nothing.ts"]);
    expect(missingPaths("`functions/<group>/wrangler.toml` but `functions/<group>/<verb>.go`")).toEqual([
      "functions/<group>/<verb>.go",
    ]);
    expect(missingPaths("```\nnode shared/nowhere.ts --flag\nls functions/edge\n```")).toEqual(["shared/nowhere.ts"]);
  });

  it("leave URLs, packages and types of content alone", () => {
    expect(
      missingPaths("`/jobs/finance/create-charge` `@clerk/backend` `application/json` `https://a.b/shared/x.ts` `leads.list`"),
    ).toEqual([]);
  });

  it("find a link that leads nowhere", () => {
    expect(brokenLinks("[a](deploy-nowhere.md) [b](https://example.com) [c](#words) [d](../package.json)", "docs")).toEqual([
      "deploy-nowhere.md",
    ]);
  });

  it("find a command that the package file does not have", () => {
    expect(
      unknownCommands("`npm run nothing` `npm run check`\n```\nnpm run deploi -- --dry-run\nnpm test && npm frobnicate\n```"),
    ).toEqual(["nothing", "deploi", "frobnicate"]);
  });
});

const TOP_LEVEL = /^(functions|shared|migrations|test|docs)\//;
const ROOT_FILE = /^[\w.-]+\.(md|json|toml|ts)$/;

/** Words between backticks or in a block of code that look like a path of this repository; `*` and `<word>` stand for any name. */
function missingPaths(text: string): string[] {
  const code = [...text.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(([, block, inline]) => block ?? inline ?? "");
  const paths = code.flatMap((piece) =>
    piece
      .split(/[\s,;()"']+/)
      .map((word) => word.replace(/^\.\//, "").replace(/[.:]$/, ""))
      .filter((word) => TOP_LEVEL.test(word) || (ROOT_FILE.test(word) && piece === word)),
  );
  return paths.filter(
    (path) => globSync(pattern(path), { cwd: ROOT }).length === 0 && !(ROOT_FILE.test(path) && isSomewhere(path)),
  );
}

function pattern(path: string): string {
  return path
    .replace(/:\d+$/, "")
    .replaceAll(/<[\w-]+>/g, "*")
    .replaceAll(/…|\.\.\./g, "*")
    .replace(/\/$/, "");
}

/** A bare file name may be one of any folder: `worker.ts`. */
function isSomewhere(name: string): boolean {
  return globSync(`{functions,shared,migrations,test,docs}/**/${name}`, { cwd: ROOT }).length > 0;
}

function brokenLinks(text: string, folder: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .filter((target) => !existsSync(join(ROOT, relative(".", join(folder, target.replace(/#.*$/, ""))))));
}

function unknownCommands(text: string): string[] {
  const own = ["ci", "install", "run", "exec"];
  return [...text.matchAll(/\bnpm (run )?(?:--?[\w-]+ )*([\w:-]+)/g)]
    .filter(([, run, name = ""]) => (run === undefined ? !own.includes(name) : true) && SCRIPTS[name] === undefined)
    .filter(([whole]) => text.includes(`\`${whole}`) || new RegExp(`\`\`\`[^\`]*${whole}`).test(text))
    .map(([, , name = ""]) => name);
}
