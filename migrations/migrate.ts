import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";

const ADVISORY_LOCK = 7_401_552;

/**
 * Applies the SQL files of `directory` that the database has not seen, in the order of their names.
 *
 * Each file is one transaction together with its record, so a file that fails leaves nothing of itself behind; the error names
 * the file and the statement. A second run does nothing. Concurrent runs wait for one another.
 *
 * @param url a `postgres://` URL of a role that may create roles and owns the schema.
 * @param directory absolute path of the folder with the SQL files.
 * @returns the names of the files that this run applied.
 * @throws when a recorded file is missing or has changed since it was applied, or when a statement fails.
 */
export async function migrate({ url, directory }: { url: string; directory: string }): Promise<{ applied: string[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [ADVISORY_LOCK]);
    await client.query(
      "create table if not exists guilda_migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())",
    );
    const files = await readMigrations(directory);
    const known = await client.query<{ name: string; sha256: string }>(
      "select name, sha256 from guilda_migrations order by name",
    );
    for (const record of known.rows) {
      const file = files.find((candidate) => candidate.name === record.name);
      if (file === undefined) throw new Error(`Migration ${record.name} is recorded in the database but its file is missing`);
      if (file.sha256 !== record.sha256)
        throw new Error(
          `Migration ${record.name} has changed since it was applied. Put the change into a new file (or, for local data, npm start -- --reset)`,
        );
    }
    const applied: string[] = [];
    for (const file of files.filter((candidate) => !known.rows.some((record) => record.name === candidate.name))) {
      await applyMigration(client, file);
      applied.push(file.name);
    }
    return { applied };
  } finally {
    await client.end();
  }
}

interface Migration {
  name: string;
  sha256: string;
  statements: string[];
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), "utf8");
      return {
        name,
        sha256: createHash("sha256").update(text).digest("hex"),
        statements: text.split("--> statement-breakpoint").filter((statement) => statement.trim() !== ""),
      };
    }),
  );
}

async function applyMigration(client: pg.Client, { name, sha256, statements }: Migration): Promise<void> {
  await client.query("begin");
  let index = 0;
  try {
    for (const statement of statements) {
      index += 1;
      await client.query(statement);
    }
    await client.query("insert into guilda_migrations (name, sha256) values ($1, $2)", [name, sha256]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`Migration ${name} failed at statement ${index} and left nothing: ${String(error)}`, { cause: error });
  }
}
