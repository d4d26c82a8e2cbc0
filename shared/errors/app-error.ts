/** The closed set of failures that a caller can see. Each transport maps it once: `to-trpc-error.ts`, `to-http-response.ts`. */
export type AppErrorCode =
  | "VALIDATION"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "PRECONDITION_FAILED"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "RATE_LIMITED"
  | "UNAVAILABLE"
  | "TIMEOUT"
  | "INTERNAL";

const STATUS: Record<AppErrorCode, number> = {
  VALIDATION: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
};

export interface AppErrorOptions {
  /** Stable, upper case, part of the API: `STALE_VERSION`. The code itself when left out. */
  errorCode?: string;
  /** The input field that is at fault, as a dotted path. */
  field?: string;
  /** Safe facts for the caller: never personal data, never internals. */
  details?: Record<string, unknown>;
  /** Whether the same request may succeed later. */
  retryable?: boolean;
  /** Milliseconds after which to try again. */
  retryAfterMs?: number;
  /** What really happened: logged after scrubbing, never sent. */
  cause?: unknown;
}

/** The base of every expected failure. `message` is shown to users, so it names no internals and no personal data. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  readonly errorCode: string;
  readonly status: number;
  readonly field: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: AppErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.errorCode = options.errorCode ?? code;
    this.status = STATUS[code];
    this.field = options.field;
    this.details = options.details;
    this.retryable = options.retryable ?? (code === "RATE_LIMITED" || code === "UNAVAILABLE" || code === "TIMEOUT");
    this.retryAfterMs = options.retryAfterMs;
  }
}

export class ValidationError extends AppError {
  constructor(message = "The input is not valid", options: AppErrorOptions = {}) {
    super("VALIDATION", message, options);
  }
}

export class UnauthorizedError extends AppError {
  constructor(message = "Sign in to continue", options: AppErrorOptions = {}) {
    super("UNAUTHORIZED", message, options);
  }
}

export class ForbiddenError extends AppError {
  constructor(message = "You are not allowed to do this", options: AppErrorOptions = {}) {
    super("FORBIDDEN", message, options);
  }
}

export class NotFoundError extends AppError {
  constructor(message = "Not found", options: AppErrorOptions = {}) {
    super("NOT_FOUND", message, options);
  }
}

export class ConflictError extends AppError {
  constructor(message = "This conflicts with the current state", options: AppErrorOptions = {}) {
    super("CONFLICT", message, options);
  }
}

export class RateLimitedError extends AppError {
  constructor(message = "Too many requests", options: AppErrorOptions = {}) {
    super("RATE_LIMITED", message, options);
  }
}

export class UnavailableError extends AppError {
  constructor(message = "Temporarily unavailable, please try again", options: AppErrorOptions = {}) {
    super("UNAVAILABLE", message, options);
  }
}
