import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { json, type StandIn, serve, type WireAnswer, type WireRequest } from "./http-server.ts";
import { createCounter, type Recorder, type RequestCounter } from "./neon/counter.ts";
import { runBatch, runSingle } from "./neon/execute.ts";
import { createPool, type Pool } from "./neon/pool.ts";
import { errorBody, Refusal } from "./neon/refusal.ts";
import { parsePayload, parseTarget, parseTransaction, type Target } from "./neon/request.ts";

/** Neon's documented limit of a request and of a response. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** As many as Neon's proxy keeps for one database and role. */
const MAX_CONNECTIONS = 20;

export interface NeonStandIn extends StandIn {
  requests: RequestCounter;
  /** Waited before each request is executed, as for a database far away. Also set by `PUT /__delay` `{"ms":5}`. */
  delayMs: number;
}

/**
 * Neon's SQL over HTTP (`POST /sql`) in front of a plain PostgreSQL, as the source of Neon's proxy has it.
 *
 * User, password and database come from the `Neon-Connection-String` header of each request; host, port and TLS from `postgresUrl`.
 *
 * @param postgresUrl where a database of that name is found.
 * @param maxConnections to one database as one user; further requests wait for their turn.
 * @param maxRequestBytes a larger body is refused with 413.
 * @param maxResponseBytes a request whose rows are larger is refused with 507, and a batch rolled back.
 */
export async function startNeon({
  port = 0,
  postgresUrl,
  maxConnections = MAX_CONNECTIONS,
  maxRequestBytes = MAX_BODY_BYTES,
  maxResponseBytes = MAX_BODY_BYTES,
}: {
  port?: number;
  postgresUrl: (database: string) => string;
  maxConnections?: number;
  maxRequestBytes?: number;
  maxResponseBytes?: number;
}): Promise<NeonStandIn> {
  const pools = createPools({ postgresUrl, maxConnections });
  const counter = createCounter();
  const bridge: Bridge = { pools, counter, delayMs: 0, maxRequestBytes, maxResponseBytes };
  const standIn = await serve({ port, handle: (request) => answer({ bridge, request }) });
  return {
    ...standIn,
    requests: counter,
    get delayMs() {
      return bridge.delayMs;
    },
    set delayMs(ms) {
      bridge.delayMs = ms;
    },
    close: async () => {
      await standIn.close();
      pools.close();
    },
  };
}

interface Bridge {
  pools: Pools;
  counter: Recorder;
  delayMs: number;
  maxRequestBytes: number;
  maxResponseBytes: number;
}

async function answer({ bridge, request }: { bridge: Bridge; request: WireRequest }): Promise<WireAnswer> {
  if (request.path === "/__delay" && request.method === "PUT") {
    bridge.delayMs = (JSON.parse(request.body.toString()) as { ms: number }).ms;
    return json(200, { ms: bridge.delayMs });
  }
  if (request.path === "/sql" && request.method === "OPTIONS") return { status: 200, headers: PREFLIGHT };
  if (request.path !== "/sql" || request.method !== "POST") return json(400, "query is not supported");
  try {
    return await answerSql({ bridge, request });
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, errorBody(error), CORS);
    if (error instanceof pg.DatabaseError) return json(400, errorBody(error), CORS);
    throw error;
  }
}

const CORS = { "access-control-allow-origin": "*" };
const PREFLIGHT = {
  ...CORS,
  allow: "OPTIONS, POST",
  "access-control-allow-headers":
    "Authorization, Neon-Connection-String, Neon-Raw-Text-Output, Neon-Array-Mode, Neon-Pool-Opt-In, Neon-Batch-Read-Only, Neon-Batch-Isolation-Level",
  "access-control-max-age": "86400",
};

async function answerSql({ bridge, request }: { bridge: Bridge; request: WireRequest }): Promise<WireAnswer> {
  const { headers, body } = request;
  // A token that is not honoured would run its queries as the user of the connection string.
  if (headers.authorization !== undefined) throw new Refusal("bearer tokens are not honoured here");
  const { database, pool } = bridge.pools.of(headers["neon-connection-string"] ?? "");
  const transaction = parseTransaction(headers);
  if (headers["neon-raw-text-output"] !== "true") throw new Refusal("only raw text is answered here");
  if (body.length > bridge.maxRequestBytes)
    throw new Refusal(`request is too large (max is ${bridge.maxRequestBytes} bytes)`, 413);
  const { batch, statements } = parsePayload({ body, arrayMode: headers["neon-array-mode"] === "true" });
  bridge.counter.add({ database, statements: statements.length });
  if (bridge.delayMs > 0) await sleep(bridge.delayMs, undefined, { ref: false });

  const client = await pool.connect();
  const maxBytes = bridge.maxResponseBytes;
  const work = { pool, client, statements, maxBytes };
  if (!batch) return json(200, await runSingle(work), CORS);
  return json(200, { results: await runBatch({ ...work, begin: transaction.begin }) }, { ...CORS, ...transaction.echo });
}

interface Pools {
  /** @param header the `Neon-Connection-String` of a request. */
  of(header: string): { database: string; pool: Pool };
  close(): void;
}

interface PoolsOptions {
  postgresUrl: (database: string) => string;
  maxConnections: number;
}

/** One pool per connection string. The password is part of it: a connection that one password opened is never lent to another. */
function createPools({ postgresUrl, maxConnections }: PoolsOptions): Pools {
  const pools = new Map<string, { database: string; pool: Pool }>();
  return {
    of: (header) => {
      const known = pools.get(header);
      if (known !== undefined) return known;
      const target = parseTarget(header);
      const connectionString = atPostgres({ target, url: postgresUrl(target.database) });
      const made = { database: target.database, pool: createPool({ connectionString, maxConnections }) };
      pools.set(header, made);
      return made;
    },
    close: () => {
      for (const { pool } of pools.values()) pool.close();
    },
  };
}

function atPostgres({ target, url }: { target: Target; url: string }): string {
  const connectionString = new URL(url);
  connectionString.username = encodeURIComponent(target.user);
  connectionString.password = encodeURIComponent(target.password);
  connectionString.pathname = `/${encodeURIComponent(target.database)}`;
  return connectionString.href;
}
