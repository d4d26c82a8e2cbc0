import pg from "pg";

type RefusalStatus = 400 | 413 | 500 | 507;

/** What Neon's proxy refuses by itself, so without a SQLSTATE, unless Postgres said why (`cause`). */
export class Refusal extends Error {
  readonly status: RefusalStatus;
  constructor(message: string, status: RefusalStatus = 400, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** The error JSON of Neon: what Postgres did not say is null, but for `code` and `severity`, which are empty. */
export function errorBody(error: Refusal | pg.DatabaseError): Record<string, string | null> {
  const said = [error, error.cause].find((source) => source instanceof pg.DatabaseError);
  return {
    message: said?.message ?? error.message,
    code: said?.code ?? "",
    detail: said?.detail ?? null,
    hint: said?.hint ?? null,
    position: said?.position ?? null,
    internalPosition: said?.internalPosition ?? null,
    internalQuery: said?.internalQuery ?? null,
    severity: said?.severity ?? "",
    where: said?.where ?? null,
    table: said?.table ?? null,
    column: said?.column ?? null,
    schema: said?.schema ?? null,
    dataType: said?.dataType ?? null,
    constraint: said?.constraint ?? null,
    file: said?.file ?? null,
    line: said?.line ?? null,
    routine: said?.routine ?? null,
  };
}
