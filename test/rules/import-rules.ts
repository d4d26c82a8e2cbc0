import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Import, ROOT, readSources, type Source } from "./read-sources.ts";

/** A rule of the house: what it promises, and the imports or words of a source that break it. */
export interface Rule {
  says: string;
  breaks(source: Source): string[];
}

/** @returns one line for each broken rule: `path: what (rule)`. */
export function findViolations(
  sources: readonly Source[] = readSources(["functions", "shared", "migrations", "test"]),
): string[] {
  return sources.flatMap((source) =>
    RULES.flatMap((rule) => rule.breaks(source).map((what) => `${source.path}: ${what} (${rule.says})`)),
  );
}

/** Which part of a group a file is, and which other parts of its group it may import. */
const PARTS = {
  worker: { file: /^worker\.ts$/, mayImport: ["opening", "entry", "helper"] },
  opening: { file: /^open-[\w-]+\.ts$/, mayImport: ["entry", "outbound", "helper"] },
  entry: { file: /^(router|jobs|receive-[\w-]+)\.ts$/, mayImport: ["service", "helper"] },
  service: { file: /^services\//, mayImport: ["outbound", "helper"] },
  outbound: { file: /^outbound\//, mayImport: ["outbound", "helper"] },
  helper: { file: /./, mayImport: ["helper"] },
} as const satisfies Record<string, { file: RegExp; mayImport: readonly string[] }>;
type Part = keyof typeof PARTS;

/** Verbs that tell events apart and leave each to a verb of its own. */
const DISPATCHERS: readonly string[] = ["functions/accounts/services/process-clerk-event.ts"];

/** The one way in for each vendor's package. */
const DOORS: readonly { package: RegExp; door: RegExp }[] = [
  { package: /^@neondatabase\/serverless|^drizzle-orm\/neon/, door: /^shared\/db\// },
  { package: /^@upstash\/qstash/, door: /^shared\/jobs\// },
  { package: /^@upstash\/redis/, door: /^shared\/cache\/|^functions\/edge\/limits\.ts$/ },
  { package: /^@upstash\/ratelimit/, door: /^functions\/edge\/limits\.ts$/ },
  { package: /^@clerk\//, door: /^functions\/(edge\/authenticate|webhooks\/read-clerk-event)\.ts$/ },
  { package: /^hono(\/|$)/, door: /^functions\/edge\// },
  { package: /^cloudflare:/, door: /^functions\/[\w-]+\/worker\.ts$/ },
  { package: /^pg$/, door: /^migrations\// },
];

const DEPENDENCIES = new Set(
  Object.keys((JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { dependencies: object }).dependencies),
);

export const RULES: readonly Rule[] = [
  {
    says: "a group never imports another group, but for the types of the edge's app router",
    breaks: ({ path, imports }) =>
      imports
        .filter(({ target }) => groupOf(target) !== undefined && groupOf(path) !== undefined && groupOf(target) !== groupOf(path))
        .filter(({ isTypeOnly }) => !(isTypeOnly && path === "functions/edge/app-router.ts"))
        .map(describe),
  },
  { says: "shared never imports functions", breaks: within("shared/", ({ target }) => target.startsWith("functions/")) },
  {
    says: "nothing outside test imports test",
    breaks: ({ path, imports }) =>
      path.startsWith("test/") ? [] : imports.filter(({ target }) => target.startsWith("test/")).map(describe),
  },
  {
    says: "inside a group imports go down: worker, opening, router and jobs, services, outbound and helpers; never up or sideways",
    breaks: ({ path, imports }) => {
      const part = partOf(path);
      if (part === undefined || groupOf(path) === "edge") return [];
      const allowed: readonly string[] = [...PARTS[part].mayImport, ...(DISPATCHERS.includes(path) ? ["service"] : [])];
      return imports
        .filter(({ target }) => groupOf(target) === groupOf(path) && !allowed.includes(partOf(target) ?? ""))
        .map((each) => `${part} ${describe(each)}`);
    },
  },
  {
    says: "workers, routers and jobs hold no SQL",
    breaks: ({ path, imports }) =>
      ["worker", "opening", "entry"].includes(partOf(path) ?? "")
        ? imports.filter(({ target }) => target.startsWith("drizzle-orm")).map(describe)
        : [],
  },
  {
    says: "services know no transport and no vendor",
    breaks: ({ path, imports }) =>
      partOf(path) === "service"
        ? imports.filter(({ target }) => /^(hono|@trpc\/|@upstash\/|@clerk\/|cloudflare:|node:)/.test(target)).map(describe)
        : [],
  },
  {
    says: "each vendor's package has one door",
    breaks: ({ path, imports }) =>
      path.startsWith("test/")
        ? []
        : imports.filter(({ target }) => DOORS.some((each) => each.package.test(target) && !each.door.test(path))).map(describe),
  },
  {
    says: "a Worker needs no Node built-in",
    breaks: ({ path, imports }) =>
      isWorkerCode(path) ? imports.filter(({ target }) => target.startsWith("node:")).map(describe) : [],
  },
  {
    says: "a Worker runs declared dependencies only",
    breaks: ({ path, imports }) =>
      isWorkerCode(path)
        ? imports
            .filter(({ specifier }) => !/^(\.|cloudflare:|node:)/.test(specifier) && !DEPENDENCIES.has(packageOf(specifier)))
            .map(describe)
        : [],
  },
  {
    says: "configuration is passed in: no process.env, no ambient env",
    breaks: ({ path, code, imports }) =>
      isWorkerCode(path)
        ? [
            ...words(code, /\bprocess\s*\.\s*env\b|\bglobalThis\s*\.\s*process\b/g),
            ...imports.filter(({ target, clause }) => target === "cloudflare:workers" && /\benv\b/.test(clause)).map(describe),
          ]
        : [],
  },
  {
    says: "no interactive transaction: Neon's HTTP protocol has none",
    breaks: ({ path, code }) => (isWorkerCode(path) && path !== "shared/db/connect.ts" ? words(code, /\.transaction\s*\(/g) : []),
  },
  {
    says: "only shared/db and the kernel open a connection",
    breaks: ({ path, code }) =>
      isWorkerCode(path) && !path.startsWith("shared/db/") && path !== "shared/kernel.ts"
        ? words(code, /(?<![\w.])(connect|neon|drizzle)\s*\(|\.connect\s*\(/g)
        : [],
  },
  {
    says: 'zod comes as `import * as z from "zod"`, because the other forms bundle every language',
    breaks: ({ imports }) =>
      imports
        .filter(
          ({ target, clause }) => packageOf(target) === "zod" && !(target === "zod" && /^import (type )?\* as z$/.test(clause)),
        )
        .map(describe),
  },
  {
    says: "nothing reaches for a namespace within zod, which would bundle every language as well",
    breaks: ({ path, code }) => (isWorkerCode(path) ? words(code, /\bz\.(core|locales)\b/g) : []),
  },
];

function groupOf(path: string): string | undefined {
  return /^functions\/([\w-]+)\//.exec(path)?.[1];
}

function partOf(path: string): Part | undefined {
  const inside = /^functions\/[\w-]+\/(.+)$/.exec(path)?.[1];
  if (inside === undefined) return undefined;
  return (Object.keys(PARTS) as Part[]).find((part) => PARTS[part].file.test(inside));
}

/** What is bundled into a Worker; a deploy runs on Node. */
function isWorkerCode(path: string): boolean {
  return path.startsWith("functions/") || (path.startsWith("shared/") && !path.startsWith("shared/deploy/"));
}

/** `drizzle-orm/pg-core` is `drizzle-orm`, `@clerk/backend/webhooks` is `@clerk/backend`. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function within(folder: string, isForbidden: (each: Import) => boolean): Rule["breaks"] {
  return ({ path, imports }) => (path.startsWith(folder) ? imports.filter(isForbidden).map(describe) : []);
}

function describe({ specifier, clause }: Import): string {
  return clause.startsWith("export") ? `exports from ${specifier}` : `imports ${specifier}`;
}

function words(code: string, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(([word]) => `says ${word}`);
}
