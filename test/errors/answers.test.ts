import { TRPCError } from "@trpc/server";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError, RateLimitedError } from "../../shared/errors/app-error.ts";
import { formProcedure, mentoradoProcedure, publicProcedure, router } from "../../shared/trpc/procedures.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";
import { callRaw } from "../trpc/support/call-raw.ts";

const CANARY = "Canary9017";

/** Procedures that fail in every way in which one can. */
const failing = router({
  withError: publicProcedure.query(() => {
    throw new Error(CANARY);
  }),
  withCause: publicProcedure.query(() => {
    throw new TypeError("outer", { cause: new Error(CANARY) });
  }),
  withText: publicProcedure.query(() => {
    throw CANARY;
  }),
  withNothing: publicProcedure.query(() => {
    throw undefined;
  }),
  withTrpcError: publicProcedure.query(() => {
    throw new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: CANARY, cause: new Error(CANARY) });
  }),
  withInternal: publicProcedure.query(() => {
    throw new AppError("INTERNAL", CANARY, { cause: new Error(CANARY) });
  }),
  withDetails: publicProcedure.query(() => {
    throw new RateLimitedError("Slow down", {
      errorCode: "SLOW_DOWN",
      retryAfterMs: 1_500,
      field: "phone",
      details: { secret: CANARY },
      cause: new Error(CANARY),
    });
  }),
  withBrokenSql: mentoradoProcedure("leads.read").query(({ ctx }) =>
    ctx.db.read([ctx.db.build.execute(sql`select ${CANARY}::text from no_such_table`)]),
  ),
  withBadCast: mentoradoProcedure("leads.read").query(({ ctx }) =>
    ctx.db.read([ctx.db.build.execute(sql`select ${CANARY}::uuid`)]),
  ),
  withCheck: mentoradoProcedure("leads.write").mutation(({ ctx }) =>
    ctx.db.write({
      statements: [
        ctx.db.build.execute(
          sql`insert into leads (mentorado_id, id, name, stage) values (${ctx.mentoradoId}, ${ctx.newId()}, ${CANARY}, ${CANARY})`,
        ),
      ],
      answer: sql`null`,
    }),
  ),
  withDuplicate: mentoradoProcedure("leads.write").mutation(({ ctx }) => {
    const insert = () =>
      ctx.db.build.execute(
        sql`insert into leads (mentorado_id, id, name, phone_key) values (${ctx.mentoradoId}, ${ctx.newId()}, 'Ana', ${CANARY})`,
      );
    return ctx.db.write({ statements: [insert(), insert()], answer: sql`null` });
  }),
  withForeignKey: mentoradoProcedure("leads.write").mutation(({ ctx }) =>
    ctx.db.write({
      statements: [
        ctx.db.build.execute(
          sql`insert into lead_stage_history (mentorado_id, id, lead_id, to_stage) values (${ctx.mentoradoId}, ${ctx.newId()}, ${ctx.newId()}, ${CANARY})`,
        ),
      ],
      answer: sql`null`,
    }),
  ),
  withNotNull: mentoradoProcedure("leads.write").mutation(({ ctx }) =>
    ctx.db.write({
      statements: [
        ctx.db.build.execute(
          sql`insert into leads (mentorado_id, id, message) values (${ctx.mentoradoId}, ${ctx.newId()}, ${CANARY})`,
        ),
      ],
      answer: sql`null`,
    }),
  ),
  withForbiddenTable: mentoradoProcedure("leads.write").mutation(({ ctx }) =>
    ctx.db.write({ statements: [ctx.db.build.execute(sql`delete from leads where name = ${CANARY}`)], answer: sql`null` }),
  ),
  withForm: formProcedure.query(({ ctx }) => ctx.db.read([])),
});

let platform: Platform;
let owner: Member;
beforeAll(async () => {
  platform = await startPlatform();
  const { id: mentoradoId } = await platform.createMentorado();
  owner = await platform.createMember({ mentoradoId, role: "owner" });
});
afterAll(() => platform.close());

async function fail(path: string, type: "query" | "mutation" = "query") {
  const kernel = platform.kernel("crm");
  const answer = await callRaw({ router: failing, kernel, caller: platform.caller(owner), path, type, json: undefined });
  expect(answer.body).not.toContain(CANARY);
  expect(answer.body).not.toMatch(/"stack"|node_modules|\.ts:|select |insert |violates|constraint|leads_|drizzle|neon/i);
  return answer;
}

describe("a failure that nobody expected", () => {
  test.each(["withError", "withCause", "withText", "withNothing", "withTrpcError", "withInternal", "withBrokenSql"])(
    "%s says that it is internal, and nothing else",
    async (path) => {
      expect(await fail(path)).toMatchObject({
        status: 500,
        error: {
          message: "Internal server error",
          data: { code: "INTERNAL_SERVER_ERROR", httpStatus: 500, errorCode: "INTERNAL", path, requestId: expect.any(String) },
        },
      });
    },
  );

  test.each(["withForbiddenTable"])("%s, too, when the database's own rights end it", async (path) => {
    expect(await fail(path, "mutation")).toMatchObject({ status: 500, error: { data: { errorCode: "INTERNAL" } } });
  });

  test("leaves its cause in the log, with the request that it belongs to", async () => {
    const { error } = await fail("withBrokenSql");
    const line = platform.logs().find(({ requestId }) => requestId === error?.data.requestId);
    expect(line).toMatchObject({ level: "error", procedure: "withBrokenSql", outcome: "error" });
    expect(String(line?.error)).toContain("no_such_table");
    expect(JSON.stringify(platform.logs())).not.toMatch(/"stack"/);
  });
});

describe("a failure of the database", () => {
  test.each([
    { path: "withCheck", status: 400, errorCode: "VALIDATION", message: "The input is not valid" },
    { path: "withDuplicate", status: 409, errorCode: "ALREADY_EXISTS", message: "This conflicts with the current state" },
    { path: "withForeignKey", status: 404, errorCode: "REFERENCE_NOT_FOUND", message: "Not found" },
  ])("$path is $errorCode, without the row, the constraint or the statement", async ({ path, status, errorCode, message }) => {
    expect(await fail(path, "mutation")).toMatchObject({ status, error: { message, data: { errorCode } } });
  });

  test("that a cast refuses is an invalid input", async () => {
    expect(await fail("withBadCast")).toMatchObject({ status: 400, error: { data: { errorCode: "VALIDATION" } } });
  });

  test("that a column which must be filled refuses is ours, not the caller's", async () => {
    expect(await fail("withNotNull", "mutation")).toMatchObject({ status: 500, error: { data: { errorCode: "INTERNAL" } } });
  });

  test.each([
    { kind: "reset-before" as const },
    { kind: "reset-after" as const },
    { kind: "garbage" as const },
    { kind: "status" as const, status: 502, body: `<html>${CANARY}</html>` },
    { kind: "status" as const, status: 400, body: JSON.stringify({ message: CANARY, code: "08006", detail: CANARY }) },
    { kind: "status" as const, status: 500, body: JSON.stringify({ message: `Control plane request failed for ${CANARY}` }) },
  ])("that is away ($kind $status) is temporary", async (fault) => {
    const kernel = platform.kernel("crm");
    const caller = platform.caller(owner);
    const call = () => callRaw({ router: failing, kernel, caller, path: "withBadCast", type: "query", json: undefined });
    await call();
    platform.database.bridge.faults.push({ ...fault, times: 1 });
    const answer = await call();
    expect(platform.database.bridge.faults).toEqual([]);
    expect(answer).toMatchObject({
      status: 503,
      error: {
        message: "Temporarily unavailable, please try again",
        data: { code: "SERVICE_UNAVAILABLE", errorCode: "DATABASE_UNAVAILABLE" },
      },
    });
    expect(answer.body).not.toContain(CANARY);
  });
});

test("an expected failure tells its code, its field and its wait, and keeps its details and its cause", async () => {
  expect(await fail("withDetails")).toMatchObject({
    status: 429,
    error: {
      message: "Slow down",
      data: { code: "TOO_MANY_REQUESTS", httpStatus: 429, errorCode: "SLOW_DOWN", field: "phone", retryAfterMs: 1_500 },
    },
  });
});

test("a form that is not there is not found", async () => {
  await insertRow(platform.database, "lead_forms", {
    mentorado_id: owner.mentoradoId,
    id: owner.userId,
    form_key: "form-of-errors",
    name: "Site",
    consent_text_version: "1",
    is_active: false,
  });
  const caller = { requestId: "visit-0001", identity: { kind: "form" as const, formKey: "form-of-errors" } };
  const kernel = platform.kernel("crm");
  const answer = await callRaw({ router: failing, kernel, caller, path: "withForm", type: "query", json: undefined });
  expect(answer).toMatchObject({ status: 404, error: { message: "Not found", data: { errorCode: "FORM_NOT_FOUND" } } });
});
