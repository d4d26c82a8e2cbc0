import pg from "pg";
import { Refusal } from "./refusal.ts";

/** Connections of one user to one database, kept between requests. */
export interface Pool {
  connect(): Promise<pg.Client>;
  /** Lends the connection to the next request, or ends it when its session may be unclean. */
  release(client: pg.Client, session: { clean: boolean }): void;
  /** Ends every connection at once: a statement that waits for a lock must not keep the bridge open. */
  close(): void;
}

/** @param connectionString where, as whom and on which database; any option `pg` reads may be in its query. */
export function createPool({ connectionString, maxConnections }: { connectionString: string; maxConnections: number }): Pool {
  const open = new Set<pg.Client>();
  const idle: pg.Client[] = [];
  const waiting: PromiseWithResolvers<pg.Client>[] = [];

  async function openConnection(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString, pipeline: true });
    open.add(client);
    // Whoever uses the connection learns its end from the statement.
    client.on("error", () => forget(client));
    client.on("end", () => forget(client));
    return client.connect().catch((error: unknown) => {
      throw connectError({ error, user: client.user });
    });
  }

  function forget(client: pg.Client): void {
    if (!open.delete(client)) return;
    const index = idle.indexOf(client);
    if (index >= 0) idle.splice(index, 1);
    const next = waiting.shift();
    if (next !== undefined) openConnection().then(next.resolve, next.reject);
  }

  return {
    connect: async () => {
      const client = idle.pop();
      if (client !== undefined) return client;
      if (open.size < maxConnections) return openConnection();
      const turn = Promise.withResolvers<pg.Client>();
      waiting.push(turn);
      return turn.promise;
    },
    release: (client, { clean }) => {
      if (!open.has(client)) return;
      if (!clean) client.connection.stream.destroy();
      else if (waiting.length > 0) waiting.shift()?.resolve(client);
      else idle.push(client);
    },
    close: () => {
      for (const turn of waiting.splice(0)) turn.reject(new Refusal("connection closed"));
      for (const client of open) client.connection.stream.destroy();
    },
  };
}

/** A wrong password and an unknown database are the caller's fault (400); for anything else Neon answers 500. */
function connectError({ error, user }: { error: unknown; user: string | undefined }): Error {
  if (!(error instanceof pg.DatabaseError)) return new Refusal("Couldn't connect to compute node", 500, error);
  if (error.code?.startsWith("28")) return new Refusal(`password authentication failed for user '${user}'`);
  return error.code === "3D000" ? error : new Refusal(error.message, 500, error);
}
