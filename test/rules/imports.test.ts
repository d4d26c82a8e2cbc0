import { describe, expect, it } from "vitest";
import { findViolations, RULES } from "./import-rules.ts";
import { parseSource, readSources } from "./read-sources.ts";

const SOURCES = readSources(["functions", "shared", "migrations", "test"]);

/** For each rule: a source that breaks it (path, text), and one next to it that does not. */
const SAMPLES: Record<string, { bad: [string, string][]; good: [string, string][] }> = {
  "a group never imports another group, but for the types of the edge's app router": {
    bad: [
      ["functions/crm/services/bill.ts", 'import { createCharge } from "../../finance/services/create-charge.ts";'],
      ["functions/crm/router.ts", 'import type { Charge } from "../finance/schemas.ts";'],
      ["functions/crm/router.ts", 'export * from "../finance/schemas.ts";'],
      ["functions/crm/router.ts", 'const finance = await import("../finance/router.ts");'],
      ["functions/edge/app-router.ts", 'import { createFinanceRouter } from "../finance/router.ts";'],
    ],
    good: [
      ["functions/edge/app-router.ts", 'import type { createFinanceRouter } from "../finance/router.ts";'],
      ["functions/crm/router.ts", '// import { x } from "../finance/router.ts";\nimport { byId } from "./schemas.ts";'],
    ],
  },
  "shared never imports functions": {
    bad: [["shared/jobs/ring.ts", 'import type { x } from "../../functions/crm/router.ts";']],
    good: [["shared/jobs/ring.ts", 'import type { x } from "../db/connect.ts";']],
  },
  "nothing outside test imports test": {
    bad: [
      ["shared/kernel.ts", 'import { startNeon } from "../test/local/neon.ts";'],
      ["migrations/seed.ts", 'import "../test/local/demo.ts";'],
    ],
    good: [["test/local/start.ts", 'import { x } from "./stack.ts";']],
  },
  "inside a group imports go down: worker, opening, router and jobs, services, outbound and helpers; never up or sideways": {
    bad: [
      ["functions/crm/services/a.ts", 'import { b } from "./b.ts";'],
      ["functions/crm/services/a.ts", 'import { b } from "../router.ts";'],
      ["functions/finance/outbound/asaas.ts", 'import type { b } from "../services/b.ts";'],
      ["functions/crm/lead-view.ts", 'import { b } from "./services/b.ts";'],
      ["functions/crm/worker.ts", 'import { b } from "./services/b.ts";'],
      ["functions/finance/router.ts", 'import { b } from "./outbound/asaas.ts";'],
    ],
    good: [
      [
        "functions/crm/services/a.ts",
        'import { leadView } from "../lead-view.ts";\nimport { reais } from "../outbound/reais.ts";',
      ],
      ["functions/finance/worker.ts", 'import { open } from "./open-finance.ts";\nimport { router } from "./router.ts";'],
    ],
  },
  "workers, routers and jobs hold no SQL": {
    bad: [["functions/crm/router.ts", 'import { eq } from "drizzle-orm";']],
    good: [["functions/crm/services/a.ts", 'import { eq } from "drizzle-orm";']],
  },
  "services know no transport and no vendor": {
    bad: ["hono", "@trpc/server", "@upstash/redis", "@clerk/backend", "cloudflare:workers", "node:crypto"].map(
      (name): [string, string] => ["functions/crm/services/a.ts", `import { x } from "${name}";`],
    ),
    good: [["functions/crm/services/a.ts", 'import type * as z from "zod";']],
  },
  "each vendor's package has one door": {
    bad: [
      ["shared/jobs/stage.ts", 'import { neon } from "@neondatabase/serverless";'],
      ["functions/crm/worker.ts", 'import { Client } from "@upstash/qstash";'],
      ["functions/edge/app.ts", 'import { Redis } from "@upstash/redis/cloudflare";'],
      ["shared/cache/redis.ts", 'import { Ratelimit } from "@upstash/ratelimit";'],
      ["functions/edge/app.ts", 'import { verifyToken } from "@clerk/backend";'],
      ["shared/trpc/serve-trpc.ts", 'import { Hono } from "hono";'],
      ["shared/kernel.ts", 'import { env } from "cloudflare:workers";'],
      ["shared/db/connect.ts", 'import pg from "pg";'],
    ],
    good: [
      ["shared/db/connect.ts", 'import { neon } from "@neondatabase/serverless";'],
      ["functions/edge/authenticate.ts", 'import { verifyToken } from "@clerk/backend";'],
      ["functions/crm/worker.ts", 'import { WorkerEntrypoint } from "cloudflare:workers";'],
    ],
  },
  "a Worker needs no Node built-in": {
    bad: [["shared/bytes.ts", 'import { Buffer } from "node:buffer";']],
    good: [["shared/deploy/deploy.ts", 'import { readFile } from "node:fs/promises";']],
  },
  "a Worker runs declared dependencies only": {
    bad: [
      ["shared/db/connect.ts", 'import { Pool } from "pg-boss";'],
      ["functions/crm/phone.ts", 'import { x } from "@types/node/fs";'],
    ],
    good: [["shared/db/connect.ts", 'import { sql } from "drizzle-orm/pg-core";']],
  },
  "configuration is passed in: no process.env, no ambient env": {
    bad: [
      ["shared/kernel.ts", "const url = process.env.DATABASE_URL;"],
      ["functions/crm/worker.ts", 'import { env, WorkerEntrypoint } from "cloudflare:workers";'],
    ],
    good: [["functions/crm/worker.ts", "/* process.env is never read */ const { env } = this;"]],
  },
  "no interactive transaction: Neon's HTTP protocol has none": {
    bad: [["functions/crm/services/a.ts", "await db.transaction(async (tx) => tx.select());"]],
    good: [["functions/crm/services/a.ts", "await ctx.db.write({ answer });"]],
  },
  "only shared/db and the kernel open a connection": {
    bad: [
      ["functions/crm/services/a.ts", "const db = connect({ databaseUrl });"],
      ["shared/jobs/stage.ts", "const sql = neon(url);"],
    ],
    good: [
      ["shared/kernel.ts", "const connection = connect({ databaseUrl });"],
      ["functions/crm/services/a.ts", "function reconnect() {}\nreconnect();"],
    ],
  },
  'zod comes as `import * as z from "zod"`, because the other forms bundle every language': {
    bad: [
      ["functions/crm/schemas.ts", 'import { z } from "zod";'],
      ["functions/crm/schemas.ts", 'import z from "zod";'],
      ["test/edge/a.test.ts", 'import * as z from "zod/v4";'],
    ],
    good: [["functions/crm/schemas.ts", 'import * as z from "zod";\nimport type * as z from "zod";']],
  },
  "nothing reaches for a namespace within zod, which would bundle every language as well": {
    bad: [["shared/trpc/procedures.ts", "const isRefusal = error.cause instanceof z.core.$ZodError;"]],
    good: [["shared/trpc/procedures.ts", "const isRefusal = error.cause instanceof z.ZodError;"]],
  },
};

describe.each(RULES)("$says", (rule) => {
  const sample = SAMPLES[rule.says];

  it("holds in every source of the repository", () => {
    expect(SOURCES.length).toBeGreaterThan(150);
    expect(SOURCES.flatMap((source) => rule.breaks(source).map((what) => `${source.path} ${what}`))).toEqual([]);
  });

  it("is broken by each of the invented bad sources", () => {
    expect(sample?.bad.length).toBeGreaterThan(0);
    for (const [path, text] of sample?.bad ?? [])
      expect(rule.breaks(parseSource(path, text)), `${path}: ${text}`).not.toEqual([]);
  });

  it("is not broken by the sources that look like them", () => {
    for (const [path, text] of sample?.good ?? []) expect(rule.breaks(parseSource(path, text)), `${path}: ${text}`).toEqual([]);
  });
});

it("reads imports in all their forms, and none in comments", () => {
  const { imports } = parseSource(
    "functions/crm/a.ts",
    [
      'import "./side-effect.ts";',
      "import {\n  type A,\n  b,\n} from '../../shared/b.ts';",
      'import { type C } from "./c.ts";',
      'import type D from "./d.ts";',
      'export { e } from "./e.ts";',
      'const f = await import("./f.ts");',
      'type G = typeof import("./g.ts");',
      '// import { h } from "./h.ts";',
      '/* export * from "./i.ts"; */',
      'const text = "a // b"; import j from "package-j";',
      'export const k = "./k.ts";',
    ].join("\n"),
  );
  expect(imports.map(({ target, isTypeOnly }) => `${target}${isTypeOnly ? " (type)" : ""}`)).toEqual([
    "functions/crm/side-effect.ts",
    "shared/b.ts",
    "functions/crm/c.ts (type)",
    "functions/crm/d.ts (type)",
    "functions/crm/e.ts",
    "package-j",
    "functions/crm/f.ts",
    "functions/crm/g.ts (type)",
  ]);
});

it("names file, import and rule of each violation", () => {
  expect(findViolations([parseSource("shared/a.ts", 'import { x } from "../functions/crm/router.ts";')])).toEqual([
    "shared/a.ts: imports ../functions/crm/router.ts (shared never imports functions)",
  ]);
});
