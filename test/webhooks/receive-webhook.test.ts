import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { receiveWebhook, type WebhookDependencies } from "../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { asaasTokenDigest } from "../../shared/webhooks/asaas-token-digest.ts";
import { signSvix } from "../local/clerk/svix.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const REPLAY = "/jobs/webhooks/store-event";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  platform.database.bridge.faults.length = 0;
  platform.qstash.faults.length = 0;
  platform.redis.faults.length = 0;
});
afterAll(() => platform.close());

const keyring = () => createKeyring(platform.env.ENCRYPTION_KEY ?? "");

/** A new isolate of the Worker: it remembers no account. */
function isolate(): WebhookDependencies {
  return {
    kernel: platform.kernel("webhooks"),
    keyring: keyring(),
    clerkSigningSecret: platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
    githubSecret: platform.env.GITHUB_WEBHOOK_SECRET ?? "",
    knownTokens: new Map(),
  };
}

async function post(
  dependencies: WebhookDependencies,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
) {
  const background: Promise<unknown>[] = [];
  const request = new Request(`${platform.env.PUBLIC_URL}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    headers,
  });
  const response = await receiveWebhook({ ...dependencies, request, waitUntil: (work) => background.push(work) });
  await Promise.all(background);
  return { status: response.status, body: (await response.json()) as unknown };
}

async function openAccount() {
  const { id: mentoradoId } = await platform.createMentorado();
  const [accountRef, token] = [`account-${uuidv7()}`, `webhook-token-${uuidv7()}`];
  await platform.database.query(
    `insert into provider_accounts (mentorado_id, id, provider, account_ref, api_key_encrypted, api_key_key_version, webhook_token_digest)
     select $1, $1, 'asaas', $2, '\\x00', 1, $3 from set_config('app.actor_type', 'system', true)`,
    [mentoradoId, accountRef, Buffer.from(await asaasTokenDigest({ keyring: await keyring()(), token }))],
  );
  return { mentoradoId, path: `/webhooks/asaas/${accountRef}`, headers: { "asaas-access-token": token }, accountRef };
}

function eventOf(id: string, change: object = {}): string {
  return JSON.stringify({
    id,
    event: "PAYMENT_RECEIVED",
    dateCreated: "2026-11-21 10:00:00",
    payment: { id: "pay_1", status: "RECEIVED" },
    ...change,
  });
}

function eventsOf(mentoradoId: string) {
  return platform.database.query<{
    id: string;
    event_id: string;
    event_type: string;
    deliveries: number;
    mismatch: boolean;
    raw: Buffer;
    jobs: number;
  }>(
    `select e.*, (select count(*)::integer from jobs j where j.payload ->> 'eventId' = e.id::text and j.mentorado_id = e.mentorado_id and j.request_id = e.request_id) as jobs
       from webhook_events e where mentorado_id = $1 order by received_at`,
    [mentoradoId],
  );
}

test("an event with its account's token is stored with one job that carries its request, and answered exactly 200", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  expect(await post(isolate(), path, eventOf("evt_a1&7"), { ...headers, "x-request-id": "request-one" })).toEqual({
    status: 200,
    body: { data: { outcome: "stored" }, error: null },
  });
  expect(await eventsOf(mentoradoId)).toMatchObject([
    { event_id: "evt_a1&7", event_type: "PAYMENT_RECEIVED", deliveries: 1, mismatch: false, jobs: 1 },
  ]);
});

test("a wrong token, none, a short one, another account's and an unknown account look alike, and store nothing", async () => {
  const [one, other] = [await openAccount(), await openAccount()];
  const before = await platform.database.query("select count(*) from webhook_events");
  const answers = await Promise.all([
    post(isolate(), one.path, eventOf("evt_1"), { "asaas-access-token": "x".repeat(40) }),
    post(isolate(), one.path, eventOf("evt_1")),
    post(isolate(), one.path, eventOf("evt_1"), { "asaas-access-token": "short" }),
    post(isolate(), one.path, eventOf("evt_1"), other.headers),
    post(isolate(), "/webhooks/asaas/account-of-nobody", eventOf("evt_1"), one.headers),
  ]);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]?.status).toBe(401);
  expect(await platform.database.query("select count(*) from webhook_events")).toEqual(before);
});

test("an account that was switched off is refused", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  await platform.database.query(
    "update provider_accounts set is_active = false from set_config('app.actor_type', 'system', true) where mentorado_id = $1",
    [mentoradoId],
  );
  expect((await post(isolate(), path, eventOf("evt_1"), headers)).status).toBe(401);
});

test("forty deliveries of one event at once are one event and one job, and all are answered 200", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => post(isolate(), path, eventOf("evt_40"), { ...headers, "x-request-id": "request-40" })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await eventsOf(mentoradoId)).toMatchObject([{ deliveries: 40, jobs: 1, mismatch: false }]);
});

test("the same id with another body is answered 200 and flagged, and the first body stays", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  await post(isolate(), path, eventOf("evt_2"), headers);
  expect((await post(isolate(), path, eventOf("evt_2", { event: "PAYMENT_DELETED" }), headers)).status).toBe(200);
  expect(await eventsOf(mentoradoId)).toMatchObject([{ event_type: "PAYMENT_RECEIVED", deliveries: 2, mismatch: true }]);
});

test("the same id at two accounts is two events", async () => {
  for (const account of [await openAccount(), await openAccount()]) {
    await post(isolate(), account.path, eventOf("evt_same"), account.headers);
    expect(await eventsOf(account.mentoradoId)).toHaveLength(1);
  }
});

test.each([
  ["no JSON", Buffer.from("<html>")],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ["NUL", Buffer.from('{"id":"evt_\\u0000","event":"PAYMENT_RECEIVED"}')],
  ["a lone surrogate", Buffer.from('{"id":"evt_\\ud800","event":"PAYMENT_RECEIVED"}')],
  ["no id", Buffer.from('{"event":"PAYMENT_RECEIVED"}')],
  ["nothing", Buffer.alloc(0)],
  ["very deep JSON", Buffer.from("[".repeat(50_000))],
])(
  "a body of %s with a good token is answered 200, kept byte for byte, and its delivery again is no new event",
  async (_what, body) => {
    const { mentoradoId, path, headers } = await openAccount();
    expect((await post(isolate(), path, body, headers)).status).toBe(200);
    expect((await post(isolate(), path, body, headers)).status).toBe(200);
    const events = await eventsOf(mentoradoId);
    expect(events).toMatchObject([{ event_type: "unreadable", deliveries: 2 }]);
    expect(events[0]?.raw.equals(body)).toBe(true);
  },
);

test("an event of a kind that nobody knows yet is stored", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  expect(
    (await post(isolate(), path, eventOf("evt_new", { event: "PIX_AUTOMATIC_SOMETHING", payment: undefined }), headers)).status,
  ).toBe(200);
  expect(await eventsOf(mentoradoId)).toMatchObject([{ event_type: "PIX_AUTOMATIC_SOMETHING" }]);
});

function breakDatabase(): void {
  platform.database.bridge.faults.push({ kind: "status", status: 500, body: "down" });
}

function replaySignature(body: string): string {
  return signDelivery({
    key: platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
    url: `${platform.env.PUBLIC_URL}${REPLAY}`,
    body: Buffer.from(body),
    nowMs: Date.now(),
  });
}

function handedOver(): { path: string; body: string }[] {
  return platform.qstash
    .messages()
    .filter(({ url }) => url.endsWith(REPLAY))
    .map(({ url, bodyBase64 }) => ({ path: new URL(url).pathname, body: Buffer.from(bodyBase64, "base64").toString() }));
}

test.each([
  ["in this isolate", false],
  ["in another isolate, by Redis", true],
])(
  "while the database is down, a token that it accepted before %s vouches: 200, and the event is stored once when it is back",
  async (_where, isElsewhere) => {
    const { mentoradoId, path, headers, accountRef } = await openAccount();
    const seen = isolate();
    await post(seen, path, eventOf("evt_before"), headers);
    breakDatabase();
    expect(await post(isElsewhere ? isolate() : seen, path, eventOf("evt_during"), headers)).toEqual({
      status: 200,
      body: { data: { outcome: "handed_over" }, error: null },
    });
    platform.database.bridge.faults.length = 0;
    const message = handedOver().find(({ body }) => body.includes(accountRef));
    if (message === undefined) throw new Error("QStash was handed nothing");
    const signature = replaySignature(message.body);
    for (const outcome of ["stored", "duplicate"]) {
      expect(await post(isolate(), REPLAY, message.body, { "upstash-signature": signature })).toMatchObject({
        status: 200,
        body: { data: { outcome } },
      });
    }
    expect((await eventsOf(mentoradoId)).map(({ event_id, jobs }) => [event_id, jobs])).toEqual([
      ["evt_before", 1],
      ["evt_during", 1],
    ]);
  },
);

test("while the database is down, a token that nobody vouches for is asked to come again", async () => {
  const { path, headers } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_before"), headers);
  breakDatabase();
  expect((await post(isolate(), "/webhooks/asaas/account-of-nobody", eventOf("evt_1"), headers)).status).toBe(503);
  expect((await post(known, path, eventOf("evt_2"), { "asaas-access-token": "x".repeat(40) })).status).toBe(503);
});

test("while the database and QStash are down, the provider is asked to come again", async () => {
  const { path, headers } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_before"), headers);
  breakDatabase();
  platform.qstash.faults.push({ kind: "status", status: 500, body: "{}" });
  expect((await post(known, path, eventOf("evt_both"), headers)).status).toBe(503);
});

test("an event that the database stored without saying so is handed over, and its replays find it there", async () => {
  const { mentoradoId, path, headers, accountRef } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_before"), headers);
  platform.database.bridge.faults.push({ kind: "reset-after", times: 1 });
  expect(await post(known, path, eventOf("evt_lost"), headers)).toMatchObject({ body: { data: { outcome: "handed_over" } } });
  const message = handedOver().find(({ body }) => body.includes(accountRef));
  const body = message?.body ?? "";
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => post(isolate(), REPLAY, body, { "upstash-signature": replaySignature(body) })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await eventsOf(mentoradoId)).map(({ event_id, jobs, mismatch }) => [event_id, jobs, mismatch])).toEqual([
    ["evt_before", 1, false],
    ["evt_lost", 1, false],
  ]);
});

test("a replay that finds the database down still is asked to come again, and is not handed over anew", async () => {
  const { path, headers, accountRef } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_before"), headers);
  breakDatabase();
  await post(known, path, eventOf("evt_during"), headers);
  const mine = () => handedOver().filter(({ body }) => body.includes(accountRef));
  const body = mine()[0]?.body ?? "";
  expect((await post(known, REPLAY, body, { "upstash-signature": replaySignature(body) })).status).toBe(503);
  expect(mine()).toHaveLength(1);
});

test("a provider that asks again while its event waits in QStash is told the same, and one message waits", async () => {
  const { path, headers, accountRef } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_before"), headers);
  breakDatabase();
  for (let time = 1; time <= 3; time += 1) expect((await post(known, path, eventOf("evt_during"), headers)).status).toBe(200);
  expect(handedOver().filter(({ body }) => body.includes(accountRef))).toHaveLength(1);
});

test("without Redis events are stored as ever, and only this isolate vouches while the database is down too", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  platform.redis.faults.push({ kind: "status", status: 500, body: "{}" });
  const known = isolate();
  expect((await post(known, path, eventOf("evt_without_redis"), headers)).status).toBe(200);
  expect(await eventsOf(mentoradoId)).toMatchObject([{ event_id: "evt_without_redis", jobs: 1 }]);
  breakDatabase();
  expect((await post(known, path, eventOf("evt_during"), headers)).status).toBe(200);
  expect((await post(isolate(), path, eventOf("evt_during"), headers)).status).toBe(503);
});

test("with QStash down an event is stored and answered 200; its job waits for the sweeper", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  platform.qstash.faults.push({ kind: "status", status: 500, body: "{}" });
  expect((await post(isolate(), path, eventOf("evt_unrung"), headers)).status).toBe(200);
  expect(await eventsOf(mentoradoId)).toMatchObject([{ event_id: "evt_unrung", jobs: 1 }]);
});

test("a token that was changed is refused from then on, and the new one is taken", async () => {
  const { mentoradoId, path, headers } = await openAccount();
  const known = isolate();
  await post(known, path, eventOf("evt_old"), headers);
  const token = `webhook-token-${uuidv7()}`;
  await platform.database.query(
    `update provider_accounts set webhook_token_digest = $2 from set_config('app.actor_type', 'system', true) where mentorado_id = $1`,
    [mentoradoId, Buffer.from(await asaasTokenDigest({ keyring: await keyring()(), token }))],
  );
  expect((await post(known, path, eventOf("evt_old_again"), headers)).status).toBe(401);
  expect((await post(known, path, eventOf("evt_new"), { "asaas-access-token": token })).status).toBe(200);
  expect((await eventsOf(mentoradoId)).map(({ event_id }) => event_id)).toEqual(["evt_old", "evt_new"]);
});

test("a replay that QStash did not sign is refused, and one with another account's proof stores nothing", async () => {
  const [one, other] = [await openAccount(), await openAccount()];
  const digest = Buffer.from(
    await asaasTokenDigest({ keyring: await keyring()(), token: other.headers["asaas-access-token"] }),
  ).toString("base64");
  const body = JSON.stringify({
    provider: "asaas",
    accountRef: one.accountRef,
    eventId: "evt_forged",
    eventType: "PAYMENT_RECEIVED",
    raw: "e30=",
    tokenDigest: digest,
    requestId: "request-1",
  });
  expect((await post(isolate(), REPLAY, body)).status).toBe(401);
  expect((await post(isolate(), REPLAY, body, { "upstash-signature": replaySignature(body) })).status).toBe(401);
  expect(await eventsOf(one.mentoradoId)).toEqual([]);
});

function clerkHeaders(
  body: string,
  { id = `msg_${uuidv7()}`, at = new Date(), secrets = [platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? ""] } = {},
): Record<string, string> {
  return signSvix({ id, timestampSeconds: Math.floor(at.getTime() / 1_000), body, secrets });
}

function clerkEvents(id: string) {
  return platform.database.query("select event_type, deliveries from webhook_events where provider = 'clerk' and event_id = $1", [
    id,
  ]);
}

const CLERK_BODY = JSON.stringify({ type: "user.updated", data: { id: "user_1" }, object: "event", timestamp: 1 });

test("Clerk's signature is verified over the bytes, and its id makes a delivery the same delivery", async () => {
  const headers = clerkHeaders(CLERK_BODY, { id: "msg_twice" });
  expect((await post(isolate(), "/webhooks/clerk", CLERK_BODY, headers)).status).toBe(200);
  expect((await post(isolate(), "/webhooks/clerk", CLERK_BODY, headers)).status).toBe(200);
  expect(await clerkEvents("msg_twice")).toEqual([{ event_type: "user.updated", deliveries: 2 }]);
});

test("during a rotation one right signature among several is enough", async () => {
  const secrets = [`whsec_${Buffer.alloc(24, 9).toString("base64")}`, platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? ""];
  expect((await post(isolate(), "/webhooks/clerk", CLERK_BODY, clerkHeaders(CLERK_BODY, { secrets }))).status).toBe(200);
});

test("a tampered body, an old or future time, a stranger's signature, missing and endless headers are refused", async () => {
  const good = clerkHeaders(CLERK_BODY);
  const stranger = [`whsec_${Buffer.alloc(24, 1).toString("base64")}`];
  const cases: [string, Record<string, string>][] = [
    [CLERK_BODY.replace("user_1", "user_2"), good],
    [CLERK_BODY, clerkHeaders(CLERK_BODY, { at: new Date(Date.now() - 600_000) })],
    [CLERK_BODY, clerkHeaders(CLERK_BODY, { at: new Date(Date.now() + 600_000) })],
    [CLERK_BODY, clerkHeaders(CLERK_BODY, { secrets: stranger })],
    [CLERK_BODY, {}],
    [CLERK_BODY, { ...good, "svix-signature": "" }],
    [CLERK_BODY, { ...good, "svix-signature": `${"v1,AAAA ".repeat(500)}${good["svix-signature"]}` }],
  ];
  for (const [body, headers] of cases) expect((await post(isolate(), "/webhooks/clerk", body, headers)).status).toBe(401);
});

test("a rightly signed body that is no JSON is answered 200 and stored", async () => {
  const headers = clerkHeaders("{nonsense", { id: "msg_nonsense" });
  expect((await post(isolate(), "/webhooks/clerk", "{nonsense", headers)).status).toBe(200);
  expect(await clerkEvents("msg_nonsense")).toEqual([{ event_type: "unreadable", deliveries: 1 }]);
});

test("while the database is down Clerk's signature vouches by itself, and the replay needs no second one", async () => {
  const id = `msg_${uuidv7()}`;
  breakDatabase();
  expect(await post(isolate(), "/webhooks/clerk", CLERK_BODY, clerkHeaders(CLERK_BODY, { id }))).toMatchObject({
    status: 200,
    body: { data: { outcome: "handed_over" } },
  });
  expect((await post(isolate(), "/webhooks/clerk", CLERK_BODY, { ...clerkHeaders(CLERK_BODY), "svix-id": id })).status).toBe(401);
  platform.database.bridge.faults.length = 0;
  const { body } = handedOver().find((message) => message.body.includes(id)) ?? { body: "" };
  for (const deliveries of [1, 2]) {
    expect((await post(isolate(), REPLAY, body, { "upstash-signature": replaySignature(body) })).status).toBe(200);
    expect(await clerkEvents(id)).toEqual([{ event_type: "user.updated", deliveries }]);
  }
});

test("an empty body, and one that Clerk never signed as these bytes, do not pass for each other", async () => {
  const empty = clerkHeaders("", { id: "msg_empty" });
  expect((await post(isolate(), "/webhooks/clerk", "", empty)).status).toBe(200);
  expect(await clerkEvents("msg_empty")).toEqual([{ event_type: "unreadable", deliveries: 1 }]);
  // Read leniently, the broken byte and the replacement character would be the same text.
  const lenient = clerkHeaders('{"type":"\ufffd"}');
  const bytes = Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  expect((await post(isolate(), "/webhooks/clerk", bytes, lenient)).status).toBe(401);
  expect((await post(isolate(), "/webhooks/clerk", "{}", { ...empty, "svix-id": "" })).status).toBe(401);
});

test("other methods and other paths are not there", async () => {
  for (const path of ["/webhooks/stripe", "/webhooks/asaas", "/webhooks/clerk/extra", "/webhooks/asaas/a/b"]) {
    expect((await post(isolate(), path, "{}")).status).toBe(404);
  }
  const request = new Request(`${platform.env.PUBLIC_URL}/webhooks/clerk`);
  expect((await receiveWebhook({ ...isolate(), request, waitUntil: () => undefined })).status).toBe(404);
});
