import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { findBinaries, initialise } from "./postgres/initialise.ts";
import { launch } from "./postgres/launch.ts";
import { ownerUrl, PASSWORD_FILE } from "./postgres/owner.ts";
import { endPredecessor } from "./postgres/predecessor.ts";
import { reachableFolder } from "./postgres/run-as-nobody.ts";

export interface LocalPostgres {
  port: number;
  /** `postgres://` URL of a database, as the local superuser. */
  url(database: string): string;
  /** Fast shutdown; resolves when the server is gone. */
  close(): Promise<void>;
}

/**
 * Starts the PostgreSQL 18 that npm installed, on loopback TCP only, with password authentication.
 *
 * The data folder is initialised once and reused afterwards. A server whose owner was killed is ended and replaced; a folder that a
 * living process uses is refused.
 *
 * @param dataDir folder of the data; made when missing. Deleting it deletes the data.
 * @param port 0 picks a free one.
 * @param durable survive a power cut (fsync); off, data survives a crash of Postgres or of its owner but not of the machine.
 * @throws Error in one sentence with the cure.
 */
export async function startPostgres({
  dataDir,
  port = 0,
  durable = false,
}: {
  dataDir: string;
  port?: number;
  durable?: boolean;
}): Promise<LocalPostgres> {
  const folder = reachableFolder({ dataDir: resolve(dataDir) });
  const binaries = await findBinaries();
  await initialise({ binaries, folder, durable });
  const password = readFileSync(join(folder, PASSWORD_FILE), "utf8");
  await endPredecessor({ folder, password });
  const server = await launch({ binaries, folder, port, durable, password });
  return {
    port: server.port,
    url: (database) => ownerUrl({ port: server.port, password, database }),
    close: async () => {
      await server.ownership.end();
      await server.stop();
    },
  };
}

/**
 * Makes a database, empty or as a copy of `template` (which nobody may be connected to).
 *
 * @throws pg.DatabaseError, such as 42P04 when the name is taken and 55006 when the template is in use.
 */
export async function createDatabase({
  postgres,
  name,
  template = "template1",
}: {
  postgres: Pick<LocalPostgres, "url">;
  name: string;
  template?: string;
}): Promise<void> {
  const [database, source] = [pg.escapeIdentifier(name), pg.escapeIdentifier(template)];
  await asOwner({ postgres, sql: `create database ${database} template ${source} strategy file_copy` });
}

/** Drops a database if it is there, and ends whoever is connected to it. */
export async function dropDatabase({ postgres, name }: { postgres: Pick<LocalPostgres, "url">; name: string }): Promise<void> {
  await asOwner({ postgres, sql: `drop database if exists ${pg.escapeIdentifier(name)} with (force)` });
}

async function asOwner({ postgres, sql }: { postgres: Pick<LocalPostgres, "url">; sql: string }): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url("postgres") });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
