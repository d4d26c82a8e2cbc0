import { eq, getTableColumns, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { correlated } from "../../shared/db/correlated.ts";
import { type DatabaseOptions, type Idempotency, openDatabase } from "../../shared/db/database.ts";
import { jsonRow } from "../../shared/db/json-view.ts";
import { leadStageHistory, leads } from "../../shared/db/schema/practice.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";

let platform: Platform;
let kernel: Kernel;
let member: Member;

beforeAll(async () => {
  platform = await startPlatform();
  kernel = platform.kernel("test");
});
afterAll(() => platform.close());
beforeEach(async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  member = await platform.createMember({ mentoradoId, role: "owner" });
});

function open(options: Partial<DatabaseOptions> = {}) {
  const { userId, sessionId, mentoradoId } = member;
  return openDatabase({
    connection: kernel.connection,
    entry: sql`select guilda.enter_member(${userId}, ${sessionId}, ${mentoradoId}, '{owner}'::text[], 'request-0001')`,
    mentoradoId,
    requestId: "request-0001",
    newId: uuidv7,
    onStaged: () => undefined,
    ...options,
  });
}

async function insertLead(row: Record<string, unknown> = {}): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "leads", { mentorado_id: member.mentoradoId, id, name: "Ana", ...row });
  return id;
}

async function namesOf(): Promise<string[]> {
  const rows = await platform.database.query<{ name: string }>("select name from leads where mentorado_id = $1 order by name", [
    member.mentoradoId,
  ]);
  return rows.map(({ name }) => name);
}

const insertNamed = (name: string) =>
  kernel.connection.build.insert(leads).values({ mentoradoId: member.mentoradoId, id: uuidv7(), name });

describe("an idempotency key", () => {
  const key = (change: Partial<Idempotency> = {}): Idempotency => ({
    procedure: "leads.create",
    key: "key-0001",
    requestSha256: "aa".repeat(32),
    ...change,
  });
  const write = (idempotency: Idempotency, name = "Ana") =>
    open({ idempotency }).write({ statements: [insertNamed(name)], answer: sql<string>`to_jsonb(${name}::text)` });

  test("lets one of many at once act, and all are answered what that one answered", async () => {
    const names = Array.from({ length: 25 }, (_, index) => `Lead ${index}`);
    const answers = await Promise.all(names.map((name) => write(key(), name)));
    const [stored, ...others] = await namesOf();
    expect(others).toEqual([]);
    expect(new Set(answers)).toEqual(new Set([stored]));
  });

  test("that a refused request used is free again", async () => {
    const refused = open({ idempotency: key() }).write({
      guards: [{ condition: sql`false`, refuseWith: "CONFLICT", errorCode: "NO" }],
      statements: [insertNamed("Ana")],
      answer: sql`null`,
    });
    await expect(refused).rejects.toMatchObject({ errorCode: "NO" });
    expect(await write(key(), "Bia")).toBe("Bia");
    expect(await namesOf()).toEqual(["Bia"]);
  });

  test("means the request that it was first used for", async () => {
    await write(key());
    await expect(write(key({ requestSha256: "bb".repeat(32) }))).rejects.toMatchObject({
      code: "CONFLICT",
      errorCode: "IDEMPOTENCY_KEY_REUSED",
    });
    expect(await namesOf()).toEqual(["Ana"]);
  });

  test("is one per procedure and practice", async () => {
    await write(key(), "Ana");
    await write(key({ procedure: "leads.update" }), "Bia");
    expect(await namesOf()).toEqual(["Ana", "Bia"]);
    const { id: mentoradoId } = await platform.createMentorado();
    member = await platform.createMember({ mentoradoId, role: "owner" });
    expect(await write(key(), "Caio")).toBe("Caio");
  });

  test("is forgotten after a day", async () => {
    await write(key(), "Ana");
    await platform.database.query(
      "update idempotency_keys set expires_at = now() - interval '1 second' where mentorado_id = $1",
      [member.mentoradoId],
    );
    expect(await write(key({ requestSha256: "bb".repeat(32) }), "Bia")).toBe("Bia");
    expect(await write(key({ requestSha256: "bb".repeat(32) }), "Caio")).toBe("Bia");
    const [row] = await platform.database.query<{ hours: number }>(
      "select round(extract(epoch from expires_at - created_at) / 3600)::integer as hours from idempotency_keys where mentorado_id = $1",
      [member.mentoradoId],
    );
    expect(row?.hours).toBe(24);
  });

  test("whose first answer was lost on the way gives that answer", async () => {
    platform.database.bridge.faults.push({ kind: "reset-after", times: 1 });
    await expect(write(key())).rejects.toMatchObject({ errorCode: "DATABASE_UNAVAILABLE" });
    expect(await write(key(), "Bia")).toBe("Ana");
    expect(await namesOf()).toEqual(["Ana"]);
  });
});

describe("guards", () => {
  const holds = { condition: sql`true`, refuseWith: "CONFLICT", errorCode: "NEVER" } as const;

  test.each(["VALIDATION", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "PRECONDITION_FAILED"] as const)(
    "that do not hold refuse with %s and their own code, and nothing is written",
    async (refuseWith) => {
      const write = open().write({
        guards: [holds, { condition: sql`1 = 2`, refuseWith, errorCode: "BECAUSE" }],
        statements: [insertNamed("Ana")],
        answer: sql`null`,
      });
      await expect(write).rejects.toMatchObject({ code: refuseWith, errorCode: "BECAUSE" });
      expect(await namesOf()).toEqual([]);
    },
  );

  test("are judged in order: the first that does not hold speaks", async () => {
    const refusing = (errorCode: string) => ({ condition: sql`false`, refuseWith: "CONFLICT" as const, errorCode });
    const guards = [holds, refusing("FIRST"), refusing("SECOND")];
    await expect(open().write({ guards, answer: sql`null` })).rejects.toMatchObject({ errorCode: "FIRST" });
  });

  test("that know nothing do not hold", async () => {
    const guards = [{ condition: sql`null::boolean`, refuseWith: "NOT_FOUND" as const, errorCode: "UNKNOWN" }];
    await expect(open().write({ guards, answer: sql`null` })).rejects.toMatchObject({ errorCode: "UNKNOWN" });
  });

  test("come before the statements, also before one that would fail", async () => {
    const guards = [{ condition: sql`false`, refuseWith: "NOT_FOUND" as const, errorCode: "FIRST" }];
    const statements = [kernel.connection.build.execute(sql`select 1 / 0`)];
    await expect(open().write({ guards, statements, answer: sql`null` })).rejects.toMatchObject({ errorCode: "FIRST" });
  });
});

describe("a row as JSON", () => {
  test("is what a read shows of it, instants too, to the millisecond", async () => {
    for (const createdAt of ["2026-11-21T03:24:26.123456Z", "2026-11-21 00:00:00-03", "2026-01-01T00:00:00.000999Z"]) {
      const id = await insertLead({ email: null, stack: ["a", 'b"c'], created_at: createdAt, message: "Olá\n😀" });
      const db = open();
      const [[row]] = await db.read([db.build.select().from(leads).where(eq(leads.id, id))]);
      const json = await db.write({ answer: sql`(select ${jsonRow(getTableColumns(leads))} from leads where id = ${id})` });
      expect(json).toEqual(row);
      expect(row?.createdAt).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    }
  });
});

describe("a subquery that refers to the outer row", () => {
  const countOfHistory = sql<number>`(select count(*)::integer from ${leadStageHistory}
    where ${leadStageHistory.mentoradoId} = ${leads.mentoradoId} and ${leadStageHistory.leadId} = ${leads.id})`;

  test("is right when it is marked, and would be wrong when it is not", async () => {
    const [moved, still] = [await insertLead(), await insertLead()];
    for (const toStage of ["qualified", "proposal"]) {
      const row = { mentorado_id: member.mentoradoId, id: uuidv7(), lead_id: moved, to_stage: toStage };
      await insertRow(platform.database, "lead_stage_history", row);
    }
    const db = open();
    const [marked, bare] = await db.read([
      db.build
        .select({ id: leads.id, count: correlated(countOfHistory).as("count") })
        .from(leads)
        .orderBy(leads.id),
      db.build
        .select({ id: leads.id, count: countOfHistory.as("count") })
        .from(leads)
        .orderBy(leads.id),
    ]);
    expect(marked).toEqual([
      { id: moved, count: 2 },
      { id: still, count: 0 },
    ]);
    expect(bare).not.toEqual(marked);
  });
});

describe("a batch that Postgres gives up because of another one", () => {
  /** Fails so many times before it goes through; a sequence is not rolled back with the batch. */
  async function failing({ times, sqlState }: { times: number; sqlState: string }) {
    const sequence = `attempts_${uuidv7().replaceAll("-", "")}`;
    await platform.database.query(`create sequence ${sequence}`);
    await platform.database.query(`grant usage on sequence ${sequence} to guilda_app`);
    const attempt = kernel.connection.build.execute(
      sql`select guilda.require(nextval(${sequence}::regclass) > ${times}, ${sqlState}, 'could not serialize access')`,
    );
    const attempts = async () =>
      (await platform.database.query<{ last: number }>(`select last_value::integer as last from ${sequence}`))[0]?.last;
    return { attempt, attempts };
  }

  test.each(["40001", "40P01"])("with %s is sent again and leaves its work once", async (sqlState) => {
    const { attempt, attempts } = await failing({ times: 2, sqlState });
    expect(await open().write({ statements: [insertNamed("Ana"), attempt], answer: sql`to_jsonb(7)` })).toBe(7);
    expect(await attempts()).toBe(3);
    expect(await namesOf()).toEqual(["Ana"]);
  });

  test("again and again is reported as temporary, with nothing left", async () => {
    const { attempt, attempts } = await failing({ times: 9, sqlState: "40001" });
    const write = open().write({ statements: [insertNamed("Ana"), attempt], answer: sql`null` });
    await expect(write).rejects.toMatchObject({ code: "UNAVAILABLE", errorCode: "DATABASE_UNAVAILABLE", retryable: true });
    expect(await attempts()).toBe(3);
    expect(await namesOf()).toEqual([]);
  });

  test.each(["23505", "GU409", "XX000"])("is sent once when it is %s, which would be the same again", async (sqlState) => {
    const { attempt, attempts } = await failing({ times: 9, sqlState });
    await expect(open().write({ statements: [attempt], answer: sql`null` })).rejects.toThrow();
    expect(await attempts()).toBe(1);
  });

  test("when two take the same rows in opposite order both come through", async () => {
    const [one, other] = [await insertLead({ name: "A" }), await insertLead({ name: "B" })];
    const rename = (id: string) =>
      kernel.connection.build
        .update(leads)
        .set({ message: sql`coalesce(${leads.message}, '') || 'x'` })
        .where(eq(leads.id, id));
    const wait = kernel.connection.build.execute(sql`select pg_sleep(0.2)`);
    const db = open();
    await Promise.all([
      db.write({ statements: [rename(one), wait, rename(other)], answer: sql`null` }),
      db.write({ statements: [rename(other), wait, rename(one)], answer: sql`null` }),
    ]);
    expect(await platform.database.query("select message from leads where id in ($1, $2)", [one, other])).toEqual([
      { message: "xx" },
      { message: "xx" },
    ]);
  });
});

describe("a statement", () => {
  test("alone is never sent", async () => {
    const { build } = kernel.connection;
    const { requests } = platform.database;
    const before = requests.count();
    const refusal = { cause: { message: "A statement is sent only by a batch of shared/db, which says who acts" } };
    await expect((async () => await build.select().from(leads))()).rejects.toMatchObject(refusal);
    await expect((async () => await build.execute(sql`select 1`))()).rejects.toMatchObject(refusal);
    await expect((async () => await insertNamed("Ana"))()).rejects.toMatchObject(refusal);
    expect(requests.count()).toBe(before);
  });
});
