import { neonConfig } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../shared/db/connect.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let databases: TestDatabase[];
beforeAll(async () => {
  databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
});
afterAll(() => Promise.all(databases.map((database) => database.close())));

test("two connections of one isolate each reach their own database, in any order", async () => {
  const connections = databases.map(({ databaseUrl, neonUrl }) => ({
    connection: connect({ databaseUrl, fetchEndpoint: neonUrl }),
    neonUrl,
    name: new URL(databaseUrl).pathname.slice(1),
  }));
  for (const { connection, neonUrl, name } of [...connections, ...connections.toReversed()]) {
    neonConfig.fetchEndpoint = neonUrl;
    expect(await connection.call(sql`select current_database() as name`)).toEqual([{ name }]);
  }
});
