import { TRPCError } from "@trpc/server";
import { describe, expect, test } from "vitest";
import {
  AppError,
  type AppErrorCode,
  ConflictError,
  ForbiddenError,
  NotFoundError,
  RateLimitedError,
  UnauthorizedError,
  UnavailableError,
  ValidationError,
} from "../../shared/errors/app-error.ts";
import { toHttpResponse } from "../../shared/errors/to-http-response.ts";
import { toTrpcError } from "../../shared/trpc/to-trpc-error.ts";

const SECRET = "Canary9017";

/** A compiler error here means a code without its line. */
const MAPPED: Record<AppErrorCode, { http: number; trpc: string; retryable: boolean }> = {
  VALIDATION: { http: 400, trpc: "BAD_REQUEST", retryable: false },
  UNAUTHORIZED: { http: 401, trpc: "UNAUTHORIZED", retryable: false },
  FORBIDDEN: { http: 403, trpc: "FORBIDDEN", retryable: false },
  NOT_FOUND: { http: 404, trpc: "NOT_FOUND", retryable: false },
  CONFLICT: { http: 409, trpc: "CONFLICT", retryable: false },
  PRECONDITION_FAILED: { http: 412, trpc: "PRECONDITION_FAILED", retryable: false },
  PAYLOAD_TOO_LARGE: { http: 413, trpc: "PAYLOAD_TOO_LARGE", retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, trpc: "UNSUPPORTED_MEDIA_TYPE", retryable: false },
  RATE_LIMITED: { http: 429, trpc: "TOO_MANY_REQUESTS", retryable: true },
  INTERNAL: { http: 500, trpc: "INTERNAL_SERVER_ERROR", retryable: false },
  UNAVAILABLE: { http: 503, trpc: "SERVICE_UNAVAILABLE", retryable: true },
  TIMEOUT: { http: 504, trpc: "GATEWAY_TIMEOUT", retryable: true },
};
const CODES = Object.entries(MAPPED) as [AppErrorCode, (typeof MAPPED)[AppErrorCode]][];

/** Everything that an answer could give away. */
async function read(response: Response) {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

describe.each(CODES)("%s", (code, { http, trpc, retryable }) => {
  const error = new AppError(code, "Said to users", { errorCode: "STABLE_CODE", cause: new Error(SECRET) });

  test(`is HTTP ${http} with its stable code, and nothing of its cause`, async () => {
    const answer = await read(toHttpResponse(error));
    expect(answer.status).toBe(http);
    expect(JSON.parse(answer.body)).toEqual({ data: null, error: { code: "STABLE_CODE", message: "Said to users" } });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
  });

  test(`is tRPC ${trpc} with the same message`, () => {
    const mapped = toTrpcError(error);
    expect(mapped).toMatchObject({ code: trpc, message: "Said to users", cause: error });
    // tRPC wraps what a procedure throws; that changes nothing.
    expect(toTrpcError(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: error }))).toMatchObject({
      code: trpc,
      cause: error,
    });
  });

  test(`is ${retryable ? "worth" : "not worth"} another try, unless it says so itself`, () => {
    expect(error.retryable).toBe(retryable);
    expect(new AppError(code, "", { retryable: !retryable }).retryable).toBe(!retryable);
  });

  test("is its own stable code when it has no other", () => {
    expect(new AppError(code, "").errorCode).toBe(code);
  });
});

test.each([
  [ValidationError, "VALIDATION"],
  [UnauthorizedError, "UNAUTHORIZED"],
  [ForbiddenError, "FORBIDDEN"],
  [NotFoundError, "NOT_FOUND"],
  [ConflictError, "CONFLICT"],
  [RateLimitedError, "RATE_LIMITED"],
  [UnavailableError, "UNAVAILABLE"],
] as const)("%o stands for %s and has words for users", (Kind, code) => {
  const error = new Kind();
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code, errorCode: code, name: "AppError" });
  expect(error.message).toMatch(/^[A-Z][a-z ,]+$/);
  expect(error.cause).toBeUndefined();
});

describe("what is not expected", () => {
  const unexpected: [string, unknown][] = [
    ["an error", new Error(SECRET)],
    ["an error with a cause", new Error("outer", { cause: new Error(SECRET) })],
    ["a type error", new TypeError(`Cannot read properties of undefined (reading '${SECRET}')`)],
    ["a text", SECRET],
    ["nothing", undefined],
    ["null", null],
    ["an object that looks like ours", { code: "CONFLICT", status: 409, message: SECRET, errorCode: SECRET }],
    ["drizzle's error", Object.assign(new Error(`Failed query: select 1\nparams: ${SECRET}`), { name: "DrizzleQueryError" })],
    ["the driver's error", Object.assign(new Error(SECRET), { name: "NeonDbError", code: "XX000", detail: SECRET })],
    ["the cache's error", Object.assign(new Error(`ERR wrong type, command was: ["set","${SECRET}"]`), { name: "UpstashError" })],
    ["an error of tRPC's own", new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: SECRET, cause: new Error(SECRET) })],
  ];

  test.each(unexpected)("%s is an internal error to HTTP and tells nothing", async (_, error) => {
    const answer = await read(toHttpResponse(error));
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toEqual({ data: null, error: { code: "INTERNAL", message: "Internal server error" } });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
  });

  test.each(unexpected)("%s is an internal error to tRPC, and is kept for the log alone", (_, error) => {
    expect(toTrpcError(error)).toMatchObject({ code: "INTERNAL_SERVER_ERROR", message: "Internal server error" });
  });
});

test("a refusal that tRPC itself makes keeps its code", () => {
  for (const code of ["BAD_REQUEST", "NOT_FOUND", "METHOD_NOT_SUPPORTED", "PAYLOAD_TOO_LARGE"] as const) {
    expect(toTrpcError(new TRPCError({ code })).code).toBe(code);
  }
});

test.each([
  [1, "1"],
  [999, "1"],
  [1_000, "1"],
  [1_001, "2"],
  [30_000, "30"],
  [0, "0"],
])("a wait of %i ms is told as %s whole seconds, never fewer", (retryAfterMs, seconds) => {
  expect(toHttpResponse(new UnavailableError(undefined, { retryAfterMs })).headers.get("retry-after")).toBe(seconds);
});

test("without a wait none is told", () => {
  expect(toHttpResponse(new UnavailableError()).headers.has("retry-after")).toBe(false);
});
