import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { migrate } from "../../migrations/migrate.ts";
import { createDatabase, dropDatabase } from "../local/postgres.ts";

const template = new URL(inject("templateUrl"));
const postgres = { url: (database: string) => new URL(`/${database}`, template).href };

let name: string;
let url: string;
let directory: string;
let client: pg.Client;

beforeEach(async () => {
  name = `guilda_test_${randomBytes(6).toString("hex")}`;
  url = postgres.url(name);
  await createDatabase({ postgres, name });
  directory = await mkdtemp(join(tmpdir(), "guilda-migrations-"));
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await dropDatabase({ postgres, name });
  await rm(directory, { recursive: true });
});

const write = (file: string, ...statements: string[]) =>
  writeFile(join(directory, file), statements.join("\n--> statement-breakpoint\n"));

/** Every table with its number of rows. */
async function tables(): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
  );
  return rows.map((row) => row.name);
}

describe("migrations", () => {
  test("are applied in the order of their names, once", async () => {
    await write("0001_b.sql", "insert into a values (2)", "insert into a values (3)");
    await write("0000_a.sql", "create table a (n integer)", "insert into a values (1)");
    await writeFile(join(directory, "notes.txt"), "this is no SQL");
    expect(await migrate({ url, directory })).toEqual({ applied: ["0000_a.sql", "0001_b.sql"] });
    expect(await migrate({ url, directory })).toEqual({ applied: [] });
    expect((await client.query("select n from a order by n")).rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await write("0002_c.sql", "insert into a values (4)");
    expect(await migrate({ url, directory })).toEqual({ applied: ["0002_c.sql"] });
  });

  test("of which one has changed since are refused, and nothing more is applied", async () => {
    await write("0000_a.sql", "create table a ()");
    await migrate({ url, directory });
    await write("0000_a.sql", "create table a (n integer)");
    await write("0001_b.sql", "create table b ()");
    await expect(migrate({ url, directory })).rejects.toThrow("Migration 0000_a.sql has changed since it was applied");
    expect(await tables()).toEqual(["a", "guilda_migrations"]);
  });

  test("of which one is missing are refused, and nothing more is applied", async () => {
    await write("0000_a.sql", "create table a ()");
    await migrate({ url, directory });
    await rm(join(directory, "0000_a.sql"));
    await write("0001_b.sql", "create table b ()");
    await expect(migrate({ url, directory })).rejects.toThrow(
      "Migration 0000_a.sql is recorded in the database but its file is missing",
    );
    expect(await tables()).toEqual(["a", "guilda_migrations"]);
  });

  test("that fail leave nothing of their file, and say which file and which statement it was", async () => {
    await write("0000_a.sql", "create table a ()");
    await write("0001_b.sql", "create table b ()", "create table c ()", "select no_such_column from b", "create table d ()");
    await write("0002_e.sql", "create table e ()");
    await expect(migrate({ url, directory })).rejects.toThrow(
      /^Migration 0001_b\.sql failed at statement 3 and left nothing: .*no_such_column/,
    );
    expect(await tables()).toEqual(["a", "guilda_migrations"]);
    await write("0001_b.sql", "create table b ()");
    expect(await migrate({ url, directory })).toEqual({ applied: ["0001_b.sql", "0002_e.sql"] });
  });

  test("that are started several times at once are applied once", async () => {
    await write("0000_a.sql", "create table a (n integer)", "select pg_sleep(0.1)", "insert into a values (1)");
    await write("0001_b.sql", "insert into a values (2)");
    const runs = await Promise.all(Array.from({ length: 4 }, () => migrate({ url, directory })));
    expect(runs.flatMap(({ applied }) => applied).toSorted()).toEqual(["0000_a.sql", "0001_b.sql"]);
    expect((await client.query("select n from a order by n")).rows).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("end their connection also when they fail", async () => {
    await write("0000_a.sql", "nonsense");
    await expect(migrate({ url, directory })).rejects.toThrow();
    const others = () => client.query("select 1 from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()", [name]);
    await expect.poll(async () => (await others()).rowCount).toBe(0);
  });
});
