import { readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { inUseError } from "./launch.ts";
import { connectAsOwner, OWNERSHIP_LOCK } from "./owner.ts";

const PREDECESSOR_TIMEOUT_MS = 10_000;
const PID_REUSED_AFTER_MS = 2_000;
const POLL_MS = 5;

/** Leaves the folder free, or refuses when a living process owns the server that runs on it. */
export async function endPredecessor({ folder, password }: { folder: string; password: string }): Promise<void> {
  const begun = performance.now();
  const asked = new Set<number>();
  for (;;) {
    const pidFile = readPidFile(folder);
    if (pidFile === undefined) return;
    const state = await predecessorState({ folder, password, ...pidFile });
    if (state === "owned") throw inUseError(folder);
    if (state === "orphan" && !asked.has(pidFile.pid)) process.kill(pidFile.pid, "SIGINT");
    if (state === "orphan") asked.add(pidFile.pid);
    // Nobody listens there: the process is gone, or its number was given to a stranger.
    if (state === "silent" && (!isAlive(pidFile.pid) || performance.now() - begun > PID_REUSED_AFTER_MS)) {
      rmSync(join(folder, "postmaster.pid"), { force: true });
      return;
    }
    if (performance.now() - begun > PREDECESSOR_TIMEOUT_MS) {
      throw new Error(`Postgres process ${pidFile.pid} still holds ${folder}: end it and start again.`);
    }
    await sleep(POLL_MS);
  }
}

/** `owned` by a living process, `orphan` of a dead one, `busy` starting or stopping, `silent` when our server is not there. */
async function predecessorState({ folder, password, port }: { folder: string; password: string; port: number }) {
  const client = await connectAsOwner({ port, password });
  if (!(client instanceof pg.Client)) return client;
  try {
    // A server younger than that may belong to an owner that is about to take the lock.
    const { rows } = await client.query<{ ours: boolean; settled: boolean; free: boolean }>(
      `select current_setting('data_directory') = $1 as ours, pg_try_advisory_lock($2) as free,
              pg_postmaster_start_time() < clock_timestamp() - interval '2 seconds' as settled`,
      [realpathSync(folder), OWNERSHIP_LOCK],
    );
    const [found] = rows;
    if (!found?.ours) return "silent";
    if (!found.free) return "owned";
    return found.settled ? "orphan" : "busy";
  } catch {
    return "busy";
  } finally {
    await client.end();
  }
}

function readPidFile(folder: string): { pid: number; port: number } | undefined {
  try {
    const [pid, , , port] = readFileSync(join(folder, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(pid), port: Number(port) };
  } catch (error) {
    // A server that ends removes it at any moment.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
