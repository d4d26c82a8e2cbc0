import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

/** What the application acts as; the role of the connection itself only enters and changes into one of these. */
const ROLES = ["guilda_app", "guilda_person", "guilda_admin", "guilda_system"];

/** Tables whose rows may belong to no mentorado: acts and work of the programme itself. */
const MAY_BELONG_TO_NOBODY = ["audit_log", "jobs", "webhook_events"];

/** What is global on purpose, and why. */
const GLOBAL_UNIQUES: Record<string, string> = {
  provider_accounts_ref: "the reference in a webhook's URL finds the mentorado",
  lead_forms_form_key_unique: "the key in a form's URL finds the mentorado",
  jobs_dedup_key_unique: "the mentorado is part of the key's text",
  webhook_events_once: "an event is stored before its mentorado is known; the account is part of the key",
};

/** Tables that are found by their own id, because their rows are addressed before a mentorado is known. */
const OWN_IDS = ["audit_log", "jobs", "webhook_events"];

/** Machinery: its rows tell of acts that are audited where they have their effect. */
const UNAUDITED: Record<string, string> = {
  audit_log: "is the audit",
  effects: "progress of a foreign call",
  guilda_migrations: "written by a deploy",
  idempotency_keys: "answers kept for a day",
  jobs: "progress of work",
  ledger_heads: "the end of each chain; the entries are audited, and the chain verifies it",
  repo_files: "what was read of a repository, by the hash of its content",
  pull_check_patterns: "counted, with the check that counted it",
  pull_checks: "progress of a check",
  pull_requests: "what GitHub tells",
  revoked_sessions: "tombstones that only Clerk's events write",
  scan_shards: "progress of a scan",
  scans: "readings of a repository; what came of them is audited with the patterns",
  schedule_slots: "due times that were fired",
  schedules: "what the code declares",
  sync_states: "progress of reconciliation",
  violations: "what checks found; what people decide about them is audited",
  webhook_events: "the inbox as received",
  wording_requests: "progress of a foreign call; the words it gave are audited with the patterns",
};

/** What a member may do with rows of the programme, each tied to a membership in the own mentorado. */
const OF_MEMBERSHIP: Record<string, string> = {
  invalidation_of_member: "who changes a membership stages the job that voids what is cached of that member",
  invalidation_of_request: "and sees that job, to ring it",
};

const APPEND_ONLY = ["audit_log", "charge_events", "lead_stage_history", "ledger_entries", "ledger_lines", "pattern_history"];

let database: TestDatabase;
let tenantTables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  tenantTables = await names(
    "select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'mentorado_id' order by 1",
  );
});

afterAll(() => database?.close());

async function names(sql: string, params: unknown[] = []): Promise<string[]> {
  return (await database.query<{ name: string }>(sql, params)).map(({ name }) => name);
}

describe("tenant tables", () => {
  it("are all those that one would expect", () => {
    expect(tenantTables).toEqual(
      expect.arrayContaining(["leads", "students", "charges", "ledger_entries", "memberships", "jobs"]),
    );
    expect(tenantTables.length).toBeGreaterThan(18);
  });

  it("have row-level security, enabled and forced, as has every other table", async () => {
    expect(
      await names(
        "select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not (relrowsecurity and relforcerowsecurity) and relname <> 'guilda_migrations'",
      ),
    ).toEqual([]);
  });

  it("let a member see and write rows of the own mentorado only", async () => {
    const policies = await database.query<{ table: string; name: string; command: string; using: string; check: string | null }>(
      "select tablename as table, policyname as name, cmd as command, qual as using, with_check as check from pg_policies where 'guilda_app' = any (roles) order by 1",
    );
    const own = "(mentorado_id = guilda.mentorado_id())";
    for (const table of tenantTables.filter((name) => name !== "schedule_slots")) {
      const ofTable = policies.filter((policy) => policy.table === table && !(policy.name in OF_MEMBERSHIP));
      expect(ofTable, table).toHaveLength(1);
      expect(ofTable[0]?.using, table).toBe(own);
      expect(ofTable[0]?.command === "SELECT" ? own : ofTable[0]?.check, table).toBe(own);
    }
    expect(policies.filter(({ table }) => table === "schedule_slots")).toEqual([]);
    for (const { name, command, using, check } of policies.filter((policy) => policy.name in OF_MEMBERSHIP)) {
      expect(["INSERT", "SELECT"], name).toContain(command);
      expect(check ?? using, name).toMatch(/mentorado_id IS NULL[\s\S]+m\.mentorado_id = guilda\.mentorado_id\(\)/);
    }
  });

  it("have no policy that is open to everybody, or to a member without a condition", async () => {
    expect(await names("select tablename || '.' || policyname as name from pg_policies where 'public' = any (roles)")).toEqual(
      [],
    );
    expect(
      await names(
        "select tablename || '.' || policyname as name from pg_policies where roles && array['guilda_app', 'guilda_person']::name[] and (coalesce(qual, 'true') = 'true') and not (cmd = 'INSERT' and with_check <> 'true')",
      ),
    ).toEqual([]);
  });

  it("always name the mentorado", async () => {
    const nullable = await names(
      "select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'mentorado_id' and is_nullable = 'YES' order by 1",
    );
    expect(nullable).toEqual(MAY_BELONG_TO_NOBODY);
  });

  it("have an index that begins with the mentorado", async () => {
    const led = await names(
      "select distinct c.relname as name from pg_index i join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where a.attname = 'mentorado_id' and i.indpred is null",
    );
    expect(tenantTables.filter((table) => !led.includes(table))).toEqual([]);
  });

  it("have primary keys and unique constraints that begin with the mentorado, so that none tells of another one's rows", async () => {
    const uniques = await database.query<{ table: string; name: string; isPrimary: boolean }>(
      `select c.relname as table, i.indexrelid::regclass::text as name, i.indisprimary as "isPrimary" from pg_index i
         join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where c.relname = any ($1) and i.indisunique and a.attname <> 'mentorado_id' order by 2`,
      [tenantTables],
    );
    expect(
      uniques
        .filter(({ isPrimary }) => isPrimary)
        .map(({ table }) => table)
        .sort(),
    ).toEqual(OWN_IDS);
    expect(
      uniques
        .filter(({ isPrimary }) => !isPrimary)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(GLOBAL_UNIQUES).sort());
  });

  it("refer to one another by mentorado and id together, because a foreign key does not heed row-level security", async () => {
    const singles = await names(
      `select con.conrelid::regclass || ' → ' || con.confrelid::regclass as name from pg_constraint con
        where con.contype = 'f' and con.confrelid::regclass::text = any ($1)
          and not exists (select 1 from unnest(con.conkey, con.confkey) k(own, other)
            join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.own and a.attname = 'mentorado_id'
            join pg_attribute b on b.attrelid = con.confrelid and b.attnum = k.other and b.attname = 'mentorado_id')
        order by 1`,
      [tenantTables],
    );
    expect(singles).toEqual(["charge_events → webhook_events", "ledger_entries → webhook_events"]);
  });

  it("leave no reference to another tenant table unguarded", async () => {
    const columns = await database.query<{ table: string; column: string }>(
      `select c.table_name as table, c.column_name as column from information_schema.columns c
        where c.table_schema = 'public' and c.data_type = 'uuid' and c.column_name like '%\\_id' and c.column_name <> 'mentorado_id'
          and c.table_name = any ($1)
          and not exists (select 1 from pg_constraint con join pg_attribute a on a.attrelid = con.conrelid and a.attnum = any (con.conkey)
            where con.contype in ('f') and con.conrelid = c.table_name::regclass and a.attname = c.column_name)
        order by 1, 2`,
      [tenantTables],
    );
    expect(columns.map(({ table, column }) => `${table}.${column}`)).toEqual(UNREFERENCED);
  });

  it("are audited, but for named machinery", async () => {
    const audited = await names(
      "select tgrelid::regclass::text as name from pg_trigger where tgname = 'audit' and tgenabled = 'O' and tgtype = 29 order by 1",
    );
    const all = await names(
      "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
    );
    expect(all.filter((table) => !audited.includes(table))).toEqual(Object.keys(UNAUDITED).sort());
  });
});

/** References that are kept by value, each with its reason. */
const UNREFERENCED = ["effects.job_id", "schedule_slots.job_id", "wording_requests.job_id"];

describe("the roles of the application", () => {
  it("cannot bypass row-level security, log in, or make anything", async () => {
    const roles = await database.query(
      "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin from pg_roles where rolname like 'guilda\\_%' and rolname <> 'guilda_owner' order by 1",
    );
    expect(roles).toEqual(
      [...ROLES].sort().map((rolname) => ({
        rolname,
        rolsuper: false,
        rolbypassrls: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolreplication: false,
        rolcanlogin: false,
      })),
    );
  });

  it("are members of no other role, so that none can become another", async () => {
    expect(
      await names(
        "select r.rolname as name from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any ($1)",
        [ROLES],
      ),
    ).toEqual([]);
  });

  it("own nothing", async () => {
    expect(
      await names("select relname as name from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = any ($1)", [
        ROLES,
      ]),
    ).toEqual([]);
  });

  it("delete and truncate no row of any table", async () => {
    expect(
      await names(
        `select grantee || ' ' || privilege_type || ' ' || table_name as name from information_schema.role_table_grants
          where grantee = any ($1) and privilege_type in ('DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')`,
        [[...ROLES, "PUBLIC"]],
      ),
    ).toEqual([]);
  });

  it("leave the public with no table at all", async () => {
    expect(
      await names(
        "select table_name as name from information_schema.role_table_grants where grantee = 'PUBLIC' and table_schema = 'public'",
      ),
    ).toEqual([]);
  });

  it("change no row of an append-only table", async () => {
    expect(
      await names(
        `select distinct grantee || ' ' || table_name as name from information_schema.column_privileges
          where grantee = any ($1) and privilege_type = 'UPDATE' and table_name = any ($2)`,
        [ROLES, APPEND_ONLY],
      ),
    ).toEqual([]);
  });

  it("write no line of the audit by themselves", async () => {
    expect(
      await names(
        "select grantee || ' ' || privilege_type as name from information_schema.column_privileges where table_name = 'audit_log' and grantee = any ($1) and privilege_type <> 'SELECT'",
        [ROLES],
      ),
    ).toEqual([]);
  });

  it("never raise a person to staff", async () => {
    expect(
      await names(
        "select grantee as name from information_schema.column_privileges where table_name = 'users' and column_name = 'is_admin' and privilege_type = 'UPDATE' and grantee = any ($1)",
        [["guilda_app", "guilda_person", "guilda_admin"]],
      ),
    ).toEqual([]);
  });
});

describe.each(APPEND_ONLY)("%s", (table) => {
  it("is not updated, deleted or truncated, not even by its owner", async () => {
    const triggers = await names(
      "select tgname || ' ' || tgtype as name from pg_trigger where tgrelid = $1::regclass and tgenabled = 'O' and tgname in ('append_only', 'never_truncated') order by 1",
      [table],
    );
    // Types of pg_trigger: row 1, before 2, delete 8, update 16, truncate 32.
    expect(triggers).toEqual(["append_only 27", "never_truncated 34"]);
    await expect(database.query(`truncate ${table} cascade`)).rejects.toMatchObject({ code: "GU403", message: "APPEND_ONLY" });
  });
});

it("keeps a line of the audit for ever, whoever asks", async () => {
  const id = "00000000-0000-7000-8000-000000000001";
  await database.query(
    "begin; select set_config('app.actor_type', 'test', true); insert into mentorados (id, name, slug) values ('" +
      id +
      "', 'A', 'a'); commit",
  );
  expect(await database.query("select table_name, row_id from audit_log")).toEqual([{ table_name: "mentorados", row_id: id }]);
  await expect(database.query("update audit_log set actor_id = 'someone else'")).rejects.toMatchObject({
    message: "APPEND_ONLY",
  });
  await expect(database.query("delete from audit_log")).rejects.toMatchObject({ message: "APPEND_ONLY" });
  await expect(
    database.query("insert into mentorados (id, name, slug) values (gen_random_uuid(), 'B', 'b')"),
  ).rejects.toMatchObject({
    message: "AUDIT_WITHOUT_ACTOR",
  });
});

describe("the functions of the schema guilda", () => {
  it("are not executable by the public", async () => {
    expect(
      await names(
        "select p.oid::regprocedure::text as name from pg_proc p where pronamespace = 'guilda'::regnamespace and has_function_privilege('public', p.oid, 'execute')",
      ),
    ).toEqual([]);
  });

  it("let no role enter as somebody else: whoever has come in cannot come in again", async () => {
    const executable = await names(
      `select distinct p.proname || ' ' || r.rolname as name from pg_proc p cross join pg_roles r
        where p.pronamespace = 'guilda'::regnamespace and r.rolname = any ($1) and has_function_privilege(r.oid, p.oid, 'execute') order by 1`,
      [ROLES],
    );
    expect(executable.filter((each) => /^(enter_|find_session|claim_job|fail_job|act_as)/.test(each))).toEqual([
      "act_as guilda_system",
    ]);
  });

  it("that run with their owner's rights fix their search path and are few", async () => {
    const definers = await database.query<{ name: string; settings: string[] | null }>(
      "select proname as name, proconfig as settings from pg_proc where pronamespace = 'guilda'::regnamespace and prosecdef order by 1",
    );
    expect(definers.map(({ name }) => name)).toEqual(["audit", "balance_entry", "keep_one_owner", "record_admin_act"]);
    expect(
      definers.filter(({ settings }) => !settings?.some((setting) => setting.startsWith("search_path=pg_catalog, "))),
    ).toEqual([]);
  });
});
