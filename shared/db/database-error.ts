import {
  AppError,
  type AppErrorCode,
  ConflictError,
  ForbiddenError,
  NotFoundError,
  UnauthorizedError,
  UnavailableError,
  ValidationError,
} from "../errors/app-error.ts";

/** What the driver tells of a failure, wherever drizzle or the driver wrapped it. Source: the fields of `NeonDbError`. */
export interface DatabaseFailure {
  /** SQLSTATE; empty when the failure did not come from Postgres, so that the outcome of the statements is unknown. */
  sqlState: string;
  message: string;
  constraint: string | undefined;
}

const OUR_STATES: Record<string, AppErrorCode> = {
  GU400: "VALIDATION",
  GU401: "UNAUTHORIZED",
  GU403: "FORBIDDEN",
  GU404: "NOT_FOUND",
  GU409: "CONFLICT",
  GU412: "PRECONDITION_FAILED",
};

const MESSAGES: Partial<Record<AppErrorCode, string>> = {
  UNAUTHORIZED: new UnauthorizedError().message,
  FORBIDDEN: new ForbiddenError().message,
  NOT_FOUND: new NotFoundError().message,
  CONFLICT: new ConflictError().message,
  VALIDATION: new ValidationError().message,
};

/** A job's lease was taken over: whatever this attempt was about to write has been cancelled. */
export class LeaseLostError extends UnavailableError {
  constructor() {
    super("Someone else works on this", { errorCode: "LEASE_LOST" });
  }
}

/** @returns the failure of the database in `error` or its causes; undefined when it is of another kind. */
export function findDatabaseFailure(error: unknown): DatabaseFailure | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 4; depth += 1) {
    if (current.name === "NeonDbError") {
      const { code, constraint } = current as Error & { code?: string | null; constraint?: string | null };
      return { sqlState: code ?? "", message: current.message, constraint: constraint ?? undefined };
    }
    current = current.cause;
  }
  return undefined;
}

export function isSerializationFailure(error: unknown): boolean {
  const failure = findDatabaseFailure(error);
  return failure?.sqlState === "40001" || failure?.sqlState === "40P01";
}

/**
 * Says what a failure of the database means to a caller. Values of the statement and of the row never get into it.
 *
 * @returns an `AppError`, or `error` itself when it did not come from the database.
 */
export function toAppError(error: unknown): unknown {
  const failure = findDatabaseFailure(error);
  if (failure === undefined) return error;
  const { sqlState, constraint } = failure;
  if (sqlState === "LS001") return new LeaseLostError();
  const ours = OUR_STATES[sqlState];
  // The message of an exception that our own functions raise is the stable error code.
  if (ours !== undefined) return new AppError(ours, MESSAGES[ours] ?? "Refused", { errorCode: failure.message, cause: error });
  if (sqlState === "23505")
    return new ConflictError(undefined, { errorCode: "ALREADY_EXISTS", details: { constraint }, cause: error });
  if (sqlState === "23503")
    return new NotFoundError(undefined, { errorCode: "REFERENCE_NOT_FOUND", details: { constraint }, cause: error });
  if (sqlState === "23514" || sqlState.startsWith("22")) return new ValidationError(undefined, { cause: error });
  if (sqlState === "" || /^(08|40|53|55P03|57P0)/.test(sqlState)) {
    return new UnavailableError(undefined, { errorCode: "DATABASE_UNAVAILABLE", cause: error });
  }
  return error;
}
