import { type TRPC_ERROR_CODE_KEY, type TRPC_ERROR_CODE_NUMBER, TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { AppError } from "../../shared/errors/app-error.ts";
import { toTrpcError } from "../../shared/trpc/to-trpc-error.ts";

/** One failed call as tRPC clients read it, the same that group Workers answer. */
export interface TrpcErrorEntry {
  error: {
    message: string;
    code: TRPC_ERROR_CODE_NUMBER;
    data: {
      code: TRPC_ERROR_CODE_KEY;
      httpStatus: number;
      requestId: string;
      errorCode: string;
      path?: string;
      field?: string;
      retryAfterMs?: number;
    };
  };
}

/** @returns any failure as one that may be shown: what is not an AppError becomes INTERNAL with a generic message. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError("INTERNAL", "Internal server error", { cause: error });
}

export function toTrpcErrorEntry({
  error,
  requestId,
  path,
}: {
  error: AppError;
  requestId: string;
  path?: string | undefined;
}): TrpcErrorEntry {
  const key = toTrpcError(error).code;
  return {
    error: {
      message: error.message,
      code: TRPC_ERROR_CODES_BY_KEY[key],
      data: {
        code: key,
        httpStatus: error.status,
        requestId,
        errorCode: error.errorCode,
        ...(path !== undefined && { path }),
        ...(error.field !== undefined && { field: error.field }),
        ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
      },
    },
  };
}

/** @returns the refusal of a whole tRPC request: one error, which clients hand to every call of a batch. */
export function answerTrpcError(input: { error: AppError; requestId: string; path?: string | undefined }): Response {
  const { status, retryAfterMs } = input.error;
  const headers = new Headers();
  if (retryAfterMs !== undefined) headers.set("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  return Response.json(toTrpcErrorEntry(input), { status, headers });
}
