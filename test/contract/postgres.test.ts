import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, dropDatabase, type LocalPostgres, startPostgres } from "../local/postgres.ts";

let home: string;
let dataDir: string;

// One folder is initialised for the whole file; each test starts a server of its own on it.
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "guilda-postgres-"));
  // As for root in its own home, nobody else may enter here.
  dataDir = join(home, "closed", "postgres");
  mkdirSync(join(home, "closed"), { mode: 0o700 });
  await running(async (postgres) => {
    await ask(postgres, "create table kept (value text)");
  });
});

afterAll(() => {
  removeData(dataDir);
  rmSync(home, { recursive: true, force: true });
});

async function running(use: (postgres: LocalPostgres) => Promise<void>, options: { port?: number; durable?: boolean } = {}) {
  const postgres = await startPostgres({ dataDir, ...options });
  try {
    await use(postgres);
  } finally {
    await postgres.close();
  }
}

async function ask({ url }: Pick<LocalPostgres, "url">, sql: string, database = "postgres"): Promise<unknown[]> {
  const client = new Client({ connectionString: url(database) });
  // A server that is killed says so beside the answer, and may say it between two.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("a data folder", () => {
  it("is kept from one start to the next, wherever the user who starts it may write", async () => {
    await running(async (postgres) => void (await ask(postgres, "insert into kept values ('one')")));
    await running(async (postgres) => {
      expect(await ask(postgres, "select value from kept")).toEqual([{ value: "one" }]);
    });
  });

  it("is refused in one sentence while another start uses it", async () => {
    await running(async (postgres) => {
      await expect(startPostgres({ dataDir })).rejects.toThrow(
        /^Postgres already runs on .* stop that one first, or use another folder/,
      );
      expect(await ask(postgres, "select 1 as one")).toEqual([{ one: 1 }]);
    });
  });

  it("that holds something else is left alone", async () => {
    const folder = join(home, "letters");
    mkdirSync(folder);
    writeFileSync(join(folder, "letter.txt"), "dear");
    await expect(startPostgres({ dataDir: folder })).rejects.toThrow(
      /^Postgres could not make its data in .*letters: .* Give it an empty folder/,
    );
    expect(readFileSync(join(folder, "letter.txt"), "utf8")).toBe("dear");
  });

  it("that was deleted begins empty", async () => {
    const folder = join(home, "closed", "second");
    const first = await startPostgres({ dataDir: folder });
    await ask(first, "create table gone ()");
    await first.close();
    rmSync(folder, { recursive: true });
    const second = await startPostgres({ dataDir: folder });
    try {
      expect(await ask(second, "select to_regclass('gone') as gone")).toEqual([{ gone: null }]);
    } finally {
      await second.close();
      removeData(folder);
    }
  });
});

describe("a killed owner", () => {
  it("takes its Postgres along", async () => {
    const owner = await startOwner();
    owner.process.kill("SIGKILL");
    await expect.poll(() => reachable(owner.url), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => existsSync(join(dataDir, "postmaster.pid")), { timeout: 10_000 }).toBe(false);
  });

  it("is followed at once by the next start, which finds what was committed", async () => {
    const owner = await startOwner();
    await ask({ url: () => owner.url }, "insert into kept values ('two')");
    owner.process.kill("SIGKILL");
    await once(owner.process, "exit");
    await running(async (postgres) => {
      expect(await ask(postgres, "select value from kept where value = 'two'")).toEqual([{ value: "two" }]);
    });
  });

  it("whose watcher was killed too leaves an orphan, which the next start ends and replaces", async () => {
    const owner = await startOwner();
    for (const pid of watchersOf(dataDir)) process.kill(pid, "SIGKILL");
    owner.process.kill("SIGKILL");
    await once(owner.process, "exit");
    expect(await reachable(owner.url)).toBe(true);
    await running(async () => {
      expect(await reachable(owner.url)).toBe(false);
    });
  });

  it("whose process number now belongs to a stranger does not lock the folder, and the stranger lives", async () => {
    const { port, release } = await holdPort();
    release();
    writeFileSync(join(dataDir, "postmaster.pid"), [process.pid, dataDir, 1_700_000_000, port, "", "127.0.0.1"].join("\n"));
    await running(async (postgres) => {
      expect(await ask(postgres, "select 1 as one")).toEqual([{ one: 1 }]);
    });
  });
});

describe("a server", () => {
  it("listens on the port it is given, and says so in one sentence when that is taken", async () => {
    const { port, release } = await holdPort();
    await expect(startPostgres({ dataDir, port })).rejects.toThrow(`Postgres cannot listen on port ${port} because it is taken`);
    release();
    await running(async (postgres) => expect(postgres.port).toBe(port), { port });
  });

  it("asks for the password, listens on TCP alone, and keeps UTC and code-point order", async () => {
    await running(async (postgres) => {
      const wrong = new URL(postgres.url("postgres"));
      wrong.password = "wrong";
      await expect(ask({ url: () => wrong.href }, "select 1")).rejects.toMatchObject({ code: "28P01" });
      const settings = "current_setting('unix_socket_directories') as sockets, current_setting('listen_addresses') as addresses";
      const [row] = await ask(
        postgres,
        `select ${settings}, current_setting('timezone') as zone, 'Z' < 'a' as ordered, lower('ÇÃO') as low`,
      );
      expect(row).toEqual({ sockets: "", addresses: "127.0.0.1", zone: "UTC", ordered: true, low: "ção" });
    });
  });

  it("waits for the disk only when it is to be durable", async () => {
    const shown = async (postgres: LocalPostgres) => (await ask(postgres, "show fsync"))[0];
    await running(async (postgres) => expect(await shown(postgres)).toEqual({ fsync: "off" }));
    await running(async (postgres) => expect(await shown(postgres)).toEqual({ fsync: "on" }), { durable: true });
  });

  it("copies a template, and drops a database that is in use", async () => {
    await running(async (postgres) => {
      await createDatabase({ postgres, name: "model" });
      await ask(postgres, "create table thing as select 7 as number", "model");
      await Promise.all(["copy 1", 'copy "2"'].map((name) => createDatabase({ postgres, name, template: "model" })));
      expect(await ask(postgres, "select number from thing", 'copy "2"')).toEqual([{ number: 7 }]);
      const user = new Client({ connectionString: postgres.url("copy 1") });
      user.on("error", () => {});
      await user.connect();
      for (const name of ["copy 1", 'copy "2"', "model", "never was"]) await dropDatabase({ postgres, name });
      expect(await ask(postgres, "select datname from pg_database where not datistemplate")).toEqual([{ datname: "postgres" }]);
    });
  });
});

/** Another process that starts Postgres on the folder and owns it. */
async function startOwner(): Promise<{ process: ChildProcess; url: string }> {
  const script = `
    import { startPostgres } from ${JSON.stringify(resolve(import.meta.dirname, "../local/postgres.ts"))};
    console.log((await startPostgres({ dataDir: ${JSON.stringify(dataDir)} })).url("postgres"));`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(createInterface(owner.stdout), "line")) as [string];
  return { process: owner, url };
}

function watchersOf(folder: string): number[] {
  return execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes("guilda-postgres") && line.includes(realpathSync(folder)))
    .map((line) => Number.parseInt(line, 10));
}

async function reachable(url: string): Promise<boolean> {
  return ask({ url: () => url }, "select 1").then(
    () => true,
    () => false,
  );
}

/** Takes a free port. */
async function holdPort(): Promise<{ port: number; release(): void }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, release: () => server.close() };
}

/** Removes a data folder, and what it leads to when it is a link. */
function removeData(folder: string): void {
  const target = existsSync(folder) ? realpathSync(folder) : folder;
  for (const path of [folder, target]) rmSync(path, { recursive: true, force: true });
}
