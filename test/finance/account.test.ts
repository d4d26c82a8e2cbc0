import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFinance } from "../../functions/finance/open-finance.ts";
import { createKeyring, decrypt } from "../../shared/db/sensitive.ts";
import { dumpRows } from "../db/support/count-rows.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openStage, type Practice, type Stage } from "./support/account-stage.ts";
import { stageEvent, storeEvent } from "./support/asaas-events.ts";
import { openBooks } from "./support/open-books.ts";

let platform: Platform;
let stage: Stage;
beforeAll(async () => {
  platform = await startPlatform();
  stage = await openStage(platform);
});
afterAll(async () => {
  await stage.close();
  await platform.close();
});

async function storedKey({ account, mentoradoId }: Practice): Promise<string> {
  const row = await account();
  return decrypt({
    keyring: await createKeyring(platform.env.ENCRYPTION_KEY ?? "")(),
    encrypted: { ciphertext: row.api_key_encrypted as Uint8Array, keyVersion: Number(row.api_key_key_version) },
    place: { column: "provider_accounts.api_key", mentoradoId, rowId: String(row.id) },
  });
}

describe("a saved account", () => {
  test("keeps the key encrypted, shows its end, and has an address that cannot be guessed", async () => {
    const [practice, other] = [await stage.newPractice(), await stage.newPractice()];
    const saved = await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    expect(saved).toMatchObject({
      environment: "sandbox",
      apiKeyLast4: practice.apiKey.slice(-4),
      isActive: true,
      testResult: null,
    });
    await other.finance.financial.account.save.mutate({ apiKey: other.apiKey });
    const [row, second] = [await practice.account(), await other.account()];
    expect(await storedKey(practice)).toBe(practice.apiKey);
    expect(row.account_ref).toMatch(/^[0-9a-f]{48}$/);
    expect(second.account_ref).not.toBe(row.account_ref);
    expect(second.webhook_token_digest).not.toEqual(row.webhook_token_digest);
    expect(await practice.jobs("finance.register-webhook")).toMatchObject([{ status: "pending" }]);
  });

  test("takes another key in one request, and keeps its address, its webhook and its token", async () => {
    const practice = await stage.newPractice();
    const webhook = await practice.connect();
    const before = await practice.account();
    const rotated = `$aact_hmlg_${crypto.randomUUID()}`;
    const { requests } = platform.database;
    requests.reset();
    expect(await practice.finance.financial.account.save.mutate({ apiKey: ` ${rotated}\n` })).toMatchObject({
      apiKeyLast4: rotated.slice(-4),
    });
    expect(requests.count()).toBe(1);
    const kept = ["account_ref", "webhook_token_digest", "webhook_external_id", "created_at"];
    const after = await practice.account();
    expect(kept.map((name) => after[name])).toEqual(kept.map((name) => before[name]));
    expect(after.version).toBe(2);
    expect(await storedKey(practice)).toBe(rotated);
    practice.announce();
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
    expect(await practice.webhooks()).toMatchObject([{ id: webhook.id, penalizedRequestsCount: 0 }]);
  });

  test("registers at the other account when the new key belongs to one, and hears the old one no more", async () => {
    const [practice, elsewhere] = [await stage.newPractice(), await stage.newPractice()];
    const old = await practice.connect();
    await practice.finance.financial.account.save.mutate({ apiKey: elsewhere.apiKey });
    await practice.letTimePass();
    expect(await practice.run("finance.register-webhook")).toBe(200);
    const [made] = await practice.webhooks(elsewhere.apiKey);
    expect(made).toMatchObject({ url: old.url });
    expect((await practice.account()).webhook_external_id).toBe(made?.id);
    practice.announce(elsewhere.apiKey);
    await stage.asaas.idle();
    expect(await practice.inbox()).toHaveLength(1);
    practice.announce(practice.apiKey);
    await expect.poll(async () => (await practice.webhooks())[0]?.interrupted).toBe(true);
    expect(await practice.inbox()).toHaveLength(1);
  });

  test("is refused with a key of the other environment, and nothing changes", async () => {
    const practice = await stage.newPractice();
    const refused = practice.finance.financial.account.save.mutate({ apiKey: "$aact_prod_0123456789abcdef" });
    await expect(refused).rejects.toMatchObject({ data: { errorCode: "ASAAS_KEY_MISMATCH", httpStatus: 412 } });
    expect(
      await platform.database.query("select 1 from provider_accounts where mentorado_id = $1", [practice.mentoradoId]),
    ).toEqual([]);
    const production = openFinance({ ...platform.env, ASAAS_API_URL: "https://api.asaas.com/v3" });
    const finance = platform.client({ ...production, caller: platform.caller(practice.owner) });
    await expect(finance.financial.account.save.mutate({ apiKey: practice.apiKey })).rejects.toMatchObject({
      data: { errorCode: "ASAAS_KEY_MISMATCH" },
    });
    expect(await finance.financial.account.save.mutate({ apiKey: "$aact_prod_0123456789abcdef" })).toMatchObject({
      environment: "production",
    });
  });

  test.each(["", "a key", "$aact_hmlg_short", "$aact_test_0123456789abcdef", "$aact_hmlg_0123456789\nabcdef", "x".repeat(501)])(
    "is refused with what is no key of Asaas: %j",
    async (apiKey) => {
      const practice = await stage.newPractice();
      await expect(practice.finance.financial.account.save.mutate({ apiKey })).rejects.toMatchObject({
        data: { httpStatus: 400, field: "apiKey" },
      });
    },
  );

  test.each(["manager", "sales", "viewer"] as const)("is the owner's alone, and not the %s's", async (role) => {
    const practice = await stage.newPractice();
    const { router } = openFinance(platform.env);
    const member = await platform.createMember({ mentoradoId: practice.mentoradoId, role });
    const { account } = platform.client({
      router,
      kernel: platform.kernel("finance"),
      caller: platform.caller(member),
    }).financial;
    const refused = { data: { errorCode: "PERMISSION_REQUIRED" } };
    await expect(account.save.mutate({ apiKey: practice.apiKey })).rejects.toMatchObject(refused);
    await expect(account.test.mutate()).rejects.toMatchObject(refused);
    await expect(account.disable.mutate()).rejects.toMatchObject(refused);
  });

  test("leaves its key in no answer, no log line, and no row in the clear", async () => {
    const practice = await stage.newPractice();
    const { account } = practice.finance.financial;
    const answers: unknown[] = [await account.save.mutate({ apiKey: practice.apiKey }), await account.test.mutate()];
    await practice.run("finance.register-webhook");
    await practice.check();
    answers.push(await account.status.query(), await account.disable.mutate());
    await practice.run("finance.remove-webhook");
    const secret = practice.apiKey.slice("$aact_hmlg_".length);
    expect(answers).toMatchObject([{ apiKeyLast4: secret.slice(-4) }, { result: "ok" }, { problems: [] }, { isActive: false }]);
    expect(platform.logs()).toContainEqual(expect.objectContaining({ procedure: "financial.account.save", outcome: "ok" }));
    for (const text of [JSON.stringify(answers), JSON.stringify(platform.logs()), await dumpRows(platform.database)]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("hex"));
    }
  });
});

describe("a tested account", () => {
  test("says whose it is", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    const { account } = practice.finance.financial;
    expect(await account.test.mutate()).toEqual({ result: "ok", name: `Account of ${practice.mentoradoId}` });
    const { account: shown } = await account.status.query();
    expect(shown).toMatchObject({ testResult: "ok", testedAt: expect.stringMatching(/Z$/) });
  });

  test("says that its key is refused, which a new key clears", async () => {
    const practice = await stage.newPractice();
    const { account } = practice.finance.financial;
    await account.save.mutate({ apiKey: `$aact_hmlg_${crypto.randomUUID()}` });
    expect(await account.test.mutate()).toEqual({ result: "key_refused", name: null });
    expect(await account.status.query()).toMatchObject({
      account: { testResult: "key_refused" },
      problems: ["key_refused", "webhook_missing"],
    });
    await account.save.mutate({ apiKey: practice.apiKey });
    expect(await account.status.query()).toMatchObject({ account: { testResult: null }, problems: ["webhook_missing"] });
  });

  test.each([
    ["rate_limited", { kind: "status", status: 429, headers: { "ratelimit-reset": "60" } }],
    ["refused", { kind: "status", status: 403 }],
    ["unreachable", { kind: "status", status: 501 }],
  ] as const)("says %s when the provider does", async (result, fault) => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    stage.asaas.faults.push({ ...fault, path: "/myAccount", times: 1 });
    expect(await practice.finance.financial.account.test.mutate()).toEqual({ result, name: null });
  });

  test("says that its key cannot be read, and that it is of the other environment", async () => {
    const practice = await stage.newPractice();
    await practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey });
    const inAnother = (env: Record<string, string>) => {
      const { router, kernel } = openFinance({ ...platform.env, ...env });
      return platform.client({ router, kernel, caller: platform.caller(practice.owner) }).financial.account.test.mutate();
    };
    expect(await inAnother({ ASAAS_API_URL: "https://api.asaas.com/v3" })).toEqual({ result: "key_mismatch", name: null });
    const other = `1:${Buffer.alloc(32, 8).toString("base64")}`;
    expect(await inAnother({ ENCRYPTION_KEY: other })).toEqual({ result: "key_unreadable", name: null });
  });

  test("is not there for who has none", async () => {
    const practice = await stage.newPractice();
    const none = { data: { errorCode: "ACCOUNT_NOT_FOUND", httpStatus: 404 } };
    await expect(practice.finance.financial.account.test.mutate()).rejects.toMatchObject(none);
    await expect(practice.finance.financial.account.disable.mutate()).rejects.toMatchObject(none);
  });
});

describe("the status", () => {
  test("of a practice without an account says so, and that its charges come due meanwhile", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("manager");
    expect(await finance.financial.account.status.query()).toEqual({
      account: null,
      webhook: { isRegistered: false, isInterrupted: null, failures: null, seenAt: null },
      events: { lastReceivedAt: null, waiting: 0, oldestWaitingSeconds: null, dead: 0 },
      problems: ["no_account"],
    });
    await books.bill({ status: "received", dueDate: "2026-01-31" });
    await books.bill({ status: "draft", dueDate: "2099-01-31" });
    expect((await finance.financial.account.status.query()).problems).toEqual(["no_account"]);
    await books.bill({ status: "draft", dueDate: "2026-01-31" });
    expect((await finance.financial.account.status.query()).problems).toEqual(["no_account", "due_charges_without_account"]);
  });

  test("tells waiting events from dead ones, and a dead one that was replayed counts no more", async () => {
    const practice = await stage.newPractice();
    await practice.connect();
    const { query } = platform.database;
    const [first, second] = [
      await storeEvent(platform, practice.mentoradoId, "{}"),
      await storeEvent(platform, practice.mentoradoId, "{}"),
    ];
    const jobs = [
      await stageEvent(platform, practice.mentoradoId, first),
      await stageEvent(platform, practice.mentoradoId, second),
    ];
    await query("update jobs set created_at = now() - interval '90 seconds' where id = $1", [jobs[0]]);
    const { status } = practice.finance.financial.account;
    const waiting = await status.query();
    expect(waiting.events).toMatchObject({ waiting: 2, dead: 0, lastReceivedAt: expect.stringMatching(/Z$/) });
    expect(waiting.events.oldestWaitingSeconds).toBeGreaterThanOrEqual(90);
    expect(waiting.problems).toEqual([]);
    await query("update jobs set status = 'dead' where id = any ($1)", [jobs]);
    expect(await status.query()).toMatchObject({
      events: { waiting: 0, oldestWaitingSeconds: null, dead: 2 },
      problems: ["events_dead"],
    });
    const replay = await stageEvent(platform, practice.mentoradoId, first);
    await query("update jobs set status = 'done' where id = $1", [replay]);
    expect((await status.query()).events.dead).toBe(1);
  });

  test("wonders at a day without events while charges are open at the provider", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    await insertRow(platform.database, "provider_accounts", {
      mentorado_id: books.mentoradoId,
      id: crypto.randomUUID(),
      provider: "asaas",
      account_ref: crypto.randomUUID(),
      api_key_encrypted: "\\x00",
      api_key_key_version: 1,
      webhook_token_digest: "\\x00",
      webhook_external_id: "a-webhook",
      environment: "sandbox",
      api_key_last4: "0000",
      is_active: true,
      version: 1,
      created_at: new Date().toISOString(),
      updated_at: new Date().toISOString(),
    });
    const problems = async () => (await finance.financial.account.status.query()).problems;
    const { query } = platform.database;
    const { id } = await books.bill();
    expect(await problems()).toEqual([]);
    await query(
      "update charges set created_at = now() - interval '25 hours' from set_config('app.actor_type', 'system', true) where id = $1",
      [id],
    );
    expect(await problems()).toEqual(["no_events_for_24h_while_charges_open"]);
    const eventId = await storeEvent(platform, books.mentoradoId, "{}");
    expect(await problems()).toEqual([]);
    await query("update webhook_events set received_at = now() - interval '25 hours' where id = $1", [eventId]);
    expect(await problems()).toEqual(["no_events_for_24h_while_charges_open"]);
    await query("update charges set status = 'received' from set_config('app.actor_type', 'system', true) where id = $1", [id]);
    expect(await problems()).toEqual([]);
  });

  test("shows nothing of another practice", async () => {
    const [practice, other] = [await stage.newPractice(), await stage.newPractice()];
    await other.connect();
    other.announce();
    await stage.asaas.idle();
    expect(await practice.finance.financial.account.status.query()).toMatchObject({
      account: null,
      webhook: { isRegistered: false },
      events: { lastReceivedAt: null, waiting: 0 },
    });
    expect(await other.finance.financial.account.status.query()).toMatchObject({ events: { waiting: 1 }, problems: [] });
  });
});
