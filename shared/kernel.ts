import { sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { type Cache, createCache } from "./cache/redis.ts";
import { parseConfig } from "./config/config.ts";
import { type Connection, connect } from "./db/connect.ts";
import { createDoorbell, type Doorbell } from "./jobs/doorbell.ts";
import { createLogger, type Logger } from "./log/logger.ts";
import type { Readiness } from "./trpc/caller.ts";
import { createSessionMemory, type SessionMemory } from "./trpc/session.ts";

const KERNEL_VARIABLES = [
  "DATABASE_URL",
  "NEON_FETCH_ENDPOINT",
  "PUBLIC_URL",
  "QSTASH_URL",
  "QSTASH_TOKEN",
  "QSTASH_CURRENT_SIGNING_KEY",
  "QSTASH_NEXT_SIGNING_KEY",
  "UPSTASH_REDIS_REST_URL",
  "UPSTASH_REDIS_REST_TOKEN",
] as const;

/** What every Worker but the edge stands on. Kept per isolate; it holds no I/O object. */
export interface Kernel {
  connection: Connection;
  cache: Cache;
  doorbell: Doorbell;
  memory: SessionMemory;
  log: Logger;
  newId: () => string;
  publicUrl: string;
  signingKeys: { currentSigningKey: string; nextSigningKey: string };
}

/** @throws Error that lists every missing or malformed variable. */
export function openKernel({ env, worker }: { env: object; worker: string }): Kernel {
  const config = parseConfig(env, KERNEL_VARIABLES);
  return {
    connection: connect({ databaseUrl: config.DATABASE_URL, fetchEndpoint: config.NEON_FETCH_ENDPOINT }),
    cache: createCache({ url: config.UPSTASH_REDIS_REST_URL, token: config.UPSTASH_REDIS_REST_TOKEN }),
    doorbell: createDoorbell({ url: config.QSTASH_URL, token: config.QSTASH_TOKEN, publicUrl: config.PUBLIC_URL }),
    memory: createSessionMemory(),
    log: createLogger({ worker }),
    newId: uuidv7,
    publicUrl: config.PUBLIC_URL,
    signingKeys: { currentSigningKey: config.QSTASH_CURRENT_SIGNING_KEY, nextSigningKey: config.QSTASH_NEXT_SIGNING_KEY },
  };
}

/** @returns whether the database answers; a role that bypasses row-level security counts as down. */
export async function checkReadiness({ connection, log }: Pick<Kernel, "connection" | "log">): Promise<Readiness> {
  try {
    const [row] = await connection.run(sql`select guilda.enter_system('system', 'readiness', null)`, [
      connection.build.execute(sql`select rolsuper or rolbypassrls as "isUnsafe" from pg_roles where rolname = current_user`),
    ]);
    if (row.rows[0]?.isUnsafe === false) return { database: "up" };
    log.write("error", "readiness.unsafe_role");
  } catch {
    log.write("warn", "readiness.database_down");
  }
  return { database: "down" };
}
