import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccountsJobs } from "../../functions/accounts/jobs.ts";
import { accountsRouter } from "../../functions/accounts/router.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

let platform: Platform;
/** Of the isolate that does the jobs. */
let kernel: Kernel;
beforeAll(async () => {
  platform = await startPlatform();
  kernel = platform.kernel("accounts");
  const handlers = createAccountsJobs({ cache: kernel.cache });
  platform.mount("accounts", (request, waitUntil) => serveJobs<"accounts">({ request, handlers, kernel, waitUntil }));
});
afterAll(() => platform.close());

interface ClerkEvent {
  type: string;
  data: object;
  timestamp: number;
}

/** Stores the event as the inbox does and lets its job run once. @returns the status that the job answered. */
async function deliver(event: ClerkEvent): Promise<number> {
  return (await platform.ring(await store(event))).status;
}

/** @returns the id of the event's job. */
async function store(event: ClerkEvent): Promise<string> {
  const [eventId, jobId] = [uuidv7(), uuidv7()];
  const raw = Buffer.from(JSON.stringify({ object: "event", ...event }));
  await platform.database.query(
    `insert into webhook_events (id, provider, account_ref, event_id, event_type, raw, raw_sha256, request_id)
     values ($1, 'clerk', 'default', $2, $3, $4, sha256($4), 'test-request')`,
    [eventId, `msg_${eventId}`, event.type, raw],
  );
  await platform.database.query(
    `insert into jobs (id, worker_group, name, dedup_key, payload, max_attempts, request_id)
     values ($1, 'accounts', 'accounts.process-clerk-event', $2, $3, 12, 'test-request')`,
    [jobId, `webhook:${eventId}`, { eventId }],
  );
  return jobId;
}

function membershipEvent(
  type: "created" | "updated" | "deleted",
  {
    timestamp,
    role = "org:member",
    organization,
    user,
  }: { timestamp: number; role?: string; organization: string; user: string },
): ClerkEvent {
  return {
    type: `organizationMembership.${type}`,
    timestamp,
    data: { id: "orgmem_1", role, organization: { id: organization }, public_user_data: { user_id: user } },
  };
}

function readMemberships(mentoradoId: string, userId: string) {
  return platform.database.query("select role, status from memberships where mentorado_id = $1 and user_id = $2", [
    mentoradoId,
    userId,
  ]);
}

function person(id: string, email: string, updatedAt: number) {
  return {
    id,
    object: "user",
    first_name: "Ana",
    last_name: `v${updatedAt}`,
    primary_email_address_id: "idn_1",
    email_addresses: [{ id: "idn_1", email_address: email }],
    created_at: 1,
    updated_at: updatedAt,
  };
}

function userEvent(type: "user.created" | "user.updated", id: string, updatedAt: number): ClerkEvent {
  return { type, data: person(id, `v${updatedAt}@example.com`, updatedAt), timestamp: updatedAt };
}

function readUser(clerkUserId: string) {
  return platform.database
    .query("select email, name, is_active, is_admin, session_epoch::integer as epoch from users where clerk_user_id = $1", [
      clerkUserId,
    ])
    .then((rows) => rows[0]);
}

test("people are taken over from Clerk in any order and any number: the newest word stays, and nothing makes an admin", async () => {
  const orders = [
    [1, 2, 3],
    [3, 2, 1],
    [2, 3, 1, 3, 2],
  ];
  for (const order of orders) {
    const id = `user_${uuidv7()}`;
    for (const updatedAt of order) {
      const event = userEvent(updatedAt === 1 ? "user.created" : "user.updated", id, updatedAt);
      Object.assign(event.data, { public_metadata: { is_admin: true }, is_admin: true });
      expect(await deliver(event)).toBe(200);
    }
    expect(await readUser(id)).toEqual({ email: "v3@example.com", name: "Ana v3", is_active: true, is_admin: false, epoch: 1 });
  }
});

test("a GitHub account is taken over when Clerk has verified it, and only then; the newest word stays", async () => {
  const verified = { provider: "oauth_github", provider_user_id: "583231", verification: { status: "verified" } };
  const cases: [accounts: object[] | undefined, expected: string | null][] = [
    [[verified], "583231"],
    [
      [
        { ...verified, provider: "oauth_google" },
        { ...verified, provider_user_id: "7" },
      ],
      "7",
    ],
    [[{ ...verified, provider: "oauth_google" }], null],
    [[{ ...verified, verification: { status: "unverified" } }], null],
    [[{ ...verified, verification: null }], null],
    [[{ ...verified, provider_user_id: "583231abc" }], null],
    [[{ ...verified, provider_user_id: "99999999999999999999" }], null],
    [[{ ...verified, provider_user_id: null }], null],
    [[], null],
    [undefined, null],
  ];
  for (const [accounts, expected] of cases) {
    const id = `user_${uuidv7()}`;
    const event = userEvent("user.updated", id, 5);
    if (accounts !== undefined) Object.assign(event.data, { external_accounts: accounts });
    expect(await deliver(event), JSON.stringify(accounts)).toBe(200);
    const late = userEvent("user.updated", id, 4);
    Object.assign(late.data, { external_accounts: [{ ...verified, provider_user_id: "1" }] });
    expect(await deliver(late)).toBe(200);
    const [row] = await platform.database.query("select github_user_id from users where clerk_user_id = $1", [id]);
    expect(row, JSON.stringify(accounts)).toEqual({ github_user_id: expected });
  }
});

test("an account that is unlinked at Clerk opens no installation any more, and the audit does not tell whose it was", async () => {
  const id = `user_${uuidv7()}`;
  const linked = userEvent("user.updated", id, 5);
  const account = { provider: "oauth_github", provider_user_id: "583232", verification: { status: "verified" } };
  Object.assign(linked.data, { external_accounts: [account] });
  await deliver(linked);
  await deliver(userEvent("user.updated", id, 6));
  expect(await platform.database.query("select github_user_id from users where clerk_user_id = $1", [id])).toEqual([
    { github_user_id: null },
  ]);
  expect(await platform.database.query("select 1 from audit_log where (before || after)::text like '%583232%'")).toEqual([]);
});

test("an update from Clerk never touches a role", async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  await deliver(userEvent("user.updated", owner.clerkUserId, 5));
  expect(await platform.database.query("select role, status from memberships where id = $1", [owner.membershipId])).toEqual([
    { role: "owner", status: "active" },
  ]);
});

test("a deleted person enters nowhere, a second deletion changes nothing, and a late creation opens no door", async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) });
  await client.users.me.query();
  const deleted = { type: "user.deleted", data: { id: owner.clerkUserId, deleted: true, object: "user" }, timestamp: 9 };
  expect(await deliver(deleted)).toBe(200);
  expect(await deliver(deleted)).toBe(200);
  await deliver(userEvent("user.created", owner.clerkUserId, 1));
  expect(await readUser(owner.clerkUserId)).toMatchObject({ is_active: false, epoch: 2 });
  await expect(client.users.me.query()).rejects.toMatchObject({ data: { httpStatus: 401 } });

  const unheardOf = `user_${uuidv7()}`;
  await deliver({ type: "user.deleted", data: { id: unheardOf, deleted: true, object: "user" }, timestamp: 9 });
  await deliver(userEvent("user.created", unheardOf, 1));
  expect(await readUser(unheardOf)).toMatchObject({ is_active: false });
});

test("an ended session is refused at once, however often it ends", async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) });
  await client.users.me.query();
  for (const type of ["session.revoked", "session.ended", "session.removed"]) {
    expect(
      await deliver({ type, data: { id: owner.sessionId, user_id: owner.clerkUserId, object: "session" }, timestamp: 1 }),
    ).toBe(200);
  }
  await expect(client.users.me.query()).rejects.toMatchObject({ data: { errorCode: "SESSION_REVOKED" } });

  const elsewhere = { router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) };
  platform.database.requests.reset();
  await expect(platform.client(elsewhere).users.me.query()).rejects.toMatchObject({ data: { errorCode: "SESSION_REVOKED" } });
  expect(platform.database.requests.count()).toBe(0);
});

test("with Redis down a session ends all the same, and its job is done when Redis is back", async () => {
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const jobId = await store({ type: "session.ended", data: { id: owner.sessionId, object: "session" }, timestamp: 1 });
  platform.redis.faults.push({ kind: "reset-before" });
  expect((await platform.ring(jobId)).status).toBe(503);
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) });
  await expect(client.users.me.query()).rejects.toMatchObject({ data: { httpStatus: 401 } });
  platform.redis.faults.length = 0;
  await platform.database.query("update jobs set run_at = now() where id = $1", [jobId]);
  expect((await platform.ring(jobId)).status).toBe(200);
});

test("an organisation's membership becomes one of its mentorado, in any order, and never an owner", async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0, 1],
  ]) {
    const { id: mentoradoId, clerkOrganizationId } = await platform.createMentorado();
    await platform.createMember({ mentoradoId, role: "owner" });
    const joined = await platform.createPerson();
    const about = { organization: clerkOrganizationId, user: joined.clerkUserId };
    const events = [
      membershipEvent("created", { timestamp: 1, ...about }),
      membershipEvent("updated", { timestamp: 2, role: "org:admin", ...about }),
      membershipEvent("deleted", { timestamp: 3, role: "org:admin", ...about }),
    ];
    for (const index of order) {
      const one = events[index];
      if (one !== undefined) expect(await deliver(one)).toBe(200);
    }
    expect(await readMemberships(mentoradoId, joined.userId)).toEqual([{ role: "manager", status: "revoked" }]);
  }
});

test("events that are all there before their jobs run at once leave the rows of the orderly ones", async () => {
  const { id: mentoradoId, clerkOrganizationId } = await platform.createMentorado();
  const joined = await platform.createPerson();
  const about = { organization: clerkOrganizationId, user: joined.clerkUserId };
  const jobs = [
    await store(membershipEvent("deleted", { timestamp: 3, ...about })),
    await store(membershipEvent("created", { timestamp: 4, role: "org:admin", ...about })),
    await store(membershipEvent("created", { timestamp: 1, ...about })),
  ];
  const answers = await Promise.all(jobs.map((jobId) => platform.ring(jobId)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await readMemberships(mentoradoId, joined.userId)).toEqual([{ role: "manager", status: "active" }]);
});

test("a job that a newer event overtakes writes nothing and is tried again", async () => {
  const { id: mentoradoId, clerkOrganizationId } = await platform.createMentorado();
  const joined = await platform.createPerson();
  const about = { organization: clerkOrganizationId, user: joined.clerkUserId };
  const jobId = await store(membershipEvent("created", { timestamp: 1, ...about }));
  const ordinary = kernel.connection;
  const [hasRead, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reads = 0;
  const run: Kernel["connection"]["run"] = async (entry, statements) => {
    const results = await ordinary.run(entry, statements);
    reads += 1;
    // The first read finds the event, the second what else is known of the two.
    if (reads === 2) {
      hasRead.resolve();
      await gate.promise;
    }
    return results;
  };
  kernel.connection = { ...ordinary, run };
  const overtaken = platform.ring(jobId);
  await hasRead.promise;
  kernel.connection = ordinary;
  expect(await deliver(membershipEvent("deleted", { timestamp: 2, ...about }))).toBe(200);
  gate.resolve();
  expect((await overtaken).status).toBe(503);
  expect(await readMemberships(mentoradoId, joined.userId)).toEqual([{ role: "viewer", status: "revoked" }]);
  await platform.database.query("update jobs set run_at = now() where id = $1", [jobId]);
  expect((await platform.ring(jobId)).status).toBe(200);
  expect(await readMemberships(mentoradoId, joined.userId)).toEqual([{ role: "viewer", status: "revoked" }]);
});

test("who was deactivated here stays out, whatever Clerk says, and an end at Clerk is an end here", async () => {
  const { id: mentoradoId, clerkOrganizationId: organization } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const [out, sales] = [
    await platform.createMember({ mentoradoId, role: "viewer" }),
    await platform.createMember({ mentoradoId, role: "viewer" }),
  ];
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) });
  await client.users.deactivate.mutate({ membershipId: out.membershipId, version: 1, reason: "left the team" });
  await client.users.updateRole.mutate({ membershipId: sales.membershipId, version: 1, role: "sales" });
  expect(await deliver(membershipEvent("updated", { timestamp: 5, organization, user: out.clerkUserId }))).toBe(200);
  expect(await readMemberships(mentoradoId, out.userId)).toEqual([{ role: "viewer", status: "revoked" }]);
  expect(await deliver(membershipEvent("deleted", { timestamp: 6, organization, user: sales.clerkUserId }))).toBe(200);
  expect(await readMemberships(mentoradoId, sales.userId)).toEqual([{ role: "sales", status: "revoked" }]);
});

test("a membership of a person who is not known yet waits, one of an organisation of nobody is ignored", async () => {
  const { id: mentoradoId, clerkOrganizationId: organization } = await platform.createMentorado();
  const user = `user_${uuidv7()}`;
  const jobId = await store(membershipEvent("created", { timestamp: 1, organization, user }));
  expect((await platform.ring(jobId)).status).toBe(503);
  expect(await deliver(membershipEvent("created", { timestamp: 1, organization: "org_nobody", user }))).toBe(200);

  expect(await deliver(userEvent("user.created", user, 1))).toBe(200);
  await platform.database.query("update jobs set run_at = now() where id = $1", [jobId]);
  expect((await platform.ring(jobId)).status).toBe(200);
  const members = "select u.clerk_user_id as user from memberships m join users u on u.id = m.user_id where m.mentorado_id = $1";
  expect(await platform.database.query(members, [mentoradoId])).toEqual([{ user }]);
});

test("a role that was set here is not changed by Clerk, and Clerk's end does not take the last owner", async () => {
  const { id: mentoradoId, clerkOrganizationId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const sales = await platform.createMember({ mentoradoId, role: "viewer" });
  const client = platform.client({ router: accountsRouter, kernel: platform.kernel("accounts"), caller: platform.caller(owner) });
  await client.users.updateRole.mutate({ membershipId: sales.membershipId, role: "sales", version: 1 });
  const about = { role: "org:admin", organization: clerkOrganizationId };
  expect(await deliver(membershipEvent("updated", { timestamp: 5, user: sales.clerkUserId, ...about }))).toBe(200);
  expect(await deliver(membershipEvent("deleted", { timestamp: 6, user: owner.clerkUserId, ...about }))).toBe(200);
  expect(
    await platform.database.query("select role, status from memberships where mentorado_id = $1 order by role", [mentoradoId]),
  ).toEqual([
    { role: "owner", status: "active" },
    { role: "sales", status: "active" },
  ]);
});

test("Clerk neither makes nor unmakes an owner, but ends the membership of one who is not the last", async () => {
  const { id: mentoradoId, clerkOrganizationId: organization } = await platform.createMentorado();
  await platform.createMember({ mentoradoId, role: "owner" });
  const second = await platform.createMember({ mentoradoId, role: "owner" });
  const about = { organization, user: second.clerkUserId };
  expect(await deliver(membershipEvent("updated", { timestamp: 1, ...about }))).toBe(200);
  expect(await readMemberships(mentoradoId, second.userId)).toEqual([{ role: "owner", status: "active" }]);
  expect(await deliver(membershipEvent("deleted", { timestamp: 2, ...about }))).toBe(200);
  expect(await deliver(membershipEvent("created", { timestamp: 3, ...about }))).toBe(200);
  expect(await readMemberships(mentoradoId, second.userId)).toEqual([{ role: "owner", status: "revoked" }]);
});

test("an unreadable event is dead at once, an event of another kind is done", async () => {
  expect(await deliver({ type: "user.created", data: { nothing: true }, timestamp: 1 })).toBe(489);
  expect(await deliver({ type: "sms.created", data: {}, timestamp: 1 })).toBe(200);
});
