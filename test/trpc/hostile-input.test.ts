import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Kernel } from "../../shared/kernel.ts";
import { countRows } from "../db/support/count-rows.ts";
import { after, valueAt, withValue } from "../isolation/support/foreign-ids.ts";
import { callerOf, furtherInputsOf, inputOf } from "../isolation/support/members.ts";
import { type Practice, seedPractice } from "../isolation/support/seed-practice.ts";
import { type JsonSchema, listProcedures, type Procedure, ROUTERS } from "../rules/procedures.ts";
import { type Person, type Platform, startPlatform } from "../support/platform.ts";
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
const NOON = "2026-11-21T12:00:00Z";

/** What to add to the valid inputs so that one of each alternative has every field that there is. */
const WHOLE: Record<string, (practice: Practice) => Record<string, unknown>[]> = {
  "users.list": () => [{ limit: 5 }],
  "users.directory": () => [{ limit: 5 }],
  "leads.list": () => [{ limit: 5, stage: "new" }],
  "leads.create": () => [{ ...PROFILE, source: "event" }],
  "leads.createPublic": () => [{ ...PROFILE, website: "https://bot.example" }],
  "leads.update": () => [{ patch: PROFILE }],
  "students.list": () => [{ limit: 5 }],
  "enrollments.list": () => [{ limit: 5 }],
  "financial.charges.create": () => [{ description: "Mentoria" }],
  "financial.charges.list": () => [
    { limit: 5, status: "received", billingType: "pix", dueFrom: "2026-01-01", dueTo: "2026-12-31" },
  ],
  "financial.charges.operations": () => [{ limit: 5 }],
  "financial.charges.receiveInCash": () => [{ amountCents: 9_000 }],
  "financial.charges.refund": () => [{ amountCents: 500 }],
  "financial.conflicts.list": () => [{ limit: 5, status: "resolved" }],
  "financial.conflicts.resolve": ({ ids }) => [
    { id: ids.conflict, version: 1, resolution: "ignore" },
    { id: ids.statusConflict, version: 1, resolution: "keep_remote" },
    { id: ids.conflict, version: 1, resolution: "link", chargeId: ids.draftCharge },
  ],
  "financial.dunning.optOuts": () => [{ limit: 5 }],
  "financial.dunning.reminders": () => [{ limit: 5 }],
  "financial.dunning.simulate": () => [{ limit: 5 }],
  "financial.enrollments.bill": () => [{ withinDays: 60 }],
  "financial.events.list": () => [{ limit: 5, status: "waiting", eventType: "PAYMENT_RECEIVED", paymentId: "pay_1" }],
  "financial.events.replay": () => [{ receivedFrom: "2026-01-01T00:00:00Z", receivedUntil: NOON, eventType: "PAYMENT_RECEIVED" }],
  "financial.ledger.balances": () => [{ at: NOON }],
  "financial.ledger.export": () => [{ limit: 5, cursor: 0 }],
  "financial.ledger.list": () => [{ limit: 5, at: NOON }],
  "financial.metricRows": ({ ids }) => [{ cursor: after(ids.charge), limit: 5, metric: "dueOverdue", bucket: "1-7", day: 3 }],
  "financial.subscriptions.create": () => [{ description: "Mentoria", endDate: "2100-01-01", maxPayments: 12 }],
  "financial.subscriptions.list": () => [{ limit: 5, status: "active" }],
  "patterns.adherence": () => [{ from: "2026-01-01", to: "2026-12-31" }],
  "patterns.addEvidence": () => [{ isCounterExample: true }],
  "patterns.backtest": () => [{ limit: 5 }],
  "patterns.cohortMatrix": () => [{ from: "2026-01-01", to: "2026-12-31" }],
  "patterns.create": () => [{ category: "naming", scope: "src" }],
  "patterns.defer": () => [{ expectedVersion: 1, rationale: "Later", until: "2099-01-01T00:00:00Z" }],
  "patterns.deprecate": () => [{ expectedVersion: 1, rationale: "Old" }],
  "patterns.history": () => [{ limit: 5, cursor: 3 }],
  "patterns.list": () => [{ status: "candidate", page: 1, limit: 5 }],
  "patterns.merge": () => [{ expectedVersion: 1, rationale: "The same" }],
  "patterns.previewChecker": () => [{ limit: 5 }],
  "patterns.promote": () => [{ rationale: "Agreed" }],
  "patterns.reject": () => [{ expectedVersion: 1 }],
  "patterns.reopen": () => [{ expectedVersion: 1, rationale: "Again" }],
  "patterns.setChannels": () => [{ expectedVersion: 1 }],
  "patterns.setSeverity": () => [{ expectedVersion: 1 }],
  "patterns.triageQueue": () => [{ limit: 5 }],
  "patterns.update": () => [{ expectedVersion: 1, description: "Better", category: "naming" }],
  "patterns.updateStatus": () => [{ expectedVersion: 1, rationale: "Agreed" }],
  "patterns.violations": () => [{ state: "open", limit: 5 }],
  "repos.connect": ({ tag, installationId }) => [{ installationId, fullName: `acme-${tag}/web` }],
  "repos.pulls": () => [{ state: "open", limit: 5 }],
  "repos.list": () => [{ limit: 5 }],
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
  pattern: [CANARY, ""],
  date: [
    "0000-01-01",
    "2026-02-30",
    "2025-02-29",
    "2026-13-01",
    "2026-00-10",
    "01/02/2026",
    "2026-2-1",
    "2026-02-01T00:00:00Z",
    "today",
    "",
  ],
  "date-time": [
    "0000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-02-01",
    "2026-02-01T25:00:00Z",
    "2026-02-01 00:00:00Z",
    CANARY,
    "now",
    "infinity",
    "",
  ],
  enum: [CANARY, "__proto__", "constructor", "toString", "", " new"],
  integer: [1.5, 1e308, -1e308, 2 ** 53, "5", `${CANARY}`, true, [], [1], ...OBJECTS, DEEP],
  boolean: ["false", CANARY, 0, 1, [], ...OBJECTS],
  array: [CANARY, 7, true, ...OBJECTS, DEEP],
  object: [CANARY, 7, true, [], [CANARY], DEEP],
  either: [CANARY, 7, [], ...OBJECTS],
};

let platform: Platform;
let kernel: Kernel;
let staff: Person;
let practice: Practice;

beforeAll(async () => {
  platform = await startPlatform();
  kernel = platform.kernel("all");
  staff = await platform.createPerson({ isAdmin: true });
  practice = await seedPractice(platform.database);
});
afterAll(() => platform.close());

const procedures = listProcedures().filter(({ input }) => input !== undefined);

describe.each(procedures.map((procedure) => [procedure.path, procedure] as const))("%s", (_, procedure) => {
  const alternatives = alternativesOf(procedure.input);

  test("refuses every wrong value by the name of its field, quotes none of it, and stores nothing", async () => {
    const before = await countRows(platform.database);
    for (const [index, alternative] of alternatives.entries()) {
      const whole = wholeInputs(procedure, practice)[index];
      const fields = leavesOf(alternative);
      expect(Object.keys(whole ?? {}).toSorted()).toEqual([...new Set(fields.map(({ path: [first = ""] }) => first))].toSorted());
      for (const field of fields) {
        for (const wrong of wrongValues(field.schema, valueAt(whole, field.path))) {
          const answer = await call(procedure, JSON.stringify(withValue(whole, field.path, wrong)));
          expectRefusal(answer, { field: field.path.join("."), wrong });
        }
      }
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("refuses what is no object, what is missing, and what is no JSON", async () => {
    const before = await countRows(platform.database);
    for (const [index, { required = [] }] of alternatives.entries()) {
      const whole = wholeInputs(procedure, practice)[index];
      const notObjects = [null, CANARY, 7, true, [], [whole], DEEP].map((value) => JSON.stringify(value));
      for (const json of [...notObjects, `{"name":"${CANARY}`, CANARY, `{"name":${CANARY}}`]) {
        expectRefusal(await call(procedure, json), { wrong: json });
      }
      for (const name of required) {
        const { [name]: _, ...rest } = whole ?? {};
        expectRefusal(await call(procedure, JSON.stringify(rest)), { field: name, wrong: "nothing" });
      }
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("does what a right one asks for, and heeds no key that it does not know", async () => {
    const unknown = {
      mentoradoId: SOME_ID,
      mentorado_id: SOME_ID,
      userId: SOME_ID,
      role: "owner",
      isAdmin: true,
      source: "other",
    };
    const pollution = `"__proto__":{"polluted":1,"limit":-1},"constructor":{"prototype":{"polluted":1}}}`;
    const count = wholeInputs(procedure, practice).length;
    for (let index = 0; index < count; index += 1) {
      const [fresh, other] = [await seedPractice(platform.database), await seedPractice(platform.database)];
      const plain = await call(procedure, JSON.stringify(wholeInputs(procedure, fresh)[index]), fresh);
      expect(plain, plain.body).toMatchObject({ status: 200 });
      const text = `${JSON.stringify({ ...unknown, ...wholeInputs(procedure, other)[index] }).slice(0, -1)},${pollution}`;
      const answer = await call(procedure, text, other);
      if (procedure.input?.additionalProperties === false) expectRefusal(answer, { wrong: text });
      else expect(answer, answer.body).toMatchObject({ status: 200 });
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test("a call by the wrong method is refused before it runs", async () => {
  const before = await countRows(platform.database);
  const create = procedures.find(({ path }) => path === "leads.create");
  if (create === undefined) throw new Error("no leads.create");
  const answer = await call({ ...create, type: "query" }, JSON.stringify(inputOf(create, practice)));
  expect(answer).toMatchObject({ status: 405, error: { data: { errorCode: "METHOD_NOT_SUPPORTED" } } });
  expect(await countRows(platform.database)).toEqual(before);
});

test.each(["leads.nothing", "leads.__proto__", "leads.constructor", "constructor", "leads.create.name", "leads"])(
  "there is no procedure %s",
  async (path) => {
    const caller = platform.caller(practice.members.owner, { mentoradoId: practice.mentoradoId });
    const answer = await callRaw({ router: ROUTERS.crm, kernel, caller, path, type: "query", json: "{}" });
    expect(answer).toMatchObject({ status: 404, error: { data: { code: "NOT_FOUND" } } });
  },
);

/** Inputs that are right; first of each alternative one that has every field. */
function wholeInputs(procedure: Procedure, of: Practice): Record<string, unknown>[] {
  const valid = (inputOf(procedure, of) ?? {}) as Record<string, unknown>;
  const whole = WHOLE[procedure.path]?.(of) ?? [{}];
  const further = furtherInputsOf(procedure, of) as Record<string, unknown>[];
  return [...whole.map((rest) => (whole.length > 1 ? rest : { ...valid, ...rest })), ...further];
}

function call(procedure: Procedure, json: string, of = practice): Promise<RawAnswer> {
  const { group, path, type } = procedure;
  const caller = callerOf({ platform, procedure, practice: of, staff });
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

function alternativesOf(schema: JsonSchema = {}): JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [merge(schema)];
}

function merge(schema: JsonSchema): JsonSchema {
  const parts = [schema, ...(schema.allOf ?? [])];
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, JsonSchema>,
    required: parts.flatMap(({ required = [] }) => required),
  };
}

type FieldSchema = JsonSchema & { enum?: unknown; pattern?: string; minimum?: number; maximum?: number };

/** @param right a value of the field. */
function wrongValues(schema: FieldSchema, right: unknown): readonly unknown[] {
  const nullable = schema.anyOf?.some(({ type }) => type === "null") ?? false;
  const kinds = schema.anyOf?.filter(({ type }) => type !== "null") ?? [schema];
  const [only, ...others] = kinds;
  const specific = others.length > 0 ? (WRONG.either ?? []) : wrongOfOne(only ?? {}, right);
  return nullable ? specific : [null, ...specific];
}

function wrongOfOne(schema: FieldSchema, right: unknown): readonly unknown[] {
  const { type = "", format, enum: values, pattern, minimum, maximum, items } = schema;
  const kinds = [type, format ?? "", values === undefined ? "" : "enum", pattern === undefined ? "" : "pattern"];
  const beyond = [minimum === undefined ? [] : [minimum - 1], maximum === undefined ? [] : [maximum + 1]].flat();
  const [item] = Array.isArray(right) ? (right as unknown[]) : [];
  const ofItems = items === undefined ? [] : [...wrongValues(items, item).map((wrong) => [wrong]), new Array(5_000).fill(item)];
  return [...kinds.flatMap((kind) => WRONG[kind] ?? []), ...beyond, ...ofItems];
}
