import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Binaries, reasonIn } from "./initialise.ts";
import { connectAsOwner, OWNERSHIP_LOCK } from "./owner.ts";
import { identity } from "./run-as-nobody.ts";

/** In the data folder. */
const LOG_FILE = "guilda.log";
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 5;
const PORT_ATTEMPTS = 5;

/**
 * Ends Postgres (fast shutdown) when file descriptor 3 closes: that is how `close` stops it, and what the kernel does for us when the
 * process that started it is killed. No Postgres outlives its owner.
 */
const WATCHED = `"$@" 3<&- & server=$!
{ read -r _ <&3; kill -INT "$server"; } & watch=$!
wait "$server"; status=$?
kill "$watch" 2>/dev/null
exit "$status"`;

export interface Server {
  port: number;
  ownership: pg.Client;
  stop(): Promise<void>;
}

interface LaunchOptions {
  binaries: Binaries;
  folder: string;
  port: number;
  durable: boolean;
  password: string;
}

/** Starts the server on a folder that no other server holds, and takes ownership of it. */
export async function launch({ port, ...options }: LaunchOptions): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const chosen = port === 0 ? await freePort() : port;
    try {
      return await launchOn({ port: chosen, ...options });
    } catch (error) {
      const taken = error instanceof PortTakenError;
      if (!taken || port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

class PortTakenError extends Error {}

async function launchOn({ binaries, folder, port, durable, password }: LaunchOptions): Promise<Server> {
  const log = openSync(join(folder, LOG_FILE), "w", 0o600);
  const command = [binaries.postgres, "-D", folder, "-p", String(port), "-k", "", ...settings({ durable })];
  const child = spawnWatched({ command, log });
  closeSync(log);
  const exited = once(child, "exit").catch(() => undefined);
  const stop = async () => {
    const lifeline = child.stdio[3] as Socket | null | undefined;
    if (lifeline) lifeline.end();
    else child.kill();
    await exited;
  };
  try {
    return { port, ownership: await untilReady({ child, folder, port, password }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function settings({ durable }: { durable: boolean }): string[] {
  const always = [
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=64MB",
    "log_checkpoints=off",
    "timezone=UTC",
    "log_timezone=UTC",
  ];
  const fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
  return (durable ? always : [...always, ...fast]).flatMap((setting) => ["-c", setting]);
}

function spawnWatched({ command, log }: { command: string[]; log: number }): ChildProcess {
  const [program = "", ...args] = command;
  // Windows has no sh: there an orphan is ended by the next start.
  if (process.platform === "win32") return spawn(program, args, { ...identity(), stdio: ["ignore", log, log] });
  const child = spawn("/bin/sh", ["-c", WATCHED, "guilda-postgres", ...command], {
    ...identity(),
    stdio: ["ignore", log, log, "pipe"],
    detached: true, // Ctrl-C is for the owner, who ends Postgres last.
  });
  child.stdio[3]?.on("error", () => {}); // The watcher is gone, and so is Postgres.
  return child;
}

async function untilReady({
  child,
  folder,
  port,
  password,
}: {
  child: ChildProcess;
  folder: string;
  port: number;
  password: string;
}) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let launchError: Error | undefined;
  child.once("error", (error) => {
    launchError = error;
  });
  while (performance.now() < deadline) {
    if (launchError || child.exitCode !== null || child.signalCode !== null) throw startError({ folder, port, launchError });
    const client = await connectAsOwner({ port, password });
    if (client instanceof pg.Client) {
      await client.query("select pg_advisory_lock($1)", [OWNERSHIP_LOCK]);
      return client;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`Postgres did not answer within ${START_TIMEOUT_MS / 1000} s: see ${join(folder, LOG_FILE)}.`);
}

function startError({ folder, port, launchError }: { folder: string; port: number; launchError: Error | undefined }): Error {
  const log = readFileSync(join(folder, LOG_FILE), "utf8");
  if (log.includes("could not bind"))
    return new PortTakenError(`Postgres cannot listen on port ${port} because it is taken: free it or choose another.`);
  if (/lock file .* already exists/.test(log)) return inUseError(folder);
  const reason = launchError?.message ?? reasonIn(log);
  return new Error(
    `Postgres did not start: ${reason} (log: ${join(folder, LOG_FILE)}). Delete ${folder} to begin with empty data, or set DATABASE_URL to a Postgres of your own.`,
  );
}

export function inUseError(folder: string): Error {
  return new Error(
    `Postgres already runs on ${folder} for another process: stop that one first, or use another folder (GUILDA_HOME).`,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
