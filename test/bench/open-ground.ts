import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Demo, ensureDemo } from "../local/demo.ts";
import { type NeonStandIn, startNeon } from "../local/neon.ts";
import { type Stack, startStack } from "../local/stack.ts";
import { buildWorkers, findFreePort, type RawWorkers, serveWorkers } from "../local/workerd.ts";

/** The whole platform on raw workerd, in a folder that goes away with it. */
export interface Ground {
  folder: string;
  stack: Stack;
  demo: Demo;
  variables: Record<string, string>;
  /** Between every Worker and Postgres: counts round trips, adds latency. */
  bridge: NeonStandIn;
  /** Straight to Postgres as its owner; rows written with it are audited as the system's. */
  database: pg.Pool;
  url: string;
  /** The workerd that runs now. */
  workers(): RawWorkers;
  /** SIGKILL, then a new workerd at the same address. @returns when the old one was gone, by the database's clock, ISO 8601. */
  crash(): Promise<string>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "guilda-bench-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of closing.toReversed()) await end();
  };
  try {
    const port = await findFreePort();
    const outDir = join(folder, "workers");
    const [stack] = await Promise.all([
      startStack({ folder, publicUrl: `http://localhost:${port}`, environment: {}, progress: () => undefined }),
      buildWorkers({ outDir }),
    ]);
    closing.push(() => stack.close());
    const bridge = await startNeon({ postgresUrl: () => stack.variables.DATABASE_URL ?? "" });
    closing.push(() => bridge.close());
    const database = new pg.Pool({
      connectionString: stack.variables.DATABASE_URL,
      max: 4,
      options: "-c app.actor_type=system -c app.actor_id=bench",
    });
    closing.push(() => database.end());
    const variables = { ...stack.variables, NEON_FETCH_ENDPOINT: `${bridge.url}/sql` };
    const demo = await ensureDemo({ stack });
    let workers = await serveWorkers({ outDir, variables, port });
    closing.push(() => workers.close());
    return {
      folder,
      stack,
      demo,
      variables,
      bridge,
      database,
      url: `http://localhost:${port}`,
      workers: () => workers,
      async crash() {
        await workers.kill("SIGKILL");
        const { rows } = await database.query<{ now: string }>("select now()::text as now");
        workers = await serveWorkers({ outDir, variables, port });
        return rows[0]?.now ?? "";
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
