import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Column, getTableName, is, SQL, Table } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { findGroupOfProcedure } from "../../functions/edge/groups.ts";
import * as schema from "../../shared/db/schema/index.ts";
import { PERMISSIONS } from "../../shared/trpc/permissions.ts";
import { mentoradoProcedure, publicProcedure } from "../../shared/trpc/procedures.ts";
import { idPaths, inputNames, listProcedures, type Procedure } from "./procedures.ts";
import { listFiles, ROOT } from "./read-sources.ts";

const PROCEDURES = listProcedures();
const NAMESPACES =
  "leads students enrollments activities tasks tags customFields financial conversations whatsapp notifications marketing users settings lgpd metrics repos patterns";

describe.each(PROCEDURES)("$path", (procedure) => {
  it("declares its level, and at the level mentorado a permission", () => {
    expect(undeclared(procedure)).toBeUndefined();
  });

  it("lives in a namespace of the contract, which the edge sends to its group", () => {
    const [namespace = "", ...rest] = procedure.path.split(".");
    expect(NAMESPACES.split(" ")).toContain(namespace);
    expect(rest.length).toBeGreaterThan(0);
    expect(findGroupOfProcedure(procedure.path)).toBe(procedure.group);
  });

  it("reads neither the mentorado nor the actor from its input", () => {
    expect(
      inputNames(procedure.input).filter((name) => /^(mentorado|tenant|actor|session|organization|org)(_?id)?$/i.test(name)),
    ).toEqual([]);
  });

  it("takes its input through a parser, unless it takes none", () => {
    expect(procedure.input === undefined ? procedure.type : "query").toBe("query");
  });
});

it("finds every procedure that the routers declare", () => {
  const declared = listFiles("functions", "router.ts")
    .map((path) => readFileSync(join(ROOT, path), "utf8"))
    .join("\n")
    .match(/\.(query|mutation|subscription)\(/g);
  expect(PROCEDURES).toHaveLength(declared?.length ?? 0);
  expect(new Set(PROCEDURES.map(({ path }) => path)).size).toBe(PROCEDURES.length);
});

it("uses every permission of the table", () => {
  const used = new Set(PROCEDURES.map(({ meta }) => (meta?.level === "mentorado" ? meta.permission : undefined)));
  expect(Object.keys(PERMISSIONS).filter((permission) => !used.has(permission as keyof typeof PERMISSIONS))).toEqual([]);
});

describe("the checks", () => {
  it("find a procedure without a level, and one whose permission does not exist", () => {
    expect(undeclared({ path: "a.b", meta: undefined })).toBe("a.b declares no level");
    expect(undeclared({ path: "a.b", meta: { level: "mentorado", permission: "nobody.knows" as "leads.read" } })).toBe(
      "a.b declares no permission",
    );
    const sample = { ok: mentoradoProcedure("leads.read").query(() => 1), open: publicProcedure.query(() => 1) };
    for (const procedure of Object.values(sample)) {
      expect(undeclared({ path: "x", meta: procedure._def.meta as Procedure["meta"] })).toBeUndefined();
    }
  });

  it("find ids and names at any depth of an input", () => {
    const input = z.toJSONSchema(
      z.object({
        id: z.uuid(),
        cursor: z.uuid().nullish(),
        patch: z.object({ ownerIds: z.array(z.uuid()), mentoradoId: z.string() }),
      }),
      { io: "input" },
    ) as Procedure["input"];
    expect(idPaths(input)).toEqual([["id"], ["cursor"], ["patch", "ownerIds", "0"]]);
    expect(inputNames(input)).toContain("mentoradoId");
  });

  it("find them in each alternative of an input", () => {
    const alternatives = [
      z.object({ kind: z.literal("one"), id: z.uuid() }),
      z.object({ kind: z.literal("two"), id: z.uuid(), chargeId: z.uuid() }),
    ] as const;
    for (const either of [z.union(alternatives), z.discriminatedUnion("kind", alternatives)]) {
      const input = z.toJSONSchema(either, { io: "input" }) as Procedure["input"];
      expect(idPaths(input)).toEqual([["id"], ["chargeId"]]);
      expect(inputNames(input)).toContain("chargeId");
    }
  });
});

describe("what is shown of a row", async () => {
  const views = await Promise.all(
    listFiles("functions", "-view.ts").map(
      async (path) => [path, (await import(join(ROOT, path))) as Record<string, unknown>] as const,
    ),
  );
  const columns = views.flatMap(([path, exported]) =>
    Object.entries(exported)
      .filter(([name]) => name.endsWith("View"))
      .flatMap(([name, view]) =>
        Object.entries(view as object).map(([key, value]) => ({ view: `${path} ${name}.${key}`, value: value as unknown })),
      ),
  );

  it("is a column or an expression of the database, never a whole table", () => {
    expect(columns.length).toBeGreaterThan(40);
    expect(
      columns.filter(({ value }) => !is(value, Column) && !is(value, SQL) && !is(value, SQL.Aliased)).map(({ view }) => view),
    ).toEqual([]);
  });

  it("is never a secret, a ciphertext, a blind index, a digest or the tenant's key", () => {
    const secret = new Set(secretColumns());
    expect(secret).toContain("students.tax_id_encrypted");
    expect(columns.filter(({ value }) => is(value, Column) && secret.has(qualified(value))).map(({ view }) => view)).toEqual([]);
  });
});

function undeclared({ path, meta }: Pick<Procedure, "path" | "meta">): string | undefined {
  if (meta === undefined) return `${path} declares no level`;
  if (meta.level === "mentorado" && !Object.hasOwn(PERMISSIONS, meta.permission)) return `${path} declares no permission`;
  return undefined;
}

/** Columns that no view may hold, by what their names say. */
function secretColumns(): string[] {
  return Object.values(schema)
    .filter((table) => is(table, Table))
    .flatMap((table) => Object.values(table).filter((column) => is(column, Column)))
    .filter(({ name }) =>
      /_encrypted$|_digest$|_key_version$|tax_id|^phone_key$|^mentorado_id$|^clerk_|^raw|^session_epoch$|^form_key$/.test(name),
    )
    .map(qualified);
}

function qualified(column: Column): string {
  return `${getTableName(column.table)}.${column.name}`;
}
