import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountsRouter } from "../../functions/accounts/router.ts";
import type { Role } from "../../shared/db/schema/tenancy.ts";
import { type Member, type Person, type Platform, startPlatform } from "../support/platform.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

function clientOf(person: Person, headers?: { mentoradoId?: string; idempotencyKey?: string }) {
  return platform.client({
    router: accountsRouter,
    kernel: platform.kernel("accounts"),
    caller: platform.caller(person, headers),
  });
}

async function openTeam(...roles: Role[]): Promise<{ mentoradoId: string; members: Member[] }> {
  const { id: mentoradoId } = await platform.createMentorado();
  const members: Member[] = [];
  for (const role of roles) members.push(await platform.createMember({ mentoradoId, role }));
  return { mentoradoId, members };
}

function at<Value>(values: Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`nothing at ${index}`);
  return value;
}

async function refusal(call: Promise<unknown>): Promise<{ status: number; errorCode: string }> {
  const error = await call.then(
    () => new Error("was not refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TRPCClientError)) throw error;
  return { status: error.data.httpStatus, errorCode: error.data.errorCode };
}

function readMembership(id: string) {
  return platform.database
    .query("select role, status, version, role_revision::integer as revision from memberships where id = $1", [id])
    .then((rows) => rows[0]);
}

test("me tells who I am and what I may do in each of my mentorados", async () => {
  const { mentoradoId, members } = await openTeam("owner");
  const person = at(members, 0);
  const second = await openTeam("owner");
  await platform.createMember({ mentoradoId: second.mentoradoId, role: "viewer", person });
  const me = await clientOf(person).users.me.query();
  expect(me.user).toMatchObject({ id: person.userId, isAdmin: false });
  expect(me.memberships).toHaveLength(2);
  expect(me.memberships.find((each) => each.mentoradoId === mentoradoId)?.permissions).toContain("team.manage");
  expect(me.memberships.find((each) => each.mentoradoId === second.mentoradoId)?.permissions).not.toContain("team.manage");
});

test("a person of several mentorados must say which one, and one of none is refused", async () => {
  const { mentoradoId, members } = await openTeam("owner");
  const person = at(members, 0);
  const second = await openTeam("owner");
  await platform.createMember({ mentoradoId: second.mentoradoId, role: "viewer", person });
  expect(await refusal(clientOf(person).users.list.query())).toEqual({ status: 400, errorCode: "MENTORADO_NOT_CHOSEN" });
  expect((await clientOf(person, { mentoradoId }).users.list.query()).items).toHaveLength(1);
  const stranger = await platform.createPerson();
  expect(await refusal(clientOf(stranger).users.list.query())).toEqual({ status: 403, errorCode: "MEMBERSHIP_REQUIRED" });
  expect(await refusal(clientOf(stranger, { mentoradoId }).users.list.query())).toEqual({
    status: 403,
    errorCode: "MEMBERSHIP_REQUIRED",
  });
});

test("the pages of the team and of the directory show everyone once, newest first", async () => {
  const { mentoradoId, members } = await openTeam("owner", "viewer", "viewer", "viewer", "viewer");
  const client = clientOf(at(members, 0));
  const first = await client.users.list.query({ limit: 2 });
  const second = await client.users.list.query({ limit: 2, cursor: first.nextCursor ?? "" });
  const third = await client.users.list.query({ limit: 2, cursor: second.nextCursor ?? "" });
  const pages = [first, second, third].map(({ items }) => items.map(({ id }) => id));
  const ids = members.map(({ membershipId }) => membershipId).reverse();
  expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  expect(third.nextCursor).toBeNull();

  const newest = await openTeam("owner");
  const staff = clientOf(await platform.createPerson({ isAdmin: true }));
  const top = await staff.users.directory.query({ reason: "yearly review", limit: 1 });
  const next = await staff.users.directory.query({ reason: "yearly review", limit: 1, cursor: top.nextCursor ?? "" });
  expect([...top.items, ...next.items]).toMatchObject([
    { id: newest.mentoradoId, memberCount: 1 },
    { id: mentoradoId, memberCount: 5 },
  ]);
});

test("an owner changes a role: version and revision rise, the epoch too, and the cached session is voided by a job", async () => {
  const { members } = await openTeam("owner", "viewer");
  const [owner, viewer] = [at(members, 0), at(members, 1)];
  const changed = await clientOf(owner).users.updateRole.mutate({
    membershipId: viewer.membershipId,
    role: "manager",
    version: 1,
  });
  expect(changed).toMatchObject({ id: viewer.membershipId, role: "manager", version: 2 });
  expect(await readMembership(viewer.membershipId)).toEqual({ role: "manager", status: "active", version: 2, revision: 1 });
  expect(
    await platform.database.query("select session_epoch::integer as epoch from users where id = $1", [viewer.userId]),
  ).toEqual([{ epoch: 2 }]);
  expect(
    await platform.database.query(
      "select status from jobs where name = 'accounts.invalidate-session' and payload ->> 'userId' = $1",
      [viewer.userId],
    ),
  ).toEqual([{ status: "pending" }]);
  expect(
    await platform.database.query(
      "select actor_id, request_id is not null as told from audit_log where table_name = 'memberships' and row_id = $1 and action = 'update'",
      [viewer.membershipId],
    ),
  ).toEqual([{ actor_id: owner.userId, told: true }]);
});

test("a stale version, one's own membership, a foreign one and an unknown one are refused, and nothing changes", async () => {
  const { members } = await openTeam("owner", "viewer");
  const foreign = await openTeam("owner", "viewer");
  const [owner, viewer] = [at(members, 0), at(members, 1)];
  const client = clientOf(owner);
  const theirs = at(foreign.members, 1);
  const change = (membershipId: string, version = 1) =>
    client.users.updateRole.mutate({ membershipId, role: "manager", version });
  expect(await refusal(change(viewer.membershipId, 7))).toEqual({ status: 409, errorCode: "STALE_VERSION" });
  expect(await refusal(change(owner.membershipId))).toEqual({ status: 403, errorCode: "OWN_MEMBERSHIP" });
  expect(await refusal(change(theirs.membershipId))).toEqual({ status: 404, errorCode: "MEMBERSHIP_NOT_FOUND" });
  expect(await refusal(change(crypto.randomUUID()))).toEqual({ status: 404, errorCode: "MEMBERSHIP_NOT_FOUND" });
  for (const member of [owner, viewer, theirs])
    expect(await readMembership(member.membershipId)).toMatchObject({ version: 1, revision: 0 });
});

test("two owners who demote one another at once leave one owner", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { mentoradoId, members } = await openTeam("owner", "owner");
    const [first, second] = [at(members, 0), at(members, 1)];
    await Promise.allSettled([
      clientOf(first).users.updateRole.mutate({ membershipId: second.membershipId, role: "viewer", version: 1 }),
      clientOf(second).users.updateRole.mutate({ membershipId: first.membershipId, role: "viewer", version: 1 }),
    ]);
    expect(
      await platform.database.query(
        "select count(*)::integer as owners from memberships where mentorado_id = $1 and role = 'owner' and status = 'active'",
        [mentoradoId],
      ),
    ).toEqual([{ owners: 1 }]);
  }
});

test("a member without the permission is refused", async () => {
  const { members } = await openTeam("owner", "manager", "viewer");
  const [, manager, viewer] = members;
  if (manager === undefined || viewer === undefined) throw new Error("no team");
  expect(
    await refusal(clientOf(manager).users.updateRole.mutate({ membershipId: viewer.membershipId, role: "sales", version: 1 })),
  ).toEqual({
    status: 403,
    errorCode: "PERMISSION_REQUIRED",
  });
});

test("a revoked member is refused at the very next call, although caches still know the old session", async () => {
  const { members } = await openTeam("owner", "viewer");
  const [owner, viewer] = [at(members, 0), at(members, 1)];
  const warm = clientOf(viewer);
  expect((await warm.users.list.query()).items).toHaveLength(2);
  await clientOf(owner).users.deactivate.mutate({ membershipId: viewer.membershipId, version: 1, reason: "left the team" });
  expect(await refusal(warm.users.list.query())).toEqual({ status: 403, errorCode: "MEMBERSHIP_REQUIRED" });
  expect(
    await platform.database.query(
      "select reason from audit_log where table_name = 'memberships' and row_id = $1 and action = 'update'",
      [viewer.membershipId],
    ),
  ).toEqual([{ reason: "left the team" }]);
  await clientOf(owner).users.reactivate.mutate({ membershipId: viewer.membershipId, version: 2, reason: "came back" });
  expect((await warm.users.list.query()).items).toHaveLength(2);
});

test("staff read across mentorados and close a person's doors, each time with a reason that is audited", async () => {
  const admin = await platform.createPerson({ isAdmin: true });
  const { mentoradoId, members } = await openTeam("owner");
  const owner = at(members, 0);
  const page = await clientOf(admin).users.directory.query({ reason: "yearly review", limit: 100 });
  expect(page.items.find(({ id }) => id === mentoradoId)).toMatchObject({ memberCount: 1, status: "active" });
  await clientOf(admin).users.setActive.mutate({ reason: "asked by phone", userId: owner.userId, isActive: false });
  expect(await refusal(clientOf(owner).users.me.query())).toMatchObject({ status: 401 });
  expect(
    await platform.database.query(
      "select reason, row_id from audit_log where actor_id = $1 and table_name = 'procedure' order by id",
      [admin.userId],
    ),
  ).toEqual([
    { reason: "yearly review", row_id: "users.directory" },
    { reason: "asked by phone", row_id: "users.setActive" },
  ]);
  expect(
    await refusal(clientOf(admin).users.setActive.mutate({ reason: "by mistake", userId: admin.userId, isActive: false })),
  ).toEqual({
    status: 403,
    errorCode: "OWN_ACCOUNT",
  });
});

test("who is not staff gets nothing of it, whatever the reason, and a reason is required", async () => {
  const { members } = await openTeam("owner");
  expect(await refusal(clientOf(at(members, 0)).users.directory.query({ reason: "curious" }))).toEqual({
    status: 403,
    errorCode: "ADMIN_REQUIRED",
  });
  const admin = await platform.createPerson({ isAdmin: true });
  expect(await refusal(clientOf(admin).users.directory.query({ reason: "  " }))).toMatchObject({
    status: 400,
    errorCode: "VALIDATION",
  });
});

test("an impersonated session only reads", async () => {
  const { members } = await openTeam("owner");
  const owner = at(members, 0);
  const caller = platform.caller(owner);
  if (caller.identity.kind !== "user") throw new Error("not signed in");
  caller.identity.impersonatedBy = "user_staff";
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller });
  expect((await client.users.list.query()).items).toHaveLength(1);
  expect(await refusal(client.users.updateProfile.mutate({ name: "Someone" }))).toEqual({
    status: 403,
    errorCode: "IMPERSONATION_IS_READ_ONLY",
  });
});
