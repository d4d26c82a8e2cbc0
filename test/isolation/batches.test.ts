import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../shared/db/connect.ts";
import { leads } from "../../shared/db/schema/practice.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Practice, seedPractice } from "./support/seed-practice.ts";
import { snapshot, tenantTables } from "./support/snapshot.ts";

let database: TestDatabase;
let connection: Connection;
let own: Practice;
let other: Practice;
let tables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  connection = connect({ databaseUrl: database.databaseUrl, fetchEndpoint: database.neonUrl });
  other = await seedPractice(database);
  own = await seedPractice(database);
  tables = await tenantTables(database);
});

afterAll(() => database?.close());

interface Refusal {
  code: string;
  message: string;
}

/** One transaction over Neon's protocol, as the driver sends it. @returns the rows of the last statement, or how it was refused. */
async function batch(...statements: string[]): Promise<(string | null)[][] | Refusal> {
  const response = await fetch(database.neonUrl, {
    method: "POST",
    headers: { "neon-connection-string": database.databaseUrl, "neon-raw-text-output": "true", "neon-array-mode": "true" },
    body: JSON.stringify({ queries: statements.map((query) => ({ query, params: [] })) }),
  });
  const answer = (await response.json()) as { results: { rows: (string | null)[][] }[] } & Refusal;
  return response.ok ? (answer.results.at(-1)?.rows ?? []) : { code: answer.code, message: answer.message };
}

function become(role: string): string {
  return `select set_config('role', '${role}', true)`;
}

function enterAs({ mentoradoId, members }: Practice): string {
  const { userId, sessionId } = members.owner;
  return `select guilda.enter_member('${userId}', '${sessionId}', '${mentoradoId}', '{owner}', 'request')`;
}

describe("a statement", () => {
  it("is not sent outside a batch that says who acts", async () => {
    const { build } = connection;
    for (const send of [() => build.select().from(leads), () => build.execute(sql`select 1`), () => build.delete(leads)]) {
      const refusal = await Promise.resolve(send()).then(
        () => "it was sent",
        (error: Error) => String(error.cause ?? error),
      );
      expect(refusal).toMatch("A statement is sent only by a batch of shared/db, which says who acts");
    }
    expect(await snapshot(database, own)).not.toMatchObject({ leads: expect.stringMatching(/^0 /) });
  });

  it.each(["guilda_app", "guilda_person"])("of %s who has not come in reads no row of any table", async (role) => {
    for (const table of [...tables, "users", "mentorados"]) {
      const answer = await batch(become(role), `select count(*) from ${table}`);
      if (Array.isArray(answer)) expect(answer, table).toEqual([["0"]]);
      else expect(answer.code, table).toBe("42501");
    }
  });

  it("of a role that has not come in writes nothing either", async () => {
    const before = [await snapshot(database, own), await snapshot(database, other)];
    const columns = "(mentorado_id, id, name)";
    const insert = `insert into leads ${columns} values ('${own.mentoradoId}', gen_random_uuid(), 'Nobody')`;
    expect(await batch(become("guilda_app"), insert)).toMatchObject({ code: "42501" });
    expect(await batch(become("guilda_app"), "update leads set name = 'Nobody' returning id")).toEqual([]);
    expect(await batch(become("guilda_app"), "delete from leads")).toMatchObject({ code: "42501" });
    expect([await snapshot(database, own), await snapshot(database, other)]).toEqual(before);
  });

  it("of the next batch knows nothing of the one before it", async () => {
    const count = "select count(*) from leads";
    expect(await batch(enterAs(own), count)).toEqual([["3"]]);
    expect(await batch(become("guilda_app"), count)).toEqual([["0"]]);
    expect(await batch("select coalesce(current_setting('app.mentorado_id', true), ''), current_user = session_user")).toEqual([
      ["", "t"],
    ]);
  });
});

describe("a member who has come in", () => {
  it("reads rows of the own mentorado in every table that is theirs to read, and no other row", async () => {
    const readable: string[] = [];
    for (const table of tables) {
      const answer = await batch(enterAs(own), `select distinct mentorado_id from ${table}`);
      if (!Array.isArray(answer)) continue;
      readable.push(table);
      expect(answer, table).toEqual([[own.mentoradoId]]);
    }
    // What is left is the machinery of the programme.
    expect(tables.filter((table) => !readable.includes(table))).toEqual(["schedule_slots"]);
    expect(await batch(enterAs(own), "select id from mentorados")).toEqual([[own.mentoradoId]]);
    expect(
      await batch(
        enterAs(own),
        `select count(*) from users where id::text in (${Object.values(other.members)
          .map(({ userId }) => `'${userId}'`)
          .join(", ")})`,
      ),
    ).toEqual([["0"]]);
  });

  it("changes no row of another mentorado, in any table, whatever the statement asks for", async () => {
    const before = await snapshot(database, other);
    for (const table of tables) {
      const answer = await batch(
        enterAs(own),
        `update ${table} set mentorado_id = mentorado_id where mentorado_id = '${other.mentoradoId}' returning 1`,
      );
      if (Array.isArray(answer)) expect(answer, table).toEqual([]);
      else expect(["42501"], table).toContain(answer.code);
    }
    expect(await snapshot(database, other)).toEqual(before);
  });

  it("cannot put a row into another mentorado, nor move one there", async () => {
    for (const table of tables) {
      const copy = await batch(
        enterAs(own),
        `insert into ${table} select (jsonb_populate_record(t, '{"mentorado_id": "${other.mentoradoId}"}')).* from ${table} t limit 1`,
      );
      expect(copy, table).toMatchObject({ code: expect.stringMatching(/^(42501|428C9)$/) });
      const move = await batch(enterAs(own), `update ${table} set mentorado_id = '${other.mentoradoId}'`);
      expect(move, table).toMatchObject({ code: expect.stringMatching(/^(42501|GU403)$/) });
    }
  });

  it("cannot come in again as somebody else, or as the system", async () => {
    for (const entry of [
      enterAs(other),
      "select guilda.enter_system('system', 'x', 'request')",
      "select guilda.find_session('x', 'y')",
    ]) {
      expect(await batch(enterAs(own), entry)).toMatchObject({ code: "42501" });
    }
  });
});

describe("a row", () => {
  it("never refers to a row of another mentorado: each composite foreign key refuses it", async () => {
    const keys = await database.query<{ table: string; column: string; target: string; targetColumn: string }>(
      `select con.conrelid::regclass::text as table, a.attname as column, con.confrelid::regclass::text as target, b.attname as "targetColumn"
         from pg_constraint con cross join unnest(con.conkey, con.confkey) k(own, other)
         join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.own join pg_attribute b on b.attrelid = con.confrelid and b.attnum = k.other
        where con.contype = 'f' and array_length(con.conkey, 1) > 1 and a.attname <> 'mentorado_id' order by 1, 2`,
    );
    expect(keys.length).toBeGreaterThan(9);
    for (const { table, column, target, targetColumn } of keys) {
      const theirs = `(select ${targetColumn} from ${target} where mentorado_id = '${other.mentoradoId}' limit 1)`;
      // One row: where only one may have this reference, two would be refused for that.
      const one = `(select ctid from ${table} where mentorado_id = '${own.mentoradoId}' limit 1)`;
      const refer = `update ${table} set ${column} = ${theirs} where ctid = ${one}`;
      // As the owner, with its triggers off, whom neither policies nor grants hold: the key alone refuses.
      const answer = await batch(`alter table ${table} disable trigger user`, refer);
      expect(answer, `${table}.${column}`).toMatchObject({ code: "23503" });
    }
  });
});
