import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openStage, type Practice, type Stage } from "./support/account-stage.ts";

let platform: Platform;
let stage: Stage;
beforeAll(async () => {
  platform = await startPlatform();
  stage = await openStage(platform);
});
afterEach(() => {
  stage.door.answer = undefined;
  stage.asaas.faults.length = 0;
});
afterAll(async () => {
  await stage.close();
  await platform.close();
});

function statusOf(practice: Practice) {
  return practice.finance.financial.account.status.query();
}

function logged(event: string, practice: Practice) {
  return platform.logs().filter((line) => line.event === event && line.mentoradoId === practice.mentoradoId);
}

/** What comes to the door is refused for good until Asaas stops sending. */
async function interrupt(practice: Practice): Promise<void> {
  stage.door.answer = () => new Response(null, { status: 503 });
  practice.announce();
  await expect.poll(async () => (await practice.webhooks())[0]?.interrupted, { timeout: 10_000 }).toBe(true);
  stage.door.answer = undefined;
}

/** The door refuses this often and then holds what comes, so that the count at Asaas stands still. @returns what lets it go. */
async function fail(practice: Practice, times: number): Promise<() => void> {
  const held = Promise.withResolvers<Response>();
  let refused = 0;
  stage.door.answer = () => {
    refused += 1;
    return refused > times ? held.promise : new Response(null, { status: 503 });
  };
  practice.announce();
  await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThan(times);
  return () => {
    stage.door.answer = undefined;
    held.resolve(new Response(null, { status: 200 }));
  };
}

describe("a registered webhook", () => {
  test("is at our address, in order, for all events, with a token whose digest alone is kept", async () => {
    const practice = await stage.newPractice();
    await practice.addForeignWebhook();
    await practice.connect();
    const row = await practice.account();
    const webhook = (await practice.webhooks()).find(({ name }) => name === "Guilda");
    expect(webhook).toMatchObject({
      url: `${stage.publicUrl}/webhooks/asaas/${row.account_ref}`,
      sendType: "SEQUENTIALLY",
      enabled: true,
      interrupted: false,
      hasAuthToken: true,
      email: `${practice.owner.clerkUserId}@example.com`,
    });
    expect(webhook?.events).toEqual(
      expect.arrayContaining(["PAYMENT_RECEIVED", "PAYMENT_RECEIVED_IN_CASH_UNDONE", "SUBSCRIPTION_DELETED"]),
    );
    expect(row.webhook_external_id).toBe(webhook?.id);
    expect(await statusOf(practice)).toMatchObject({
      webhook: { isRegistered: true, isInterrupted: false, failures: 0 },
      problems: [],
    });
  });

  test("brings its first event, and those of many practices each to its own", async () => {
    const practices = [await stage.newPractice(), await stage.newPractice(), await stage.newPractice()];
    const webhooks = await Promise.all(practices.map((practice) => practice.connect()));
    expect(new Set(webhooks.map(({ url }) => url)).size).toBe(3);
    for (const practice of practices) practice.announce();
    await stage.asaas.idle();
    for (const practice of practices) {
      expect(await practice.inbox()).toHaveLength(1);
      expect(await practice.webhooks()).toMatchObject([{ penalizedRequestsCount: 0 }]);
    }
  });

  test("is not made again, and keeps its token, when the account is saved again", async () => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    const before = await practice.account();
    await practice.changeWebhook(webhook.id, { enabled: false });
    await practice.connect();
    expect(await practice.webhooks()).toMatchObject([{ id: webhook.id, enabled: true }]);
    expect((await practice.account()).webhook_token_digest).toEqual(before.webhook_token_digest);
  });

  test("is adopted when the answer to its making was lost, and no event of it is refused meanwhile", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    stage.asaas.faults.push({ kind: "reset-after", method: "POST", path: "/webhooks", times: 1 });
    expect(await practice.run("finance.register-webhook")).toBe(503);
    expect(await statusOf(practice)).toMatchObject({ webhook: { isRegistered: false }, problems: ["webhook_missing"] });
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
    await practice.letTimePass();
    stage.asaas.faults.push({ kind: "status", status: 501, method: "PUT", path: "/webhooks", times: 1 });
    expect(await practice.run("finance.register-webhook")).toBe(503);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(2);
    await practice.letTimePass();
    expect(await practice.run("finance.register-webhook")).toBe(200);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(3);
    expect(await practice.webhooks()).toMatchObject([
      { id: (await practice.account()).webhook_external_id, penalizedRequestsCount: 0 },
    ]);
  });

  test("that was left by someone else at our address gets a token of ours", async () => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    await platform.database.query(
      `update provider_accounts set webhook_external_id = null, webhook_token_digest = '\\x00' from set_config('app.actor_type', 'system', true)
        where mentorado_id = $1`,
      [practice.mentoradoId],
    );
    await practice.connect();
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.webhooks()).toMatchObject([{ id: webhook.id, penalizedRequestsCount: 0 }]);
    expect(await practice.inbox()).toHaveLength(1);
  });

  test("is made once by many jobs at the same moment, and its token is the one that is kept", async () => {
    const practice = await stage.newPractice();
    for (let save = 0; save < 4; save += 1) await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    const pending = () =>
      platform.database.query<{ id: string }>(
        "update jobs set run_at = least(run_at, now()) where mentorado_id = $1 and name = 'finance.register-webhook' and status = 'pending' returning id",
        [practice.mentoradoId],
      );
    for (let round = 0; round < 6; round += 1) {
      const jobs = await pending();
      if (jobs.length === 0) break;
      await Promise.all(jobs.map(({ id }) => platform.ring(id)));
      await practice.letTimePass();
    }
    expect(await pending()).toEqual([]);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.webhooks()).toMatchObject([
      { id: (await practice.account()).webhook_external_id, penalizedRequestsCount: 0 },
    ]);
    expect(await practice.inbox()).toHaveLength(1);
  });

  test("goes on taking events while another registration waits for its turn", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    stage.asaas.faults.push({ kind: "reset-after", method: "POST", path: "/webhooks", times: 1 });
    expect(await practice.run("finance.register-webhook")).toBe(503);
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    const [, second] = await platform.database.query<{ id: string }>(
      "select id from jobs where mentorado_id = $1 and name = 'finance.register-webhook' order by created_at, id",
      [practice.mentoradoId],
    );
    expect((await platform.ring(second?.id ?? "")).status).toBe(503);
    expect(await practice.jobs("finance.register-webhook")).toMatchObject([{}, { last_error: "EFFECT_BUSY" }]);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.webhooks()).toMatchObject([{ penalizedRequestsCount: 0 }]);
    expect(await practice.inbox()).toHaveLength(1);
  });
});

describe("the look at webhooks", () => {
  test("comes every ten minutes to each practice, and costs one request while all is well", async () => {
    expect(SCHEDULES).toContainEqual(
      expect.objectContaining({ job: "finance.check-webhooks", scope: "mentorado", every: "10 minutes" }),
    );
    const practice = await stage.newPractice();
    await practice.connect();
    const called = () => logged("provider.called", practice).length;
    const before = called();
    expect(await practice.check()).toBe(200);
    expect(called()).toBe(before + 1);
    const row = await practice.account();
    expect(await practice.check()).toBe(200);
    expect(await practice.account()).toEqual(row);
  });

  test("asks nothing for a practice without an account", async () => {
    const practice = await stage.newPractice();
    expect(await practice.check()).toBe(200);
    expect(logged("provider.called", practice)).toEqual([]);
  });

  test("sets a stopped queue going again, so that what was held comes, and stages the repair of the gap", async () => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    await interrupt(practice);
    expect(await practice.inbox()).toEqual([]);
    expect(await practice.check()).toBe(200);
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
    expect(await practice.webhooks()).toMatchObject([{ id: webhook.id, interrupted: false, penalizedRequestsCount: 0 }]);
    expect(await practice.jobs("finance.reconcile-full")).toMatchObject([{ status: "pending" }]);
    expect(logged("asaas.webhook_interrupted", practice)).toMatchObject([{ level: "error", externalId: webhook.id, count: 15 }]);
    expect(await statusOf(practice)).toMatchObject({ webhook: { isInterrupted: false, failures: 0 }, problems: [] });
    await practice.check();
    expect(await practice.jobs("finance.reconcile-full")).toHaveLength(1);
  });

  test("shows the interruption while Asaas does not take it back, and repairs the gap only once for one look", async () => {
    const practice = await stage.newPractice();
    await practice.connect();
    await interrupt(practice);
    stage.asaas.faults.push({ kind: "status", status: 400, method: "PUT", path: "/webhooks" });
    expect(await practice.check()).not.toBe(200);
    expect(await statusOf(practice)).toMatchObject({
      webhook: { isInterrupted: true, failures: 15 },
      problems: ["webhook_interrupted"],
    });
    stage.asaas.faults.length = 0;
    expect(await practice.check()).toBe(200);
    expect((await statusOf(practice)).problems).toEqual([]);
  });

  test.each([
    [4, []],
    [5, ["webhook_failing"]],
    [14, ["webhook_failing"]],
  ] as const)("after %i failures in a row says %j", async (failures, problems) => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    const release = await fail(practice, failures);
    expect(await practice.check()).toBe(200);
    expect(await statusOf(practice)).toMatchObject({ webhook: { isInterrupted: false, failures }, problems });
    expect(logged("asaas.webhook_failing", practice)).toEqual(
      problems.map(() => expect.objectContaining({ level: "error", externalId: webhook.id, count: failures })),
    );
    release();
    await stage.asaas.idle();
    expect(await practice.check()).toBe(200);
    expect((await statusOf(practice)).problems).toEqual([]);
  });

  test.each(["gone", "turned off"])("registers anew what is %s, once, and events come again", async (what) => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    if (what === "gone") await practice.removeWebhook(webhook.id);
    else await practice.changeWebhook(webhook.id, { enabled: false });
    expect(await practice.check()).toBe(200);
    expect(await practice.check()).toBe(200);
    expect(logged("asaas.webhook_missing", practice)).toMatchObject([{ level: "error" }]);
    expect((await statusOf(practice)).problems).toEqual(what === "gone" ? ["webhook_missing"] : []);
    expect(await practice.jobs("finance.register-webhook")).toMatchObject([{ status: "done" }, { status: "pending" }]);
    await practice.letTimePass();
    expect(await practice.run("finance.register-webhook")).toBe(200);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
    expect(await practice.webhooks()).toHaveLength(1);
    expect((await statusOf(practice)).problems).toEqual([]);
  });

  test("notices a key that was revoked, and that it works again", async () => {
    const practice = await stage.newPractice();
    await practice.connect();
    stage.asaas.faults.push({ kind: "status", status: 401, path: "/webhooks", times: 1 });
    expect(await practice.check()).toBe(200);
    expect((await statusOf(practice)).problems).toEqual(["key_refused"]);
    expect(logged("asaas.webhook_not_seen", practice)).toMatchObject([{ level: "error", errorCode: "key_refused" }]);
    expect(await practice.check()).toBe(200);
    expect((await statusOf(practice)).problems).toEqual([]);
  });

  test("leaves what it cannot see as it was last seen", async () => {
    const practice = await stage.newPractice();
    await practice.connect();
    const before = await statusOf(practice);
    stage.asaas.faults.push({ kind: "status", status: 501, path: "/webhooks", times: 1 });
    expect(await practice.check()).toBe(200);
    const { account, webhook, problems } = await statusOf(practice);
    expect({ account, webhook, problems }).toEqual({ account: before.account, webhook: before.webhook, problems: [] });
    expect(logged("asaas.webhook_not_seen", practice)).toMatchObject([{ level: "warn", errorCode: "unreachable" }]);
  });
});

describe("a disabled account", () => {
  test("refuses events at once, and its webhook is taken away at Asaas", async () => {
    const [practice, other] = [await stage.newPractice(), await stage.newPractice()];
    await practice.connect();
    await practice.addForeignWebhook();
    await other.connect();
    expect(await practice.finance.financial.account.disable.mutate()).toMatchObject({ isActive: false });
    practice.announce();
    await expect.poll(async () => (await practice.webhooks())[0]?.penalizedRequestsCount, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await practice.inbox()).toEqual([]);
    expect(await practice.run("finance.remove-webhook")).toBe(200);
    expect(await practice.webhooks()).toMatchObject([{ name: "Another system" }]);
    expect(await other.webhooks()).toHaveLength(1);
    expect(await statusOf(practice)).toMatchObject({
      webhook: { isRegistered: false, isInterrupted: null },
      problems: ["no_account"],
    });
    expect(await practice.check()).toBe(200);
    expect(await practice.jobs("finance.register-webhook")).toHaveLength(1);
  });

  test("comes back with a saved key, at its old address, with a new token", async () => {
    const practice = await stage.newPractice();
    const { url } = await practice.connect();
    const before = await practice.account();
    await practice.finance.financial.account.disable.mutate();
    await practice.run("finance.remove-webhook");
    const webhook = await practice.connect();
    expect(webhook.url).toBe(url);
    expect((await practice.account()).webhook_token_digest).not.toEqual(before.webhook_token_digest);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
  });

  test("is left alone by a removal that comes when it is active again", async () => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    await practice.finance.financial.account.disable.mutate();
    await practice.connect();
    expect(await practice.run("finance.remove-webhook")).toBe(200);
    expect(await practice.webhooks()).toMatchObject([{ id: webhook.id }]);
    expect((await statusOf(practice)).problems).toEqual([]);
  });

  test("is not registered by a job that comes late, nor is a removal stopped by a key that was revoked", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    await practice.finance.financial.account.disable.mutate();
    expect(await practice.run("finance.register-webhook")).toBe(200);
    expect(await practice.webhooks()).toEqual([]);
    stage.asaas.faults.push({ kind: "status", status: 401, path: "/webhooks", times: 1 });
    expect(await practice.run("finance.remove-webhook")).toBe(200);
  });

  test("loses the webhook that a registration made meanwhile", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    stage.asaas.faults.push({ kind: "delay", delayMs: 300, method: "POST", path: "/webhooks", times: 1 });
    const registration = practice.run("finance.register-webhook");
    await expect.poll(() => stage.asaas.faults).toEqual([]);
    await practice.finance.financial.account.disable.mutate();
    expect(await practice.run("finance.remove-webhook")).toBe(200);
    expect(await registration).toBe(200);
    expect(await practice.webhooks()).toHaveLength(1);
    expect(await practice.run("finance.remove-webhook")).toBe(200);
    expect(await practice.webhooks()).toEqual([]);
  });
});
