import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveWebhook } from "../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const REPLAY = "/jobs/webhooks/store-event";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());

/** An event whose signature was verified before the handover: nothing but QStash's signature speaks for it any more. */
function handedOver(): { eventId: string; body: string } {
  const eventId = `msg_${uuidv7()}`;
  const event = { provider: "clerk", accountRef: "default", eventId, eventType: "user.deleted", requestId: "request-1" };
  return { eventId, body: JSON.stringify({ ...event, raw: Buffer.from("{}").toString("base64") }) };
}

function sign(body: string, { key = platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "", path = REPLAY, nowMs = Date.now() } = {}) {
  return signDelivery({ key, url: `${platform.env.PUBLIC_URL}${path}`, body: Buffer.from(body), nowMs });
}

async function replay(body: string, signature?: string): Promise<number> {
  const request = new Request(`${platform.env.PUBLIC_URL}${REPLAY}`, {
    method: "POST",
    body,
    ...(signature === undefined ? {} : { headers: { "upstash-signature": signature } }),
  });
  const background: Promise<unknown>[] = [];
  const response = await receiveWebhook({
    request,
    kernel: platform.kernel("webhooks"),
    keyring: createKeyring(platform.env.ENCRYPTION_KEY ?? ""),
    clerkSigningSecret: platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
    githubSecret: platform.env.GITHUB_WEBHOOK_SECRET ?? "",
    knownTokens: new Map(),
    waitUntil: (work) => background.push(work),
  });
  await Promise.all(background);
  return response.status;
}

function eventsOf(eventId: string) {
  return platform.database.query("select deliveries from webhook_events where event_id = $1", [eventId]);
}

test("an event that needs no other proof is stored only when QStash signed its replay for this very endpoint, body and time", async () => {
  const { eventId, body } = handedOver();
  const forgeries = [
    undefined,
    "not.a.token",
    sign(body, { key: "sig_of_a_stranger" }),
    sign(body, { path: "/jobs/accounts/process-clerk-event" }),
    sign(body, { nowMs: Date.now() - 600_000 }),
    sign(handedOver().body),
  ];
  for (const signature of forgeries) expect(await replay(body, signature)).toBe(401);
  expect(await eventsOf(eventId)).toEqual([]);
  expect(await replay(body, sign(body))).toBe(200);
  expect(await eventsOf(eventId)).toEqual([{ deliveries: 1 }]);
});

test.each([
  ["no JSON", "nonsense"],
  ["nothing", ""],
  ["no event", "{}"],
  ["an unknown provider", JSON.stringify({ ...JSON.parse(handedOver().body), provider: "stripe" })],
])("a signed replay of %s is refused", async (_what, body) => {
  expect(await replay(body, sign(body))).toBe(401);
});
