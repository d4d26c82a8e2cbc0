import { neon, neonConfig } from "@neondatabase/serverless";
import type { SQL } from "drizzle-orm";
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { UnavailableError } from "../errors/app-error.ts";
import { isSerializationFailure } from "./database-error.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_ATTEMPTS = 3;
const RETRY_JITTER_MS = 40;

/** Builds statements; it cannot send one. Statements reach the database only through a batch that says who acts. */
export type Builder = Pick<
  NeonHttpDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "with" | "$with" | "execute"
>;
export type Statement = BatchItem<"pg">;
export type Results<Statements extends readonly Statement[]> = BatchResponse<Statements>;

export interface Connection {
  build: Builder;
  /** Sends the statements as one transaction in one HTTP request, led by `entry`, whose own result is dropped. */
  run<const Statements extends readonly Statement[]>(entry: SQL, statements: Statements): Promise<Results<Statements>>;
  /** Sends one call of a `guilda` function and answers its rows. */
  call<Row>(entry: SQL): Promise<Row[]>;
}

/**
 * @param databaseUrl of a role that is a member of the application's roles.
 * @param fetchEndpoint overrides the URL of Neon's HTTP protocol; local only, and for the whole isolate.
 * @returns the connection, to be kept per isolate: it holds no I/O object.
 */
export function connect({ databaseUrl, fetchEndpoint }: { databaseUrl: string; fetchEndpoint?: string | undefined }): Connection {
  if (fetchEndpoint !== undefined) neonConfig.fetchEndpoint = fetchEndpoint;
  // A fresh signal per call: one that is kept would time out once, for ever.
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const client = neon(databaseUrl, { arrayMode: false, fullResults: false });
  const database = drizzle(onlyInBatches(client));
  async function send(entry: SQL, statements: readonly Statement[]): Promise<unknown[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await database.batch([database.execute(entry), ...statements]);
      } catch (error) {
        // An answer that is not Neon's came from something in front of it: whether the batch was committed is unknown.
        if (error instanceof SyntaxError)
          throw new UnavailableError(undefined, { errorCode: "DATABASE_UNAVAILABLE", cause: error });
        if (attempt >= MAX_ATTEMPTS || !isSerializationFailure(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_JITTER_MS * attempt));
      }
    }
  }
  return {
    build: database,
    run: async (entry, statements) => (await send(entry, statements)).slice(1) as Results<typeof statements>,
    call: async <Row>(entry: SQL) => ((await send(entry, [])) as [{ rows: Row[] }])[0].rows,
  };
}

type Client = ReturnType<typeof neon<false, false>>;

/** A query of this client works as part of a transaction and refuses to be awaited alone: alone, it would run with the rights of the connection. */
function onlyInBatches(client: Client): Client {
  const query: Client["query"] = (...parameters) => {
    const lazy = client.query(...parameters);
    // biome-ignore lint/suspicious/noThenProperty: the client sends a query when its `then` is called; this is the one way to refuse that
    return Object.assign(lazy, { then: refuse });
  };
  // A function of its own: what is assigned to a shared one would be every connection's.
  return Object.assign(() => refuse(), { ...client, query, transaction: client.transaction }) as unknown as Client;
}

function refuse(): never {
  throw new Error("A statement is sent only by a batch of shared/db, which says who acts");
}
