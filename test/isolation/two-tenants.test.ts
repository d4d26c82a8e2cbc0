import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, type Role } from "../../shared/db/schema/tenancy.ts";
import type { Kernel } from "../../shared/kernel.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import { isAllowed, PERMISSIONS } from "../../shared/trpc/permissions.ts";
import { idPaths, listProcedures, type Procedure } from "../rules/procedures.ts";
import { type Person, type Platform, startPlatform } from "../support/platform.ts";
import { type Answer, callProcedure } from "./support/call-procedure.ts";
import { comparable, marksIn, twinOf, valueAt, withValue } from "./support/foreign-ids.ts";
import { callerOf, inputOf } from "./support/members.ts";
import { CANARY, type Practice, seedPractice } from "./support/seed-practice.ts";
import { snapshot } from "./support/snapshot.ts";
import { VALID_INPUTS } from "./support/valid-inputs.ts";

const PROCEDURES = listProcedures();
const OF_MENTORADO = PROCEDURES.filter(({ meta }) => meta?.level === "mentorado");
/** Staff cross mentorados by design: what they may do is in the audit, not in the way of an id. */
const OF_ONE_TENANT = PROCEDURES.filter(({ meta }) => meta?.level !== "admin");

let platform: Platform;
let kernel: Kernel;
let other: Practice;
let staff: Person;

beforeAll(async () => {
  platform = await startPlatform();
  kernel = platform.kernel("test");
  // First, so that all its ids are smaller than those of the practices that the tests make: what leaks comes first in a list.
  other = await seedPractice(platform.database);
  staff = await platform.createPerson({ isAdmin: true });
});

afterAll(() => platform?.close());

function newPractice(): Promise<Practice> {
  return seedPractice(platform.database);
}

function asMember(practice: Practice, role: Role, chosen = practice): Caller {
  return platform.caller(practice.members[role], { mentoradoId: chosen.mentoradoId });
}

function asItsCaller(procedure: Procedure, practice: Practice): Caller {
  return callerOf({ platform, procedure, practice, staff });
}

function call(procedure: Procedure, caller: Caller, input: unknown, on: Kernel = kernel): Promise<Answer> {
  return callProcedure({ kernel: on, procedure, caller, input });
}

describe("every procedure", () => {
  it("is known to these tests, with each id that it can take", async () => {
    expect(Object.keys(VALID_INPUTS).sort()).toEqual(PROCEDURES.map(({ path }) => path).sort());
    const missing = PROCEDURES.flatMap((procedure) =>
      idPaths(procedure.input)
        .filter((path) => typeof valueAt(inputOf(procedure, other), path) !== "string")
        .map((path) => `${procedure.path} ${path.join(".")}`),
    );
    expect(missing).toEqual([]);
  });
});

describe.each(PROCEDURES)("$path", (procedure) => {
  it("answers the one it is made for, with nothing of another mentorado and no secret", async () => {
    const practice = await newPractice();
    const before = await snapshot(platform.database, other);
    const answer = await call(procedure, asItsCaller(procedure, practice), inputOf(procedure, practice));
    expect(answer, answer.text).toMatchObject({ status: 200, errorCode: undefined });
    if (procedure.meta?.level !== "admin") expect(marksIn(answer.text, other)).toEqual([]);
    expect(answer.text).not.toContain(CANARY);
    expect(answer.text).not.toContain(Buffer.from(CANARY).toString("hex"));
    expect(answer.text).not.toContain("52998224725");
    expect(await snapshot(platform.database, other)).toEqual(before);
  });

  it("refuses whoever has not signed in", async () => {
    const answer = await call(procedure, { requestId: "request", identity: { kind: "anonymous" } }, inputOf(procedure, other));
    // A public form is not there for who did not come through its URL.
    const expected =
      procedure.meta?.level === "public"
        ? { status: 404, errorCode: "FORM_NOT_FOUND" }
        : { status: 401, errorCode: "UNAUTHORIZED" };
    expect(answer, answer.text).toMatchObject(expected);
  });

  it("refuses a person who is unknown here, though the token verified", async () => {
    if (procedure.meta?.level === "public") return;
    const stranger = platform.caller(
      { userId: "none", clerkUserId: "user_nobody", sessionId: "sess_nobody" },
      { mentoradoId: other.mentoradoId },
    );
    expect(await call(procedure, stranger, inputOf(procedure, other))).toMatchObject({ status: 401, errorCode: "USER_UNKNOWN" });
  });
});

describe.each(OF_MENTORADO)("$path", (procedure) => {
  it("refuses a member of another mentorado who names this one, and changes nothing", async () => {
    const practice = await newPractice();
    const before = await snapshot(platform.database, other);
    const answer = await call(procedure, asMember(practice, "owner", other), inputOf(procedure, other));
    expect(answer, answer.text).toMatchObject({ status: 403, errorCode: "MEMBERSHIP_REQUIRED" });
    expect(await snapshot(platform.database, other)).toEqual(before);
  });

  it("refuses them too while this isolate still believes that they are an owner of this one", async () => {
    const practice = await newPractice();
    const intruder = practice.members.owner;
    const ofIntruder = `mentorado_id = '${other.mentoradoId}' and user_id = '${intruder.userId}'`;
    await change(
      `insert into memberships (mentorado_id, id, user_id, role) values ('${other.mentoradoId}', '${uuidv7()}', '${intruder.userId}', 'owner')`,
    );
    await remember(asMember(practice, "owner", other));
    await change(`delete from memberships where ${ofIntruder}`);
    const before = await snapshot(platform.database, other);
    const answer = await call(procedure, asMember(practice, "owner", other), inputOf(procedure, other));
    expect(answer, answer.text).toMatchObject({ status: 403, errorCode: "MEMBERSHIP_REQUIRED" });
    expect(marksIn(answer.text, other)).toEqual([]);
    expect(await snapshot(platform.database, other)).toEqual(before);
  });

  it("answers each role exactly when its permission names the role, also one whom this isolate still believes an owner", async () => {
    if (procedure.meta?.level !== "mentorado") throw new Error("not of a mentorado");
    const { permission } = procedure.meta;
    for (const role of ROLES) {
      const practice = await newPractice();
      const answer = await call(procedure, asMember(practice, role), inputOf(procedure, practice));
      const believed = await newPractice();
      const ofMember = `mentorado_id = '${believed.mentoradoId}' and user_id = '${believed.members[role].userId}'`;
      if (role !== "owner") await change(`update memberships set role = 'owner' where ${ofMember}`);
      await remember(asMember(believed, role));
      if (role !== "owner") await change(`update memberships set role = '${role}' where ${ofMember}`);
      const answerToBelieved = await call(procedure, asMember(believed, role), inputOf(procedure, believed));
      if (isAllowed(role, permission)) {
        // Sales do not see what is another one's, which looks like what is not there.
        const expected = role === "sales" && procedure.type === "mutation" ? [200, 404] : [200];
        expect(expected, `${role}: ${answer.text}`).toContain(answer.status);
        expect(expected, `${role}: ${answerToBelieved.text}`).toContain(answerToBelieved.status);
      } else {
        expect(answer, role).toMatchObject({ status: 403, errorCode: "PERMISSION_REQUIRED" });
        expect(answerToBelieved, `${role} who was an owner`).toMatchObject({
          status: 403,
          errorCode: "PERMISSION_REQUIRED",
        });
      }
    }
  });

  it("refuses a member whose membership, account, mentorado or session has just ended", async () => {
    const endings: ((practice: Practice) => string)[] = [
      ({ mentoradoId, members }) =>
        `update memberships set status = 'revoked' where mentorado_id = '${mentoradoId}' and user_id = '${members.owner.userId}'`,
      ({ members }) => `update users set is_active = false where id = '${members.owner.userId}'`,
      ({ mentoradoId }) => `update mentorados set status = 'suspended' where id = '${mentoradoId}'`,
      ({ members }) => `insert into revoked_sessions (session_id) values ('${members.owner.sessionId}')`,
    ];
    for (const ending of endings) {
      const practice = await newPractice();
      // Somebody must stay an owner.
      await change(
        `update memberships set role = 'owner' where mentorado_id = '${practice.mentoradoId}' and user_id = '${practice.members.manager.userId}'`,
      );
      await remember(asMember(practice, "owner"));
      await change(ending(practice));
      const answer = await call(procedure, asMember(practice, "owner"), inputOf(procedure, practice));
      expect(answer, ending(practice)).toMatchObject({ status: 403, errorCode: "MEMBERSHIP_REQUIRED" });
    }
  });
});

describe.each(
  OF_ONE_TENANT.flatMap((procedure) =>
    idPaths(procedure.input).map((path) => ({ procedure, path, title: `${procedure.path} ${path.join(".")}` })),
  ),
)("$title", ({ procedure, path }) => {
  it("takes an id of another mentorado exactly as an id that nobody has, and changes nothing of the other one", async () => {
    const practice = await newPractice();
    const valid = inputOf(procedure, practice);
    const foreignId = String(valueAt(inputOf(procedure, other), path));
    const before = await snapshot(platform.database, other);
    const caller = asItsCaller(procedure, practice);
    const toTwin = await call(procedure, caller, withValue(valid, path, twinOf(foreignId)));
    const toForeign = await call(procedure, caller, withValue(valid, path, foreignId));
    expect({ ...toForeign, text: comparable(toForeign.text) }).toEqual({ ...toTwin, text: comparable(toTwin.text) });
    expect(marksIn(toForeign.text.replaceAll(foreignId, ""), other)).toEqual([]);
    expect(await snapshot(platform.database, other)).toEqual(before);
  });
});

describe("the snapshot that these tests rely on", () => {
  it("sees a change of one row in any table, and has a row of each", async () => {
    const practice = await newPractice();
    const before = await snapshot(platform.database, practice);
    expect(Object.entries(before).filter(([, digest]) => digest.startsWith("0 "))).toEqual([]);
    await change(
      `update leads set name = 'Changed' where mentorado_id = '${practice.mentoradoId}' and id = '${practice.ids.lead}'`,
    );
    const after = await snapshot(platform.database, practice);
    expect(Object.keys(after).filter((table) => after[table] !== before[table])).toEqual(["audit_log", "leads"]);
  });
});

it("has a role for each right: no permission is open to nobody, and none but reading to a viewer", () => {
  for (const [permission, roles] of Object.entries(PERMISSIONS)) {
    expect(roles, permission).toContain("owner");
    if (!permission.endsWith(".read")) expect(roles, permission).not.toContain("viewer");
  }
});

/** A change behind the back of everything that remembers: straight in the database. */
async function change(sql: string): Promise<void> {
  await platform.database.query(`select set_config('app.actor_type', 'system', true); ${sql}`);
}

/** Lets the isolate find the session of a caller who is an owner at this time, and keep it in memory. */
async function remember(caller: Caller): Promise<void> {
  for (const procedure of PROCEDURES.filter(({ path }) => path === "financial.charges.list")) {
    expect(await call(procedure, caller, {})).toMatchObject({ status: 200 });
  }
}
