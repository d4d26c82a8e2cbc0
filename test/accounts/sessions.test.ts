import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccountsJobs } from "../../functions/accounts/jobs.ts";
import { accountsRouter } from "../../functions/accounts/router.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { type Person, type Platform, startPlatform } from "../support/platform.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

function clientOf(person: Person, kernel: Kernel, headers?: { idempotencyKey?: string }) {
  return platform.client({ router: accountsRouter, kernel, caller: platform.caller(person, headers) });
}

async function createOwner() {
  const { id: mentoradoId } = await platform.createMentorado();
  return platform.createMember({ mentoradoId, role: "owner" });
}

/** Requests to Neon that `work` made, in order of their making. */
async function countRequests(work: () => Promise<unknown>): Promise<number> {
  await platform.settled();
  platform.database.requests.reset();
  await work();
  return platform.database.requests.count();
}

async function errorCodeOf(call: Promise<unknown>): Promise<unknown> {
  const error = await call.catch((reason: unknown) => reason);
  return error instanceof TRPCClientError ? error.data.errorCode : error;
}

test("each procedure is exactly one request to Neon when the session is known, and one more when it is not", async () => {
  const owner = await createOwner();
  const { membershipId } = await platform.createMember({ mentoradoId: owner.mentoradoId, role: "viewer" });
  const admin = await platform.createPerson({ isAdmin: true });
  const kernel = platform.kernel("accounts");
  const client = clientOf(owner, kernel);
  const staff = clientOf(admin, kernel);
  expect(await countRequests(() => client.users.me.query())).toBe(2);
  expect(await countRequests(() => staff.users.me.query())).toBe(2);
  const calls: [string, () => Promise<unknown>][] = [
    ["me", () => client.users.me.query()],
    ["updateProfile", () => client.users.updateProfile.mutate({ name: "New Name" })],
    ["list", () => client.users.list.query()],
    ["updateRole", () => client.users.updateRole.mutate({ membershipId, role: "sales", version: 1 })],
    ["deactivate", () => client.users.deactivate.mutate({ membershipId, version: 2, reason: "left us" })],
    ["reactivate", () => client.users.reactivate.mutate({ membershipId, version: 3, reason: "is back" })],
    ["directory", () => staff.users.directory.query({ reason: "counting" })],
    ["setActive", () => staff.users.setActive.mutate({ reason: "counting", userId: owner.userId, isActive: true })],
  ];
  const procedures = Object.keys(accountsRouter._def.procedures).map((path) => path.replace("users.", ""));
  expect(calls.map(([name]) => name).sort()).toEqual(procedures.sort());
  for (const [name, call] of calls) expect({ name, requests: await countRequests(call) }).toEqual({ name, requests: 1 });
});

test("another isolate takes the session from Redis, without asking the database first", async () => {
  const owner = await createOwner();
  await clientOf(owner, platform.kernel("accounts")).users.me.query();
  await platform.settled();
  expect(await countRequests(() => clientOf(owner, platform.kernel("accounts")).users.me.query())).toBe(1);
});

test("with Redis down Postgres answers, and with Redis back nothing has to be repaired", async () => {
  const owner = await createOwner();
  platform.redis.faults.push({ kind: "status", status: 500, body: '{"error":"down"}' });
  try {
    expect((await clientOf(owner, platform.kernel("accounts")).users.me.query()).user.id).toBe(owner.userId);
  } finally {
    platform.redis.faults.length = 0;
  }
  expect((await clientOf(owner, platform.kernel("accounts")).users.me.query()).user.id).toBe(owner.userId);
});

test("after a change of role the job voids the cached session, so a new isolate reads the new one", async () => {
  const kernel = platform.kernel("accounts");
  const handlers = createAccountsJobs({ cache: kernel.cache });
  platform.mount("accounts", (request, waitUntil) => serveJobs<"accounts">({ request, handlers, kernel, waitUntil }));
  const owner = await createOwner();
  const viewer = await platform.createMember({ mentoradoId: owner.mentoradoId, role: "viewer" });
  await clientOf(viewer, platform.kernel("accounts")).users.me.query();
  await platform.settled();
  await clientOf(owner, platform.kernel("accounts")).users.updateRole.mutate({
    membershipId: viewer.membershipId,
    role: "owner",
    version: 1,
  });
  await expect
    .poll(() => platform.database.query("select status from jobs where payload ->> 'userId' = $1", [viewer.userId]))
    .toEqual([{ status: "done" }]);
  const renamed = { membershipId: owner.membershipId, role: "manager" as const, version: 1 };
  expect(await clientOf(viewer, platform.kernel("accounts")).users.updateRole.mutate(renamed)).toMatchObject({ role: "manager" });
});

test("a revoked session is refused at the next call, in a warm isolate too", async () => {
  const owner = await createOwner();
  const warm = clientOf(owner, platform.kernel("accounts"));
  await warm.users.list.query();
  await platform.database.query("insert into revoked_sessions (session_id) values ($1)", [owner.sessionId]);
  expect(await errorCodeOf(warm.users.me.query())).toBe("SESSION_REVOKED");
  expect(await errorCodeOf(warm.users.list.query())).toBe("MEMBERSHIP_REQUIRED");
});

test("an idempotency key makes a mutation repeatable: one effect, the same answer, and another request is refused", async () => {
  const owner = await createOwner();
  const kernel = platform.kernel("accounts");
  const client = clientOf(owner, kernel, { idempotencyKey: "profile-1" });
  const first = await client.users.updateProfile.mutate({ name: "First Name" });
  await clientOf(owner, kernel).users.updateProfile.mutate({ name: "Second Name" });
  expect(await client.users.updateProfile.mutate({ name: "First Name" })).toEqual(first);
  expect((await client.users.me.query()).user.name).toBe("Second Name");
  expect(await errorCodeOf(client.users.updateProfile.mutate({ name: "Third Name" }))).toBe("IDEMPOTENCY_KEY_REUSED");
});

test("25 concurrent requests under one key have one effect and 25 equal answers", async () => {
  const owner = await createOwner();
  const { membershipId } = await platform.createMember({ mentoradoId: owner.mentoradoId, role: "viewer" });
  const kernel = platform.kernel("accounts");
  await clientOf(owner, kernel).users.me.query();
  const client = clientOf(owner, kernel, { idempotencyKey: "role-1" });
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => client.users.updateRole.mutate({ membershipId, role: "sales", version: 1 })),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await platform.database.query("select version from memberships where id = $1", [membershipId])).toEqual([
    { version: 2 },
  ]);
});

test("two people may use the same key without seeing each other's answers", async () => {
  const [one, two] = [await createOwner(), await createOwner()];
  const kernel = platform.kernel("accounts");
  const rename = (person: Person, name: string) =>
    clientOf(person, kernel, { idempotencyKey: "same" }).users.updateProfile.mutate({ name });
  expect(await rename(one, "Person One")).not.toEqual(await rename(two, "Person Two"));
});
