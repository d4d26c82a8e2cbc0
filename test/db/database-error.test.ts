import { describe, expect, test } from "vitest";
import { findDatabaseFailure, isSerializationFailure, LeaseLostError, toAppError } from "../../shared/db/database-error.ts";
import { AppError } from "../../shared/errors/app-error.ts";

const CANARY = "Canary9017";

/** As the driver tells a failure of Postgres; null when Postgres said nothing. */
function driverError(code: string | null, message = CANARY): Error {
  return Object.assign(new Error(message), { name: "NeonDbError", code, detail: CANARY, constraint: "leads_one_per_phone" });
}

describe("a failure of the database", () => {
  test.each([
    ["GU400", "VALIDATION", "BECAUSE"],
    ["GU401", "UNAUTHORIZED", "BECAUSE"],
    ["GU403", "FORBIDDEN", "BECAUSE"],
    ["GU404", "NOT_FOUND", "BECAUSE"],
    ["GU409", "CONFLICT", "BECAUSE"],
    ["GU412", "PRECONDITION_FAILED", "BECAUSE"],
    ["23505", "CONFLICT", "ALREADY_EXISTS"],
    ["23503", "NOT_FOUND", "REFERENCE_NOT_FOUND"],
    ["23514", "VALIDATION", "VALIDATION"],
    ["22P02", "VALIDATION", "VALIDATION"],
    ["22021", "VALIDATION", "VALIDATION"],
    ["22003", "VALIDATION", "VALIDATION"],
    ["40001", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["40P01", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["08006", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["53300", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["55P03", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["57P01", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["57P03", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["", "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    [null, "UNAVAILABLE", "DATABASE_UNAVAILABLE"],
    ["LS001", "UNAVAILABLE", "LEASE_LOST"],
  ])("with SQLSTATE %j is %s, with the code %s", (sqlState, code, errorCode) => {
    const error = toAppError(driverError(sqlState, "BECAUSE"));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, errorCode });
  });

  test.each(["23505", "23503", "23514", "22P02", "08006", "GU409"])(
    "with SQLSTATE %s says nothing of the row to users",
    (sqlState) => {
      const { message, details } = toAppError(driverError(sqlState)) as AppError;
      expect(JSON.stringify([message, details])).not.toContain(CANARY);
      expect(message).toMatch(/^[A-Z][a-z ,]+$/);
    },
  );

  test.each(["XX000", "42601", "42501", "23502", "57014", "25P02", "GU500"])(
    "with SQLSTATE %s is nobody's fault but ours",
    (sqlState) => {
      const error = driverError(sqlState);
      expect(toAppError(error)).toBe(error);
    },
  );

  test("is found beneath what others wrapped around it", () => {
    const wrapped = new Error("Failed query", { cause: new Error("batch", { cause: driverError("23505") }) });
    expect(findDatabaseFailure(wrapped)).toEqual({ sqlState: "23505", message: CANARY, constraint: "leads_one_per_phone" });
    expect(toAppError(wrapped)).toMatchObject({ errorCode: "ALREADY_EXISTS", cause: wrapped });
  });

  test("that lost its lease is known by its class", () => {
    expect(toAppError(driverError("LS001"))).toBeInstanceOf(LeaseLostError);
  });

  test.each([
    ["40001", true],
    ["40P01", true],
    ["23505", false],
    ["", false],
  ])("with SQLSTATE %j is worth sending again at once: %s", (sqlState, expected) => {
    expect(isSerializationFailure(driverError(sqlState))).toBe(expected);
  });
});

test.each([new Error("other"), new AppError("CONFLICT", "x"), "text", undefined])("%o is no failure of the database", (error) => {
  expect(findDatabaseFailure(error)).toBeUndefined();
  expect(toAppError(error)).toBe(error);
});
