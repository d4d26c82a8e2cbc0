import { createServer } from "node:net";
import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { sql as fragment } from "drizzle-orm";
import { drizzle } from "drizzle-orm/neon-http";
import { bigint, jsonb, numeric, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type NeonStandIn, startNeon } from "../local/neon.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    create table owners (id int primary key);
    create table things (
      id int primary key,
      name text unique,
      amount int check (amount > 0),
      owner int references owners deferrable initially immediate
    );
    create table notes (
      id bigint primary key, total numeric(20, 2), at timestamptz, labels text[], details jsonb
    );
    create sequence numbers;
    create function stain() returns void language plpgsql as $$
      begin perform set_config('app.mentorado_id', 'stained', false); end $$`);
});

beforeEach(async () => {
  neonConfig.fetchEndpoint = () => database.neonUrl;
  database.bridge.faults.length = 0;
  database.bridge.delayMs = 0;
  await database.query("truncate owners, things, notes");
});

afterAll(async () => {
  await database?.close();
});

const connect = () => neon(database.databaseUrl);

async function errorOf(work: Promise<unknown>): Promise<NeonDbError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NeonDbError)) throw new Error(`expected a NeonDbError, got ${String(error)}`);
  return error;
}

/** A request by hand, for what the client cannot be made to send. */
async function post({
  body,
  headers,
  bridge = database.bridge,
}: {
  body: BodyInit;
  headers?: Record<string, string>;
  bridge?: NeonStandIn;
}) {
  const answer = await fetch(`${bridge.url}/sql`, {
    method: "POST",
    headers: {
      "neon-connection-string": database.databaseUrl,
      "neon-raw-text-output": "true",
      "neon-array-mode": "true",
      ...headers,
    },
    body,
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

describe("single statements", () => {
  it("answers rows as objects, as arrays, and with everything Postgres said", async () => {
    const sql = connect();
    expect(await sql`select 1 as one, 'x' as letter`).toEqual([{ one: 1, letter: "x" }]);
    expect(await sql.query("select $1::int as one", [1], { arrayMode: true })).toEqual([[1]]);
    const full = await sql.query("select 1::int as one", [], { fullResults: true });
    expect(full).toMatchObject({ command: "SELECT", rowCount: 1, rows: [{ one: 1 }], rowAsArray: false });
    expect(full.fields).toEqual([
      { name: "one", dataTypeID: 23, tableID: 0, columnID: 0, dataTypeSize: 4, dataTypeModifier: -1, format: "text" },
    ]);
  });

  it("keeps every type the application stores", async () => {
    const sent = {
      bytes: Buffer.from([0, 1, 0xfe, 0xff]),
      big: 9_007_199_254_740_993n,
      money: "12345678901234567.89",
      labels: ["a,b", 'c"d', "e\\f", "", "ação 😀"],
      details: { deep: [1, { text: 'quote " and \\ and 😀' }] },
      at: new Date("2026-03-04T05:06:07.089Z"),
    };
    const rows = await connect()`
      select ${sent.bytes}::bytea as bytes, ${sent.big}::bigint as big, ${sent.money}::numeric as money, ${sent.labels}::text[] as labels,
             ${sent.details}::jsonb as details, ${sent.at}::timestamptz as at, '2026-03-04'::date as day, true as yes, null::int as nothing,
             1.5::float8 as half`;
    expect(rows).toEqual([{ ...sent, big: sent.big.toString(), day: new Date(2026, 2, 4), yes: true, nothing: null, half: 1.5 }]);
  });

  it("carries a parameter and an answer of a megabyte", async () => {
    const long = "ã€x".repeat(350_000);
    const [row] = await connect()`select ${long} as long, length(${long}) as length`;
    expect(row?.long === long).toBe(true);
    expect(row?.length).toBe(1_050_000);
  });

  it("names the command, and counts rows only where Postgres does", async () => {
    const sql = neon(database.databaseUrl, { fullResults: true });
    const said = async (text: string) => {
      const { command, rowCount, fields, rows } = await sql.query(text);
      return { command, rowCount, fields: fields.length, rows: rows.length };
    };
    expect(await said("create table scrap (a int)")).toEqual({ command: "CREATE", rowCount: null, fields: 0, rows: 0 });
    expect(await said("insert into scrap values (1), (2), (3)")).toEqual({ command: "INSERT", rowCount: 3, fields: 0, rows: 0 });
    expect(await said("update scrap set a = 0 where a > 1")).toEqual({ command: "UPDATE", rowCount: 2, fields: 0, rows: 0 });
    expect(await said("delete from scrap returning a")).toEqual({ command: "DELETE", rowCount: 3, fields: 1, rows: 3 });
    expect(await said("drop table scrap")).toEqual({ command: "DROP", rowCount: null, fields: 0, rows: 0 });
    expect(await said("")).toEqual({ command: "", rowCount: null, fields: 0, rows: 0 });
  });

  it("takes plain JSON parameters as Neon's proxy does, and answers objects when arrays are not asked for", async () => {
    const params = [null, true, 42, { a: 1 }, [1, null, 'x"y', [2, 3]].slice(0, 3)];
    const query = "select $1::text as nothing, $2::bool as yes, $3::int as number, $4::jsonb as object, $5::text[] as list";
    const { body } = await post({ body: JSON.stringify({ query, params }), headers: { "neon-array-mode": "false" } });
    expect(body.rows).toEqual([{ nothing: null, yes: "t", number: "42", object: '{"a": 1}', list: '{1,NULL,"x\\"y"}' }]);
    expect(body.rowAsArray).toBe(false);
  });

  it("serves 32 requests at once, more than it has connections", async () => {
    const sql = connect();
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) => sql`select ${index}::int as index, pg_sleep(0.01)`),
    );
    expect(answers.map(([row]) => row?.index)).toEqual(Array.from({ length: 32 }, (_, index) => index));
  });
});

describe("batches", () => {
  it("commit together, in one round trip", async () => {
    const sql = connect();
    database.bridge.requests.reset();
    const results = await sql.transaction([
      sql`insert into owners values (1)`,
      sql`insert into things (id, owner) values (1, 1) returning id`,
      sql`select count(*)::int as things from things`,
    ]);
    expect(results).toEqual([[], [{ id: 1 }], [{ things: 1 }]]);
    expect(database.bridge.requests.count()).toBe(1);
    expect(database.bridge.requests.statements()).toBe(3);
    expect(await database.query("select id from things")).toEqual([{ id: 1 }]);
  });

  it("leave nothing when one statement fails, and answer that statement's error", async () => {
    const sql = connect();
    const error = await errorOf(
      sql.transaction([sql`insert into owners values (1)`, sql`select 1 / 0`, sql`insert into owners values (2)`]),
    );
    expect(error.code).toBe("22012");
    expect(await database.query("select * from owners")).toEqual([]);
  });

  it("answer the error of a constraint that is checked at commit", async () => {
    const sql = connect();
    const error = await errorOf(
      sql.transaction([sql`set constraints all deferred`, sql`insert into things (id, owner) values (1, 99)`]),
    );
    expect(error).toMatchObject({ code: "23503", constraint: "things_owner_fkey", table: "things" });
    expect(await database.query("select * from things")).toEqual([]);
  });

  it("may be empty", async () => {
    expect(await connect().transaction([])).toEqual([]);
  });

  it.each([
    ["ReadUncommitted", "read uncommitted"],
    ["ReadCommitted", "read committed"],
    ["RepeatableRead", "repeatable read"],
    ["Serializable", "serializable"],
  ] as const)("run at the isolation level %s when asked to", async (isolationLevel, shown) => {
    const sql = connect();
    const [rows] = await sql.transaction([sql`show transaction_isolation`], { isolationLevel });
    expect(rows).toEqual([{ transaction_isolation: shown }]);
    expect(await sql`show transaction_isolation`).toEqual([{ transaction_isolation: "read committed" }]);
  });

  it("repeat their transaction headers in the answer, and refuse an unknown isolation level", async () => {
    const body = JSON.stringify({ queries: [{ query: "show transaction_deferrable" }] });
    const modes = {
      "neon-batch-isolation-level": "Serializable",
      "neon-batch-read-only": "true",
      "neon-batch-deferrable": "true",
    };
    const answer = await post({ body, headers: modes });
    expect(answer.body.results).toMatchObject([{ rows: [["on"]] }]);
    expect(Object.fromEntries(answer.headers)).toMatchObject(modes);
    const refused = await post({ body, headers: { "neon-batch-isolation-level": "serializable" } });
    expect(refused).toMatchObject({ status: 400, body: { message: "invalid isolation level", code: "" } });
  });

  it("refuse to write when they are read-only (25006)", async () => {
    const sql = connect();
    const error = await errorOf(sql.transaction([sql`insert into owners values (1)`], { readOnly: true }));
    expect(error.code).toBe("25006");
  });

  it("give up the owner's rights for their own length when they set a role", async () => {
    const sql = connect();
    const [, inside] = await sql.transaction([
      sql`select set_config('role', 'guilda_app', true), set_config('app.mentorado_id', 'a', true)`,
      sql`select current_user as who, current_setting('app.mentorado_id', true) as tenant`,
    ]);
    expect(inside).toEqual([{ who: "guilda_app", tenant: "a" }]);
    const denied = await errorOf(
      sql.transaction([sql`select set_config('role', 'guilda_app', true)`, sql`select * from owners`]),
    );
    expect(denied.code).toBe("42501");
    expect(await sql`select current_user as who`).toEqual([{ who: "guilda_owner" }]);
  });

  it("let a transaction's advisory lock go when they end", async () => {
    const sql = connect();
    const other = new Client({ connectionString: database.databaseUrl });
    await other.connect();
    try {
      const lock = () => sql.transaction([sql`select pg_try_advisory_xact_lock(7) as taken`]);
      await other.query("select pg_advisory_lock(7)");
      expect(await lock()).toEqual([[{ taken: false }]]);
      await other.query("select pg_advisory_unlock(7)");
      expect(await lock()).toEqual([[{ taken: true }]]);
      expect((await other.query("select pg_try_advisory_lock(7) as free")).rows).toEqual([{ free: true }]);
    } finally {
      await other.end();
    }
  });

  it("let one of two conflicting serializable writers through", async () => {
    await database.query("insert into owners values (1)");
    const sql = neon(database.databaseUrl, { isolationLevel: "Serializable" });
    const spend = () =>
      sql.transaction([sql`select id from owners`, sql`select pg_sleep(0.05)`, sql`update owners set id = id + 1`]);
    const outcomes = await Promise.allSettled([spend(), spend()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    expect(refused?.reason).toMatchObject({ code: "40001" });
  });
});

describe("errors of Postgres", () => {
  it.each([
    ["23505", "a taken key", "insert into owners values (1), (1)", { table: "owners", constraint: "owners_pkey" }],
    [
      "23503",
      "a missing parent",
      "insert into things (id, owner) values (1, 99)",
      { table: "things", constraint: "things_owner_fkey" },
    ],
    [
      "23514",
      "a broken check",
      "insert into things (id, amount) values (1, 0)",
      { table: "things", constraint: "things_amount_check" },
    ],
    ["23502", "a missing value", "insert into owners values (null)", { table: "owners", column: "id" }],
    ["22P02", "a malformed value", "select 'x'::uuid", { position: "8" }],
    [
      "42601",
      "two statements at once",
      "select 1; select 2",
      { message: "cannot insert multiple commands into a prepared statement" },
    ],
    ["42601", "bad syntax", "selekt 1", { position: "1" }],
    ["42P01", "an unknown table", "select * from nowhere", { position: "15" }],
    ["22P05", "a NUL inside jsonb", `select '"\\u0000"'::jsonb`, {}],
    ["22P02", "half a surrogate pair inside jsonb", `select '"\\ud800"'::jsonb`, {}],
    ["08P01", "too few parameters", "select $1::int", {}],
    [
      "P0001",
      "an exception of ours",
      "do $$ begin raise exception 'no' using detail = 'why', hint = 'how'; end $$",
      { detail: "why", hint: "how" },
    ],
  ])("%s: %s", async (code, _what, query, fields) => {
    expect(await errorOf(connect().query(query))).toMatchObject({ name: "NeonDbError", severity: "ERROR", code, ...fields });
  });

  it("22021: a NUL in a text parameter", async () => {
    expect((await errorOf(connect()`select ${"a\0b"}::text`)).code).toBe("22021");
  });

  it("come with every field of Neon's error JSON, null where there is nothing to say", async () => {
    const { status, body } = await post({ body: JSON.stringify({ query: "insert into owners values (1), (1)" }) });
    expect(status).toBe(400);
    expect(body).toEqual({
      message: 'duplicate key value violates unique constraint "owners_pkey"',
      code: "23505",
      detail: "Key (id)=(1) already exists.",
      hint: null,
      position: null,
      internalPosition: null,
      internalQuery: null,
      severity: "ERROR",
      where: null,
      table: "owners",
      column: null,
      schema: "public",
      dataType: null,
      constraint: "owners_pkey",
      file: "nbtinsert.c",
      line: expect.stringMatching(/^\d+$/),
      routine: "_bt_check_unique",
    });
  });

  it("end a statement that would wait for rows to be copied in, and the bridge serves on", async () => {
    const sql = connect();
    expect(await errorOf(sql.query("copy owners from stdin"))).toMatchObject({
      code: "",
      message: "unexpected message from server",
    });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it("reach the request whose connection an administrator ends, and no other", async () => {
    const sql = connect();
    const doomed = errorOf(sql`select pg_sleep(60)`);
    await expect
      .poll(() =>
        database.query("select pg_terminate_backend(pid) as ended from pg_stat_activity where query = 'select pg_sleep(60)'"),
      )
      .toEqual([{ ended: true }]);
    expect((await doomed).code).toBe("57P01");
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  });
});

describe("refusals of the proxy", () => {
  const single = JSON.stringify({ query: "select 1" });

  it.each([
    ["half a surrogate pair", '{"query":"select $1","params":["\\ud800"]}', /^could not parse the HTTP request body: /],
    [
      "broken UTF-8",
      Buffer.from([...Buffer.from('{"query":"select 1","params":["'), 0xff, ...Buffer.from('"]}')]),
      /^could not parse/,
    ],
    ["no JSON", "select 1", /^could not parse/],
    ["another shape", '{"sql":"select 1"}', /^could not parse/],
    ["a NUL in the statement", '{"query":"select 1 \\u0000"}', /embedded null/],
  ])("%s is refused with 400 and an empty code", async (_what, body, message) => {
    const refused = await post({ body });
    expect(refused).toMatchObject({ status: 400, body: { code: "", severity: "", message: expect.stringMatching(message) } });
  });

  it.each([
    ["no connection string", { "neon-connection-string": "" }, "invalid header: neon-connection-string"],
    ["no URL", { "neon-connection-string": "localhost" }, "invalid connection string"],
    ["another scheme", { "neon-connection-string": "mysql://u:p@localhost/d" }, "incorrect scheme"],
    ["no user", { "neon-connection-string": "postgres://localhost/d" }, "missing username"],
    ["no password", { "neon-connection-string": "postgres://u@localhost/d" }, "missing authentication credentials"],
    ["no database", { "neon-connection-string": "postgres://u:p@localhost/" }, "missing database name"],
    ["a bearer token, which would not be honoured", { authorization: "Bearer x.y.z" }, "bearer tokens"],
  ])("%s is refused with 400", async (_what, headers, message) => {
    expect(await post({ body: single, headers })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message), code: "" },
    });
  });

  it("a wrong password is refused, even while the right one has connections open", async () => {
    await connect()`select 1`;
    const url = new URL(database.databaseUrl);
    url.password = "wrong";
    const error = await errorOf(neon(url.href)`select 1`);
    expect(error).toMatchObject({ code: "", message: "password authentication failed for user 'guilda_owner'" });
  });

  it("an unknown database is refused with the error of Postgres", async () => {
    const url = new URL(database.databaseUrl);
    url.pathname = "/nowhere";
    expect(await errorOf(neon(url.href)`select 1`)).toMatchObject({ code: "3D000", severity: "FATAL" });
  });

  it("another path is refused, and a preflight is answered", async () => {
    const elsewhere = await fetch(`${database.bridge.url}/query`, { method: "POST", body: single });
    expect([elsewhere.status, await elsewhere.json()]).toEqual([400, "query is not supported"]);
    const preflight = await fetch(database.neonUrl, { method: "OPTIONS" });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  });

  it("a request over the limit is refused with 413, an answer over it with 507 and nothing of its batch is kept", async () => {
    const bridge = await startNeon({ postgresUrl: () => database.databaseUrl, maxRequestBytes: 1_000, maxResponseBytes: 1_000 });
    neonConfig.fetchEndpoint = () => `${bridge.url}/sql`;
    try {
      const sql = connect();
      const many = sql`select generate_series(1, 1000000)`;
      expect((await errorOf(sql`select ${"x".repeat(1_000)}`)).message).toBe(
        `Server error (HTTP status 413): ${await post({ body: JSON.stringify({ query: "x".repeat(1_000) }), bridge }).then(({ body }) => JSON.stringify(body))}`,
      );
      expect((await errorOf(many)).message).toMatch(
        /^Server error \(HTTP status 507\): .*response is too large \(max is 1000 bytes\)/,
      );
      const batch = await errorOf(sql.transaction([sql`insert into owners values (1)`, sql`select generate_series(1, 1000000)`]));
      expect(batch.message).toMatch(/^Server error \(HTTP status 507\)/);
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
      expect(await database.query("select * from owners")).toEqual([]);
    } finally {
      await bridge.close();
    }
  });
});

describe("nothing of a session is seen by the next request on its connection", () => {
  let bridge: NeonStandIn;

  beforeAll(async () => {
    bridge = await startNeon({ postgresUrl: () => database.databaseUrl, maxConnections: 1 });
  });
  beforeEach(() => {
    neonConfig.fetchEndpoint = () => `${bridge.url}/sql`;
  });
  afterAll(async () => {
    await bridge.close();
  });

  const stains: [string, string, string, string | null][] = [
    ["a setting", "set statement_timeout = '5s'", "show statement_timeout", "0"],
    [
      "a setting of ours",
      "select set_config('app.mentorado_id', 'x', false)",
      "select current_setting('app.mentorado_id', true)",
      "",
    ],
    // Not null: a setting of ours that was set once is empty ever after, hence nullif(current_setting(…), '') in the policies.
    [
      "a setting of one transaction",
      "select set_config('app.tenant', 'x', true)",
      "select current_setting('app.tenant', true)",
      "",
    ],
    ["a setting made by a function", "select stain()", "select current_setting('app.mentorado_id', true)", ""],
    ["a role", "set role guilda_app", "select current_user", "guilda_owner"],
    ["another identity", "set session authorization guilda_app", "select session_user", "guilda_owner"],
    ["a temporary table", "create temp table scrap (a int)", "select to_regclass('pg_temp.scrap')", null],
    ["a prepared statement", "prepare scrap as select 1", "select count(*) from pg_prepared_statements", "0"],
    ["a cursor", "declare scrap cursor with hold for select 1", "select count(*) from pg_cursors where name = 'scrap'", "0"],
    ["a subscription", "listen scrap", "select count(*) from pg_listening_channels()", "0"],
    [
      "an advisory lock",
      "select pg_advisory_lock(42)",
      "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
      "0",
    ],
  ];

  it.each(stains)("%s of a single statement", async (_what, stain, probe, clean) => {
    await expectClean({ stained: { query: stain }, probe, clean });
  });

  it.each(stains)("%s of a batch", async (_what, stain, probe, clean) => {
    await expectClean({ stained: { queries: [{ query: stain }, { query: "select 1" }] }, probe, clean });
  });

  async function expectClean({ stained, probe, clean }: { stained: object; probe: string; clean: string | null }) {
    const before = await post({ bridge, body: JSON.stringify({ query: "select pg_backend_pid()" }) });
    expect(await post({ bridge, body: JSON.stringify(stained) })).toMatchObject({ status: 200 });
    const after = await post({
      bridge,
      body: JSON.stringify({ queries: [{ query: "select pg_backend_pid()" }, { query: probe }] }),
    });
    expect(after.body.results).toMatchObject([{ rows: before.body.rows }, { rows: [[clean]] }]);
  }

  it("the last value of a sequence", async () => {
    await connect()`select nextval('numbers')`;
    expect((await errorOf(connect()`select lastval()`)).code).toBe("55000");
  });

  it("a transaction left open: what follows is stored by itself", async () => {
    await connect()`begin`;
    await connect()`insert into owners values (1)`;
    expect(await database.query("select id from owners")).toEqual([{ id: 1 }]);
  });

  it("what a failed batch had set", async () => {
    const sql = connect();
    await errorOf(sql.transaction([sql`select set_config('app.mentorado_id', 'x', false)`, sql`select 1 / 0`]));
    const [row] = await sql`select current_setting('app.mentorado_id', true) as tenant, current_user as who`;
    expect(row).toEqual({ tenant: "", who: "guilda_owner" });
  });

  it("among 200 requests at once that each stain their session", async () => {
    const sql = connect();
    const seen = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const [row] = await sql`
          select coalesce(current_setting('app.mentorado_id', true), '') as before, set_config('app.mentorado_id', ${String(index)}, false) as after`;
        return row?.before;
      }),
    );
    expect(seen).toEqual(Array.from({ length: 200 }, () => ""));
  });
});

describe("drizzle over neon-http", () => {
  const notes = pgTable("notes", {
    id: bigint({ mode: "bigint" }).primaryKey(),
    total: numeric({ precision: 20, scale: 2 }),
    at: timestamp({ withTimezone: true, mode: "string" }),
    labels: text().array(),
    details: jsonb(),
  });
  const owners = pgTable("owners", { id: bigint({ mode: "number" }).primaryKey() });
  const note = {
    id: 9_007_199_254_740_993n,
    total: "10.50",
    at: "2026-03-04 05:06:07.089+00",
    labels: ["a", "b,c"],
    details: { a: [1] },
  };
  const open = () => drizzle({ client: connect() });

  it("inserts, reads and returns typed rows", async () => {
    const db = open();
    expect(await db.insert(notes).values(note).returning()).toEqual([note]);
    expect(await db.select().from(notes)).toEqual([note]);
    const { rows, rowCount } = await db.execute(fragment`select ${notes.total} as total from ${notes}`);
    expect([rows, rowCount]).toEqual([[{ total: "10.50" }], 1]);
  });

  it("batches in one transaction and one round trip, and throws the bare NeonDbError", async () => {
    const db = open();
    database.bridge.requests.reset();
    const [, rows] = await db.batch([db.insert(notes).values(note), db.select({ id: notes.id }).from(notes)]);
    expect(rows).toEqual([{ id: note.id }]);
    expect(database.bridge.requests.count()).toBe(1);
    const error = await errorOf(db.batch([db.insert(owners).values({ id: 1 }), db.insert(notes).values(note)]));
    expect(error).toMatchObject({ code: "23505", constraint: "notes_pkey" });
    expect(await database.query("select * from owners")).toEqual([]);
  });

  it("wraps the error of a single query, which keeps the NeonDbError as its cause", async () => {
    const db = open();
    await db.insert(notes).values(note);
    await expect(db.insert(notes).values(note)).rejects.toMatchObject({ cause: expect.any(NeonDbError) });
  });

  it("has no interactive transactions", async () => {
    await expect(open().transaction(async () => {})).rejects.toThrow("No transactions support in neon-http driver");
  });
});

describe("trouble on the way", () => {
  const insertOne = () => connect()`insert into owners values (1)`;
  const stored = () => database.query("select id from owners");

  it("a connection that breaks before the request hides nothing: nothing was stored", async () => {
    database.bridge.faults.push({ kind: "reset-before", path: "/sql", times: 1 });
    const error = await errorOf(insertOne());
    expect(error.sourceError).toBeInstanceOf(Error);
    expect(error.message).toMatch(/^Error connecting to database: /);
    expect(await stored()).toEqual([]);
  });

  it("a connection that breaks before the answer looks the same, and the row is stored", async () => {
    database.bridge.faults.push({ kind: "reset-after", path: "/sql", times: 1 });
    const error = await errorOf(insertOne());
    expect(error.sourceError).toBeInstanceOf(Error);
    expect(await stored()).toEqual([{ id: 1 }]);
  });

  it("a 5xx of the proxy has no code", async () => {
    database.bridge.faults.push({ kind: "status", status: 503, body: "upstream", times: 1 });
    const error = await errorOf(insertOne());
    expect(error.message).toBe("Server error (HTTP status 503): upstream");
    expect(error.code).toBeUndefined();
    expect(await stored()).toEqual([]);
  });

  it("an answer that is no JSON is no NeonDbError at all, and the row is stored", async () => {
    database.bridge.faults.push({ kind: "garbage", times: 1 });
    await expect(insertOne()).rejects.toThrow(SyntaxError);
    expect(await stored()).toEqual([{ id: 1 }]);
  });

  it("a bridge that is not there is a sourceError, and a Postgres that is not there a 500", async () => {
    const port = await unusedPort();
    neonConfig.fetchEndpoint = () => `http://127.0.0.1:${port}/sql`;
    expect((await errorOf(insertOne())).sourceError).toBeInstanceOf(Error);

    const bridge = await startNeon({ postgresUrl: (name) => `postgres://127.0.0.1:${port}/${name}` });
    neonConfig.fetchEndpoint = () => `${bridge.url}/sql`;
    const error = await errorOf(insertOne());
    await bridge.close();
    expect(error.message).toMatch(/^Server error \(HTTP status 500\): .*Couldn't connect to compute node/);
  });

  it("a delayed request waits while others, sent later without a delay, are served", async () => {
    const sql = connect();
    await fetch(`${database.bridge.url}/__delay`, { method: "PUT", body: JSON.stringify({ ms: 600_000 }) });
    database.bridge.requests.reset();
    const hurry = new AbortController();
    const slow = errorOf(sql.query("select 1", [], { fetchOptions: { signal: hurry.signal } }));
    await expect.poll(() => database.bridge.requests.count()).toBe(1);
    database.bridge.delayMs = 0;
    expect(await Promise.race([slow, sql`select 2 as two`])).toEqual([{ two: 2 }]);
    hurry.abort();
    expect((await slow).sourceError).toMatchObject({ name: "AbortError" });
  });

  it("closing the bridge ends its connections and the requests that still run", async () => {
    const bridge = await startNeon({ postgresUrl: () => database.databaseUrl, maxConnections: 2 });
    neonConfig.fetchEndpoint = () => `${bridge.url}/sql`;
    const running = errorOf(connect()`select pg_sleep(600)`);
    await expect
      .poll(() => database.query("select pid from pg_stat_activity where query = 'select pg_sleep(600)'"))
      .toHaveLength(1);
    const [idle] = await connect()`select pg_backend_pid() as pid`;
    await bridge.close();
    expect((await running).sourceError).toBeInstanceOf(Error);
    await expect
      .poll(() => database.query("select state from pg_stat_activity where pid = $1 and state = 'idle'", [idle?.pid]))
      .toEqual([]);
  });
});

describe("counting", () => {
  it("counts round trips and statements of each database, and not those a fault swallowed", async () => {
    const { requests, faults } = database.bridge;
    const name = new URL(database.databaseUrl).pathname.slice(1);
    const sql = connect();
    requests.reset();
    faults.push({ kind: "reset-before", times: 1 });
    await errorOf(sql`select 1`);
    await sql`select 1`;
    await sql.transaction([sql`select 1`, sql`select 2`]);
    expect([requests.count(), requests.count(name), requests.count("another")]).toEqual([2, 2, 0]);
    expect([requests.statements(), requests.statements(name)]).toEqual([3, 3]);
    requests.reset();
    expect(requests.count()).toBe(0);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
