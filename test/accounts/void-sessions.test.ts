import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccountsJobs } from "../../functions/accounts/jobs.ts";
import { accountsRouter } from "../../functions/accounts/router.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { serveTrpc } from "../../shared/trpc/serve-trpc.ts";
import { type Member, type Person, type Platform, startPlatform } from "../support/platform.ts";

const MAX_LOOK_UPS = 50;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  const kernel = platform.kernel("accounts");
  const handlers = createAccountsJobs({ cache: kernel.cache });
  platform.mount("accounts", (request, waitUntil) => serveJobs<"accounts">({ request, handlers, kernel, waitUntil }));
});
afterAll(() => platform.close());

function clientOf(person: Person, kernel: Kernel = platform.kernel("accounts")) {
  return platform.client({ router: accountsRouter, kernel, caller: platform.caller(person) });
}

/** An isolate that has read who someone is, and gets no further until it is let go. */
function slowIsolate() {
  const kernel = platform.kernel("accounts");
  const gate = Promise.withResolvers<void>();
  let reads = 0;
  const call: Kernel["connection"]["call"] = async (entry) => {
    const rows = await kernel.connection.call(entry);
    reads += 1;
    await gate.promise;
    return rows as never;
  };
  const slow: Kernel = { ...kernel, connection: { ...kernel.connection, call } };
  return { kernel: slow, reads: () => reads, letGo: () => gate.resolve() };
}

async function createTeam(): Promise<{ owner: Member; viewer: Member; other: Member }> {
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const viewer = await platform.createMember({ mentoradoId, role: "viewer" });
  return { owner, viewer, other: await platform.createMember({ mentoradoId, role: "viewer" }) };
}

function promote(owner: Member, member: Member) {
  return clientOf(owner).users.updateRole.mutate({ membershipId: member.membershipId, role: "owner", version: 1 });
}

function readJobs({ userId }: Person) {
  return platform.database.query<{ id: string; status: string; lastError: string | null }>(
    `select id, status, last_error as "lastError" from jobs where name = 'accounts.invalidate-session' and payload ->> 'userId' = $1`,
    [userId],
  );
}

async function untilVoided(person: Person): Promise<void> {
  await expect.poll(() => readJobs(person), { timeout: 10_000 }).toMatchObject([{ status: "done" }]);
}

/** Requests to Neon that `work` made; jobs that are still to be rung would be counted too. */
async function countRequests(work: () => Promise<unknown>): Promise<number> {
  await platform.settled();
  await platform.qstash.idle({ includeDelayed: true });
  platform.database.requests.reset();
  await work();
  await platform.settled();
  return platform.database.requests.count();
}

test("a slow reader never brings an old session back, and the first new session is kept again", async () => {
  const { owner, viewer, other } = await createTeam();
  const { kernel, reads, letGo } = slowIsolate();
  const slow = clientOf(viewer, kernel).users.me.query();
  await expect.poll(reads).toBe(1);
  await promote(owner, viewer);
  await untilVoided(viewer);
  letGo();
  await slow;
  const change = { membershipId: other.membershipId, role: "sales" as const, version: 1 };
  expect(await countRequests(() => clientOf(viewer).users.list.query())).toBe(2);
  expect(await countRequests(() => clientOf(viewer).users.list.query())).toBe(1);
  expect(await clientOf(viewer).users.updateRole.mutate(change)).toMatchObject({ role: "sales" });
});

test("a void that comes late leaves a newer session alone", async () => {
  const { owner, viewer } = await createTeam();
  platform.redis.faults.push({ kind: "status", status: 500, body: '{"error":"down"}' });
  await promote(owner, viewer);
  await expect.poll(() => readJobs(viewer)).toMatchObject([{ status: "pending", lastError: "CACHE_UNAVAILABLE" }]);
  platform.redis.faults.length = 0;
  await clientOf(viewer).users.list.query();
  await platform.settled();
  const [job] = await readJobs(viewer);
  await platform.database.query("update jobs set run_at = now() where id = $1", [job?.id]);
  expect((await platform.ring(job?.id ?? "")).status).toBe(200);
  expect(await countRequests(() => clientOf(viewer).users.list.query())).toBe(1);
});

test("while Redis is down the job is put off by its policy, and voids when Redis is back", async () => {
  const { owner, viewer, other } = await createTeam();
  await clientOf(viewer).users.me.query();
  await platform.settled();
  platform.redis.faults.push({ kind: "reset-before" });
  await promote(owner, viewer);
  await expect.poll(() => readJobs(viewer)).toMatchObject([{ status: "pending", lastError: "CACHE_UNAVAILABLE" }]);
  platform.redis.faults.length = 0;
  const change = { membershipId: other.membershipId, role: "sales" as const, version: 1 };
  const early = clientOf(viewer).users.updateRole.mutate(change);
  await expect(early).rejects.toMatchObject({ data: { errorCode: "PERMISSION_REQUIRED" } });
  const [job] = await readJobs(viewer);
  await platform.database.query("update jobs set run_at = now() where id = $1", [job?.id]);
  expect((await platform.ring(job?.id ?? "")).status).toBe(200);
  expect(await clientOf(viewer).users.updateRole.mutate(change)).toMatchObject({ role: "sales" });
});

test("what Redis holds and no session is, costs a look-up and nothing else", async () => {
  const { owner } = await createTeam();
  const { cache } = platform.kernel("accounts");
  for (const value of ["garbage", "null", '{"version":1,"value":"{}"}']) {
    await cache.set(`session:v1:${owner.clerkUserId}`, value, { ttlSeconds: 60 });
    expect(await countRequests(() => clientOf(owner).users.me.query())).toBe(2);
  }
});

test("the calls of one batch look their person up once", async () => {
  const { owner } = await createTeam();
  const kernel = platform.kernel("accounts");
  const path = "/api/trpc/users.me,users.list,users.me?batch=1&input=%7B%7D";
  const requests = await countRequests(async () => {
    const response = await serveTrpc({
      request: new Request(`http://group.test${path}`),
      caller: platform.caller(owner),
      router: accountsRouter,
      kernel,
      waitUntil: () => undefined,
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveLength(3);
  });
  expect(requests).toBe(4);
});

test("an isolate looks up 50 people at once and tells the next one to come again", async () => {
  const { owner } = await createTeam();
  const { kernel, reads, letGo } = slowIsolate();
  const many = Array.from({ length: MAX_LOOK_UPS }, () => clientOf(owner, kernel).users.me.query());
  await expect.poll(reads, { timeout: 10_000 }).toBe(MAX_LOOK_UPS);
  const oneMore = await clientOf(owner, kernel)
    .users.me.query()
    .catch((error: unknown) => error);
  if (!(oneMore instanceof TRPCClientError)) throw new Error("was not refused");
  expect(oneMore.data).toMatchObject({ httpStatus: 503, errorCode: "UNAVAILABLE", retryAfterMs: 1_000 });
  letGo();
  expect(await Promise.all(many)).toHaveLength(MAX_LOOK_UPS);
});
