import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Kernel } from "../../shared/kernel.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import { openPractice } from "../crm/support/open-practice.ts";
import { countRows } from "../db/support/count-rows.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type JsonSchema, listProcedures, type Procedure, ROUTERS } from "../rules/procedures.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { callRaw, type RawAnswer } from "./support/call-raw.ts";

const CANARY = "Canary9017";
const SOME_ID = "0198c8f0-1234-7abc-8def-0123456789ab";
const PROFILE = {
  name: "Ana Prado",
  email: "ana@example.com",
  phone: "(41) 98888-7777",
  occupation: "developer",
  experienceYears: 3,
  stack: ["sql"],
  goal: "product",
  mainObjection: "time",
  message: "Oi",
};
const PAGE = { limit: 5, cursor: SOME_ID };

/** One input of each procedure that is right in form; whether there is such a row is another matter. */
const VALID: Record<string, Record<string, unknown>> = {
  "users.updateProfile": { name: "Ana Prado" },
  "users.list": PAGE,
  "users.updateRole": { membershipId: SOME_ID, version: 1, role: "sales" },
  "users.deactivate": { membershipId: SOME_ID, version: 1, reason: "left" },
  "users.reactivate": { membershipId: SOME_ID, version: 1, reason: "came back" },
  "users.directory": { ...PAGE, reason: "support case" },
  "users.setActive": { userId: SOME_ID, isActive: false, reason: "support case" },
  "leads.list": { ...PAGE, stage: "new" },
  "leads.getById": { id: SOME_ID },
  "leads.watch": { lastEventId: SOME_ID },
  "leads.create": { ...PROFILE, source: "event" },
  "leads.createPublic": { ...PROFILE, consent: true, website: "https://bot.example" },
  "leads.update": { id: SOME_ID, version: 1, patch: PROFILE },
  "leads.updateStage": { id: SOME_ID, version: 1, stage: "lost", lostReason: "price" },
  "leads.convert": {
    id: SOME_ID,
    offeringId: SOME_ID,
    taxId: "529.982.247-25",
    totalCents: 100,
    installmentCount: 1,
    firstDueDate: "2027-01-31",
    billingType: "pix",
  },
  "students.list": PAGE,
  "students.getById": { id: SOME_ID },
  "enrollments.list": { ...PAGE, studentId: SOME_ID },
  "enrollments.getById": { id: SOME_ID },
  "financial.charges.list": { ...PAGE, status: "received", studentId: SOME_ID },
  "financial.charges.getById": { id: SOME_ID },
  "financial.ledger.list": { ...PAGE, chargeId: SOME_ID },
};

const DEEP: unknown = JSON.parse("[".repeat(2_000) + "]".repeat(2_000));
const WITH_PROTO: unknown = JSON.parse(`{"__proto__":{"polluted":"${CANARY}"},"constructor":{"prototype":{"polluted":1}}}`);
const OBJECTS = [{}, { [CANARY]: CANARY }, { length: 1, 0: CANARY }, WITH_PROTO];
const LONG = CANARY.repeat(1_000);

/** Values that no field of this kind may have. */
const WRONG: Record<string, readonly unknown[]> = {
  string: [`${CANARY}\u0000`, `${CANARY}\ud800`, `\udc00${CANARY}`, LONG, 7, true, [], [CANARY], ...OBJECTS, DEEP],
  uuid: [CANARY, `${SOME_ID}${CANARY}`, `{${SOME_ID}}`, "' or 1=1 --", SOME_ID.replaceAll("-", ""), ""],
  email: [CANARY, `${CANARY}@`, `@${CANARY}.com`, `${CANARY}@a`, `a b@${CANARY}.com`, ""],
  date: ["2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "01/02/2026", "2026-2-1", "2026-02-01T00:00:00Z", "today", ""],
  enum: [CANARY, "__proto__", "constructor", "toString", "", " new"],
  integer: [-1, 1.5, 1e308, -1e308, 2 ** 53, "5", `${CANARY}`, true, [], [1], ...OBJECTS, DEEP],
  boolean: ["false", CANARY, 0, 1, [], ...OBJECTS],
  array: [
    CANARY,
    7,
    true,
    ...OBJECTS,
    DEEP,
    [[CANARY]],
    [7],
    [null],
    [`${CANARY}\u0000`],
    Array.from({ length: 5_000 }, () => CANARY),
  ],
  object: [CANARY, 7, true, [], [CANARY], DEEP],
  either: [CANARY, 7, [], ...OBJECTS],
};

let platform: Platform;
let kernel: Kernel;
let callers: Record<"member" | "visitor", Caller>;

beforeAll(async () => {
  platform = await startPlatform();
  kernel = platform.kernel("all");
  const { mentoradoId, formKey } = await openPractice(platform);
  // For whoever watches to see at once.
  await insertRow(platform.database, "leads", { mentorado_id: mentoradoId, id: uuidv7(), name: "Bia", created_at: "2026-01-01" });
  const staff = await platform.createPerson({ isAdmin: true });
  const owner = await platform.createMember({ mentoradoId, role: "owner", person: staff });
  callers = {
    member: platform.caller(owner),
    visitor: { requestId: "visit-0001", identity: { kind: "form", formKey } },
  };
});
afterAll(() => platform.close());

const procedures = listProcedures().filter(({ input }) => input !== undefined);

describe.each(procedures.map((procedure) => [procedure.path, procedure] as const))("%s", (path, procedure) => {
  const valid = VALID[path];
  const schema = merge(procedure.input);

  test("refuses every wrong value by the name of its field, quotes none of it, and stores nothing", async () => {
    const fields = leavesOf(schema);
    expect(Object.keys(valid ?? {}).toSorted()).toEqual([...new Set(fields.map(({ path: [first] }) => first))].toSorted());
    const before = await countRows(platform.database);
    for (const field of fields) {
      for (const wrong of wrongValues(field.schema)) {
        const answer = await call(procedure, JSON.stringify(withValue(valid, field.path, wrong)));
        expectRefusal(answer, { field: field.path.join("."), wrong });
      }
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("refuses what is no object, what is missing, and what is no JSON", async () => {
    const before = await countRows(platform.database);
    const whole = [null, CANARY, 7, true, [], [valid], DEEP].map((value) => JSON.stringify(value));
    for (const json of [...whole, `{"name":"${CANARY}`, CANARY, `{"name":${CANARY}}`]) {
      expectRefusal(await call(procedure, json), { wrong: json });
    }
    for (const name of schema.required ?? []) {
      const { [name]: _, ...rest } = valid ?? {};
      expectRefusal(await call(procedure, JSON.stringify(rest)), { field: name, wrong: "nothing" });
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("takes a right one, and heeds no key that it does not know", async () => {
    const unknown = {
      mentoradoId: SOME_ID,
      mentorado_id: SOME_ID,
      userId: SOME_ID,
      role: "owner",
      isAdmin: true,
      source: "other",
    };
    const smuggled = { ...unknown, ...valid };
    const text = `${JSON.stringify(smuggled).slice(0, -1)},"__proto__":{"polluted":1,"limit":-1},"constructor":{"prototype":{"polluted":1}}}`;
    const plain = await call(procedure, JSON.stringify(valid));
    const answer = await call(procedure, text);
    expect(plain.error?.data.errorCode).not.toBe("VALIDATION");
    expect(answer.error?.data.errorCode).toBe(plain.error?.data.errorCode);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test("a call by the wrong method is refused before it runs", async () => {
  const before = await countRows(platform.database);
  const create = procedures.find(({ path }) => path === "leads.create");
  if (create === undefined) throw new Error("no leads.create");
  const answer = await call({ ...create, type: "query" }, JSON.stringify(VALID["leads.create"]));
  expect(answer).toMatchObject({ status: 405, error: { data: { errorCode: "METHOD_NOT_SUPPORTED" } } });
  expect(await countRows(platform.database)).toEqual(before);
});

test.each(["leads.nothing", "leads.__proto__", "leads.constructor", "constructor", "leads.create.name", "leads"])(
  "there is no procedure %s",
  async (path) => {
    const answer = await callRaw({ router: ROUTERS.crm, kernel, caller: callers.member, path, type: "query", json: "{}" });
    expect(answer).toMatchObject({ status: 404, error: { data: { code: "NOT_FOUND" } } });
  },
);

function call({ group, path, type }: Procedure, json: string): Promise<RawAnswer> {
  const caller = path === "leads.createPublic" ? callers.visitor : callers.member;
  return callRaw({ router: ROUTERS[group], kernel, caller, path, type, json });
}

function expectRefusal({ status, body, error }: RawAnswer, { field, wrong }: { field?: string; wrong: unknown }): void {
  const what = `${field ?? "input"} = ${String(JSON.stringify(wrong)).slice(0, 80)}`;
  expect({ status, message: error?.message, code: error?.data.code, errorCode: error?.data.errorCode }, what).toEqual({
    status: 400,
    message: "The input is not valid",
    code: "BAD_REQUEST",
    errorCode: "VALIDATION",
  });
  if (field !== undefined)
    expect(String(error?.data.field).split(".").slice(0, field.split(".").length).join("."), what).toBe(field);
  expect(body, what).not.toContain(CANARY);
  expect(body, what).not.toMatch(/"stack":|ZodError|node_modules/);
}

interface Leaf {
  path: string[];
  schema: JsonSchema;
}

/** Every field of an input, those of objects within it too. */
function leavesOf(schema: JsonSchema, path: string[] = []): Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const here = { path: [...path, name], schema: child };
    return child.type === "object" ? [here, ...leavesOf(child, here.path)] : [here];
  });
}

function merge(schema: JsonSchema | undefined): JsonSchema {
  const parts = [schema ?? {}, ...(schema?.allOf ?? [])];
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, JsonSchema>,
    required: parts.flatMap(({ required = [] }) => required),
  };
}

function wrongValues(schema: JsonSchema & { enum?: unknown }): readonly unknown[] {
  const nullable = schema.anyOf?.some(({ type }) => type === "null") ?? false;
  const kinds = schema.anyOf?.filter(({ type }) => type !== "null") ?? [schema];
  const [only, ...others] = kinds;
  const specific = others.length > 0 ? (WRONG.either ?? []) : kindsOf(only ?? {}).flatMap((kind) => WRONG[kind] ?? []);
  return nullable ? specific : [null, ...specific];
}

function kindsOf({ type = "", format, enum: values }: JsonSchema & { enum?: unknown }): string[] {
  const special = format ?? (values === undefined ? undefined : "enum");
  return special === undefined ? [type] : [type, special];
}

function withValue(input: Record<string, unknown> = {}, [name = "", ...rest]: string[], value: unknown): Record<string, unknown> {
  const inner = input[name] as Record<string, unknown>;
  return { ...input, [name]: rest.length === 0 ? value : withValue(inner, rest, value) };
}
