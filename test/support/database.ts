import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { type NeonStandIn, startNeon } from "../local/neon.ts";
import { createDatabase, dropDatabase } from "../local/postgres.ts";

export interface TestDatabase {
  /** `postgres://` URL as the owner, as `DATABASE_URL` has it; its database name is what the bridge goes by. */
  databaseUrl: string;
  /** Neon's fetch endpoint of the bridge (`…/sql`), as `NEON_FETCH_ENDPOINT` has it. */
  neonUrl: string;
  /** The bridge itself: faults, latency. */
  bridge: NeonStandIn;
  /** Round trips to this database. What an earlier file left running may still ask for its own through the same bridge. */
  requests: { count(): number; reset(): void };
  /** Straight to Postgres as the owner, whom row-level security does not hold: for preparing and asserting. Answers the rows. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, params?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** A fresh copy of the migrated template behind a Neon bridge of its own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = new URL(inject("templateUrl"));
  const postgres = { url: (database: string) => new URL(`/${database}`, template).href };
  const name = `guilda_test_${randomBytes(6).toString("hex")}`;
  await createDatabase({ postgres, name, template: template.pathname.slice(1) });
  const bridge = await startNeon({ postgresUrl: postgres.url });
  const pool = new pg.Pool({ connectionString: postgres.url(name), max: 4 });
  // A connection on its way out is told that its database is dropped; nobody is left to hear it, in use or idle.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    databaseUrl: postgres.url(name),
    neonUrl: `${bridge.url}/sql`,
    bridge,
    requests: { count: () => bridge.requests.count(name), reset: bridge.requests.reset },
    query: async (sql, params) => (await pool.query(sql, params)).rows,
    close: async () => {
      await bridge.close();
      await pool.end();
      await dropDatabase({ postgres, name });
    },
  };
}
