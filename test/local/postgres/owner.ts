import pg from "pg";

/**
 * A superuser on purpose: locally this one role makes databases, roles and extensions, as the owner role does on Neon.
 * Like Neon's owner it is not held by row-level security, so nothing proved while acting as it says anything about tenants.
 */
export const OWNER = "guilda_owner";
/** In the data folder. */
export const PASSWORD_FILE = "guilda-password";
/** Held for as long as the process that started this Postgres lives: whoever can take it has found an orphan. */
export const OWNERSHIP_LOCK = 1_735_747_180;
const CONNECT_TIMEOUT_MS = 1_000;
/** Nobody is there, or a server that does not know our random password. */
const SILENT = new Set(["ECONNREFUSED", "28P01", "28000"]);

/** @returns the `postgres://` URL of a database of a local Postgres, as its superuser. */
export function ownerUrl({ port, password, database }: { port: number; password: string; database: string }): string {
  return `postgres://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** @returns a connection, or why there is none: `busy` may answer later, `silent` is not ours. */
export async function connectAsOwner({
  port,
  password,
}: {
  port: number;
  password: string;
}): Promise<pg.Client | "busy" | "silent"> {
  const connectionString = ownerUrl({ port, password, database: "postgres" });
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {}); // Its end is seen by whoever waits for the server.
  return client.connect().then(
    () => client,
    (error: { code?: string }) => (SILENT.has(error.code ?? "") ? "silent" : "busy"),
  );
}
