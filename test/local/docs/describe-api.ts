import type { AnyProcedure, AnyRouter } from "@trpc/server";
import * as z from "zod";
import { accountsRouter } from "../../../functions/accounts/router.ts";
import { createCrmRouter } from "../../../functions/crm/router.ts";
import { createFinanceRouter } from "../../../functions/finance/router.ts";
import { PERMISSIONS } from "../../../shared/trpc/permissions.ts";
import type { ProcedureMeta } from "../../../shared/trpc/procedures.ts";

export interface ProcedureDescription {
  path: string;
  kind: "query" | "mutation" | "subscription";
  meta: ProcedureMeta;
  /** JSON Schema of the input; undefined when there is none. */
  input: Record<string, unknown> | undefined;
}

/** @returns every procedure of the platform, by path. */
export function describeApi(): ProcedureDescription[] {
  const keyring = () => Promise.reject(new Error("Describing needs no key"));
  const openAsaas = () => {
    throw new Error("Describing needs no provider");
  };
  const routers: AnyRouter[] = [accountsRouter, createCrmRouter({ keyring }), createFinanceRouter({ keyring, openAsaas })];
  return routers
    .flatMap((router) => Object.entries(router._def.procedures as Record<string, AnyProcedure>))
    .map(([path, procedure]) => describe(path, procedure))
    .sort((a, b) => a.path.localeCompare(b.path, "en"));
}

function describe(path: string, procedure: AnyProcedure): ProcedureDescription {
  const { type, meta, inputs } = procedure._def as unknown as {
    type: ProcedureDescription["kind"];
    meta: ProcedureMeta | undefined;
    inputs: z.ZodType[];
  };
  if (meta === undefined) throw new Error(`${path} declares no level`);
  const schemas = inputs.map((input) => z.toJSONSchema(input, { io: "input", unrepresentable: "any", target: "openapi-3.0" }));
  return { path, kind: type, meta, input: schemas.length === 0 ? undefined : mergeObjects(schemas) };
}

/** A procedure of a level with an input of its own (admin: the reason) has more than one; together they are one object. */
function mergeObjects(schemas: Record<string, unknown>[]): Record<string, unknown> {
  const merged = Object.assign({}, ...schemas) as Record<string, unknown>;
  merged.properties = Object.assign({}, ...schemas.map(({ properties }) => properties));
  const required = schemas.flatMap((schema) => (schema.required as string[] | undefined) ?? []);
  if (required.length > 0) merged.required = [...new Set(required)];
  return merged;
}

export function toMarkdown(procedures: ProcedureDescription[]): string {
  const rows = procedures.map(
    ({ path, kind, meta, input }) => `| \`${path}\` | ${kind} | ${access(meta)} | ${input === undefined ? "" : fields(input)} |`,
  );
  return `# API

Made from the routers by \`npm run docs\`; the types are \`AppRouter\` in \`functions/edge/app-router.ts\`. The same as OpenAPI: \`/openapi.json\`.

Call \`/api/trpc/<procedure>\` with any tRPC client, at most 10 in a batch. Headers: \`authorization: Bearer <Clerk session token>\`; \`x-mentorado: <id>\` chooses
among several memberships; \`idempotency-key\` makes a mutation repeatable for 24 hours. A question mark marks what may be left out.

| procedure | kind | needs | input |
|---|---|---|---|
${rows.join("\n")}

Errors carry \`data: { code, httpStatus, requestId, errorCode, field?, retryAfterMs? }\`. Money is integer cents with a currency, instants are ISO 8601 in
UTC, dates are \`YYYY-MM-DD\`. Lists take \`{ limit 1..100 = 20, cursor? }\` and answer \`{ items, nextCursor }\`.

## Other routes

| route | for |
|---|---|
| \`POST /forms/:formKey\` | a public lead form, JSON or form-encoded; fields of \`leads.createPublic\` |
| \`POST /webhooks/asaas/:accountRef\`, \`POST /webhooks/clerk\` | providers |
| \`POST /jobs/:group/:job\` | QStash, signed |
| \`GET /health/live\`, \`GET /health/ready\` | monitors |
`;
}

function access(meta: ProcedureMeta): string {
  if (meta.level !== "mentorado") return meta.level;
  return `${meta.permission} (${PERMISSIONS[meta.permission].join(", ")})`;
}

function fields(input: Record<string, unknown>): string {
  const required = (input.required as string[] | undefined) ?? [];
  const names = Object.keys((input.properties as Record<string, unknown> | undefined) ?? {});
  return names.map((name) => `${name}${required.includes(name) ? "" : "?"}`).join(", ");
}

/** tRPC over HTTP: a query is a GET with the input as JSON in the query string, a mutation a POST with it as the body. */
export function toOpenApi(procedures: ProcedureDescription[]): Record<string, unknown> {
  const paths = procedures
    .filter(({ kind }) => kind !== "subscription")
    .map(({ path, kind, meta, input }) => [
      `/api/trpc/${path}`,
      {
        [kind === "query" ? "get" : "post"]: {
          operationId: path,
          tags: [path.split(".")[0]],
          description: `Needs: ${access(meta)}`,
          security: meta.level === "public" ? [] : [{ session: [] }],
          ...describeInput(kind, input),
          responses: {
            200: { description: "{ result: { data } }" },
            default: { description: "{ error: { message, code, data } }" },
          },
        },
      },
    ]);
  return {
    openapi: "3.0.3",
    info: { title: "Guilda", version: "0.1.0" },
    paths: Object.fromEntries(paths),
    components: { securitySchemes: { session: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
  };
}

function describeInput(kind: ProcedureDescription["kind"], input: Record<string, unknown> | undefined): Record<string, unknown> {
  if (input === undefined) return {};
  const content = { "application/json": { schema: input } };
  return kind === "query" ? { parameters: [{ name: "input", in: "query", content }] } : { requestBody: { content } };
}
