import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveWebhook } from "../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

function sign(body: string | Uint8Array, secret = platform.env.GITHUB_WEBHOOK_SECRET ?? ""): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function headersOf(body: string | Uint8Array, changes: Record<string, string | undefined> = {}): Record<string, string> {
  const headers = {
    "x-github-delivery": randomUUID(),
    "x-github-event": "installation",
    "x-hub-signature-256": sign(body),
    ...changes,
  };
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function post(body: string | Uint8Array, headers: Record<string, string>, path = "/webhooks/github") {
  const background: Promise<unknown>[] = [];
  const request = new Request(`${platform.env.PUBLIC_URL}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    headers,
  });
  const response = await receiveWebhook({
    kernel: platform.kernel("webhooks"),
    keyring: createKeyring(platform.env.ENCRYPTION_KEY ?? ""),
    clerkSigningSecret: platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
    githubSecret: platform.env.GITHUB_WEBHOOK_SECRET ?? "",
    knownTokens: new Map(),
    request,
    waitUntil: (work) => background.push(work),
  });
  await Promise.all(background);
  return { status: response.status, body: (await response.json()) as unknown };
}

function eventsOf(delivery: string) {
  return platform.database.query(
    `select e.event_type, e.deliveries, e.mentorado_id, e.raw, j.name as job, j.mentorado_id as job_mentorado_id
       from webhook_events e left join jobs j on j.payload ->> 'eventId' = e.id::text where e.provider = 'github' and e.event_id = $1`,
    [delivery],
  );
}

test("a delivery that GitHub signed is stored as it came, with one job of the programme, however often it comes", async () => {
  const body = '{"action":"created",  "note":"\\u00e9"}';
  const headers = headersOf(body);
  expect(await post(body, headers)).toEqual({ status: 200, body: { data: { outcome: "stored" }, error: null } });
  expect(await post(body, headers)).toEqual({ status: 200, body: { data: { outcome: "duplicate" }, error: null } });
  expect(await eventsOf(headers["x-github-delivery"] ?? "")).toEqual([
    {
      event_type: "installation.created",
      deliveries: 2,
      mentorado_id: null,
      raw: Buffer.from(body),
      job: "ingestion.process-github-event",
      job_mentorado_id: null,
    },
  ]);
});

test("an event without an action is called by its name alone, and a body that is none is kept", async () => {
  const push = headersOf("{}", { "x-github-event": "push" });
  await post("{}", push);
  expect(await eventsOf(push["x-github-delivery"] ?? "")).toMatchObject([{ event_type: "push" }]);
  const bytes = new Uint8Array([0xff, 0x00, 0x7b]);
  expect((await post(bytes, headersOf(bytes))).status).toBe(200);
});

test("what is not signed like this looks alike, and stores nothing", async () => {
  const body = '{"action":"created"}';
  const before = await platform.database.query("select count(*) from webhook_events");
  const sha1 = `sha1=${createHmac("sha1", "github-webhook-secret").update(body).digest("hex")}`;
  const answers = await Promise.all(
    [
      { "x-hub-signature-256": undefined },
      { "x-hub-signature-256": "" },
      { "x-hub-signature-256": sign(body, "another secret") },
      { "x-hub-signature-256": sign(`${body} `) },
      { "x-hub-signature-256": sign(body).toUpperCase() },
      { "x-hub-signature-256": sign(body).slice(0, -2) },
      { "x-hub-signature-256": sha1 },
      { "x-github-delivery": undefined },
      { "x-github-delivery": "a b" },
      { "x-github-event": undefined },
    ].map((changes) => post(body, headersOf(body, changes))),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toHaveLength(1);
  expect(answers[0]?.status).toBe(401);
  expect(await platform.database.query("select count(*) from webhook_events")).toEqual(before);
});

test("a path below is nobody's", async () => {
  expect((await post("{}", headersOf("{}"), "/webhooks/github/1")).status).toBe(404);
});

test("while the database is down a signed delivery is handed to QStash, and stored when it comes back", async () => {
  platform.database.bridge.faults.push({ kind: "status", status: 503 });
  const body = '{"action":"created"}';
  const headers = headersOf(body);
  platform.qstash.chaos.delayMs = 3_600_000;
  expect(await post(body, headers)).toMatchObject({ status: 200, body: { data: { outcome: "handed_over" } } });
  platform.database.bridge.faults.length = 0;
  const message = platform.qstash.messages().findLast(({ url }) => url.endsWith("/store-event"));
  const replayed = Buffer.from(message?.bodyBase64 ?? "", "base64").toString();
  const url = `${platform.env.PUBLIC_URL}/jobs/webhooks/store-event`;
  const signature = signDelivery({
    key: platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
    url,
    body: Buffer.from(replayed),
    nowMs: Date.now(),
  });
  expect((await post(replayed, { "upstash-signature": signature }, "/jobs/webhooks/store-event")).status).toBe(200);
  expect(await eventsOf(headers["x-github-delivery"] ?? "")).toMatchObject([{ event_type: "installation.created" }]);
});
