import { AppError } from "./app-error.ts";

/**
 * The envelope of every route that is not tRPC: `{ data: null, error: { code, message } }`.
 *
 * @returns the answer to a failure; what is not an `AppError` says only "Internal server error".
 */
export function toHttpResponse(error: unknown): Response {
  const known = error instanceof AppError ? error : new AppError("INTERNAL", "Internal server error");
  const headers = new Headers();
  if (known.retryAfterMs !== undefined) headers.set("retry-after", String(Math.ceil(known.retryAfterMs / 1_000)));
  return Response.json(
    { data: null, error: { code: known.errorCode, message: known.message } },
    { status: known.status, headers },
  );
}
