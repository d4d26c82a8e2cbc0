import * as z from "zod";
import { accountsRouter } from "../../functions/accounts/router.ts";
import { createCrmRouter } from "../../functions/crm/router.ts";
import { createAsaas } from "../../functions/finance/outbound/asaas.ts";
import { createFinanceRouter } from "../../functions/finance/router.ts";
import { patternsRouter } from "../../functions/patterns/router.ts";
import { createCache } from "../../shared/cache/redis.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { mergeRouters, type ProcedureMeta } from "../../shared/trpc/procedures.ts";

/** Of the tests alone: 32 zero bytes. */
export const TEST_ENCRYPTION_KEY = `1:${Buffer.alloc(32).toString("base64")}`;

/** No provider and no Redis: nothing listens there. */
const UNREACHABLE = "http://127.0.0.1:9";

const keyring = createKeyring(TEST_ENCRYPTION_KEY);

const cache = createCache({ url: UNREACHABLE, token: "none" });
const access: Parameters<typeof createFinanceRouter>[0] = {
  keyring,
  openAsaas: ({ apiKey, account, ctx }) => createAsaas({ baseUrl: `${UNREACHABLE}/v3`, apiKey, account, cache, log: ctx.log }),
};

/** Every group that answers procedures, as its Worker builds it. */
export const ROUTERS = {
  accounts: accountsRouter,
  crm: createCrmRouter({ keyring }),
  finance: createFinanceRouter(access),
  patterns: patternsRouter,
} as const;

export const appRouter = mergeRouters(ROUTERS.accounts, ROUTERS.crm, ROUTERS.finance, ROUTERS.patterns);

export interface Procedure {
  /** `leads.getById`. */
  path: string;
  group: keyof typeof ROUTERS;
  type: "query" | "mutation" | "subscription";
  /** Undefined when the procedure declares no level. */
  meta: ProcedureMeta | undefined;
  /** What it takes, as JSON schema; undefined when it takes nothing. */
  input: JsonSchema | undefined;
}

export interface JsonSchema {
  type?: string;
  format?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  additionalProperties?: unknown;
}

interface Definition {
  type: Procedure["type"];
  meta?: ProcedureMeta;
  inputs: z.ZodType[];
}

/** @returns every procedure of the platform, found by walking the routers. */
export function listProcedures(): Procedure[] {
  return (Object.keys(ROUTERS) as (keyof typeof ROUTERS)[]).flatMap((group) =>
    Object.entries(ROUTERS[group]._def.procedures as object).flatMap(([name, node]) => walk({ group, path: [name], node })),
  );
}

function walk({ group, path, node }: { group: Procedure["group"]; path: string[]; node: unknown }): Procedure[] {
  if (!isProcedure(node)) {
    return Object.entries(node as object).flatMap(([name, child]) => walk({ group, path: [...path, name], node: child }));
  }
  const { type, meta, inputs } = node._def;
  return [{ path: path.join("."), group, type, meta, input: toJsonSchema(inputs) }];
}

function isProcedure(node: unknown): node is { _def: Definition } {
  return typeof node === "function" && "_def" in node;
}

/** Several parsers of one procedure all see the same input. */
function toJsonSchema(inputs: z.ZodType[]): JsonSchema | undefined {
  const schemas = inputs.map((input) => z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as JsonSchema);
  return schemas.length < 2 ? schemas[0] : { allOf: schemas };
}

/** @returns the path of each value of an input that names a row: `["id"]`, `["patch", "ownerId"]`. */
export function idPaths(schema: JsonSchema | undefined, path: string[] = []): string[][] {
  if (schema === undefined) return [];
  if (schema.format === "uuid") return [path];
  const branches = branchesOf(schema).flatMap((branch) => idPaths(branch, path));
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => idPaths(child, [...path, name]));
  const all = [...branches, ...properties, ...idPaths(schema.items, [...path, "0"])];
  // Alternatives of one input mostly have the same id.
  return [...new Map(all.map((each) => [each.join("."), each])).values()];
}

/** @returns every name that an input may hold, at any depth. */
export function inputNames(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return [];
  const children = [...branchesOf(schema), ...(schema.items ? [schema.items] : [])];
  return [
    ...children.flatMap(inputNames),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [name, ...inputNames(child)]),
  ];
}

function branchesOf({ anyOf = [], oneOf = [], allOf = [] }: JsonSchema): JsonSchema[] {
  return [...anyOf, ...oneOf, ...allOf];
}
