import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClerkClient, verifyToken } from "@clerk/backend";
import { verifyWebhook } from "@clerk/backend/webhooks";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { clerkError } from "../local/clerk/backend-api.ts";
import { generateKeyPair, type KeyPair, type TokenOverrides } from "../local/clerk/sign-token.ts";
import { signSvix } from "../local/clerk/svix.ts";
import { type Clerk, type ClerkOptions, startClerk } from "../local/clerk.ts";
import type { WireRequest } from "../local/http-server.ts";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

const CONSOLE_ORIGIN = "http://localhost:8787";
const SIGNING_SECRET = `whsec_${Buffer.from("secret-key-0123456789").toString("base64")}`;
/** Turns the longest wait of the ladder, ten hours, into 36 milliseconds. */
const FAST = 1_000_000;

let keyPair: KeyPair;
let strangersKeyPair: KeyPair;
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
  keyPair = generateKeyPair();
  strangersKeyPair = generateKeyPair();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const standIn of open.splice(0).reverse()) await standIn.close();
});

async function clerkWith(options: Partial<ClerkOptions> = {}): Promise<Clerk> {
  const clerk = await startClerk({ authorizedParty: CONSOLE_ORIGIN, keyPair, ...options });
  open.push(clerk);
  return clerk;
}

async function clerkWithReceiver(
  options: Partial<ClerkOptions> & { onArrival?: (request: WireRequest) => void } = {},
): Promise<{ clerk: Clerk; receiver: WebhookReceiver }> {
  const { onArrival, ...clerkOptions } = options;
  const receiver = await startWebhookReceiver(onArrival === undefined ? {} : { onArrival });
  open.push(receiver);
  const webhook = { url: `${receiver.url}/webhooks/clerk`, signingSecret: SIGNING_SECRET };
  return { clerk: await clerkWith({ webhook, timeScale: FAST, ...clerkOptions }), receiver };
}

function toRequest({ headers, body }: Pick<WireRequest, "headers" | "body">): Request {
  return new Request(`${CONSOLE_ORIGIN}/webhooks/clerk`, { method: "POST", headers, body: new Uint8Array(body) });
}

function webhookTypes(receiver: WebhookReceiver): string[] {
  return receiver.received.map(({ body }) => (JSON.parse(body.toString()) as { type: string }).type);
}

function svixIds(receiver: WebhookReceiver): (string | undefined)[] {
  return receiver.received.map(({ headers }) => headers["svix-id"]);
}

describe("session tokens", () => {
  const verify = (clerk: Clerk, token: string) =>
    verifyToken(token, { jwtKey: clerk.jwtKey, authorizedParties: [CONSOLE_ORIGIN] });

  it("carry Clerk's claims of version 2 and are accepted without network", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const session = clerk.createSession({ userId: user.id });
    const token = clerk.mint({ sessionId: session.id, claims: { plan: "mentor", sub: "user_forged" } });
    const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
    const claims = await verify(clerk, token);
    expect(header).toEqual({ alg: "RS256", typ: "JWT", kid: expect.stringMatching(/^ins_/) });
    expect(claims).toMatchObject({ azp: CONSOLE_ORIGIN, sub: user.id, sid: session.id, v: 2, fva: [0, -1], plan: "mentor" });
    expect(claims.iss).toMatch(/^https:\/\/[a-z-]+\.clerk\.accounts\.dev$/);
    expect(claims.exp - claims.iat).toBe(60);
    expect(claims.iat - claims.nbf).toBe(10);
    expect(claims).not.toHaveProperty("o");
  });

  it("name the active organisation in one claim, its role without a prefix", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const organization = clerk.createOrganization({ name: "Ana Mentoria" });
    clerk.createMembership({ organizationId: organization.id, userId: user.id, role: "org:admin" });
    const session = clerk.createSession({ userId: user.id, organizationId: organization.id });
    const claims = await verify(clerk, clerk.mint({ sessionId: session.id }));
    expect(claims).toMatchObject({ o: { id: organization.id, slg: "ana-mentoria", rol: "admin" } });
  });

  it("are understood by the client's own authentication of a request", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const { secretKey, publishableKey, jwtKey } = clerk;
    const client = createClerkClient({ secretKey, publishableKey, jwtKey, telemetry: { disabled: true } });
    const request = new Request(`${CONSOLE_ORIGIN}/api/trpc/users.me`, {
      headers: { authorization: `Bearer ${clerk.mint({ userId: user.id })}` },
    });
    const state = await client.authenticateRequest(request, { authorizedParties: [CONSOLE_ORIGIN] });
    expect(state.isSignedIn && state.toAuth().userId).toBe(user.id);
  });

  it("verify against the keys that the instance publishes", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const token = clerk.mint({ userId: user.id });
    const options = { apiUrl: clerk.url, secretKey: clerk.secretKey, authorizedParties: [CONSOLE_ORIGIN], skipJwksCache: true };
    await expect(verifyToken(token, options)).resolves.toMatchObject({ sub: user.id });
  });

  const nowSeconds = () => Math.floor(Date.now() / 1000);
  const refused: [what: string, reason: string, overrides: () => TokenOverrides][] = [
    ["no algorithm", "token-invalid-algorithm", () => ({ algorithm: "none" })],
    ["HS256 keyed with the public key", "token-invalid-algorithm", () => ({ algorithm: "HS256" })],
    ["the signature of a stranger's key", "token-invalid-signature", () => ({ privatePem: strangersKeyPair.privatePem })],
    ["no authorised party", "token-invalid-authorized-parties", () => ({ claims: { azp: undefined } })],
    ["another authorised party", "token-invalid-authorized-parties", () => ({ claims: { azp: "https://evil.test" } })],
    ["no subject", "token-verification-failed", () => ({ claims: { sub: undefined } })],
    ["an expiry beyond the allowed skew", "token-expired", () => ({ claims: { exp: nowSeconds() - 6 } })],
    ["a start in the future", "token-not-active-yet", () => ({ claims: { nbf: nowSeconds() + 20 } })],
    ["an issue time in the future", "token-iat-in-the-future", () => ({ claims: { iat: nowSeconds() + 20 } })],
    ["another type", "token-invalid", () => ({ header: { typ: "at+jwt" } })],
    ["the category of a machine token", "token-invalid", () => ({ header: { cat: "cl_B7d4PD333AAA" } })],
  ];
  it.each(refused)("are refused with %s (%s)", async (_what, reason, overrides) => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    await expect(verify(clerk, clerk.mint({ userId: user.id, overrides: overrides() }))).rejects.toMatchObject({ reason });
  });

  const accepted: [what: string, claims: Record<string, unknown>][] = [
    ["a pending session", { sts: "pending" }],
    ["no session id", { sid: undefined }],
    ["an impersonating actor", { act: { sub: "user_staff" } }],
  ];
  it.each(accepted)("verify with %s: the caller has to look itself", async (_what, claims) => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const verified = await verify(clerk, clerk.mint({ userId: user.id, overrides: { claims } }));
    expect(verified).toMatchObject(JSON.parse(JSON.stringify(claims)));
    if ("sid" in claims) expect(verified.sid).toBeUndefined();
  });

  it("outlive a revoked session until they expire, and no new one is minted", async () => {
    const clerk = await clerkWith();
    const session = clerk.createSession({ userId: clerk.createUser({ email: "ana@guilda.test" }).id });
    const token = clerk.mint({ sessionId: session.id });
    clerk.revokeSession(session.id);
    await expect(verify(clerk, token)).resolves.toMatchObject({ sid: session.id });
    expect(() => clerk.mint({ sessionId: session.id })).toThrow("revoked");
  });

  it("are minted for the command line by e-mail", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const ask = (body: object) => fetch(`${clerk.url}/local/tokens`, { method: "POST", body: JSON.stringify(body) });
    const answer = await ask({ email: "Ana@guilda.test", ttlSeconds: 3600 });
    const claims = await verify(clerk, ((await answer.json()) as { token: string }).token);
    expect(claims.sub).toBe(user.id);
    expect(claims.exp - claims.iat).toBe(3600);
    expect((await ask({ email: "nobody@guilda.test" })).status).toBe(404);
  });

  it("verify after a restart with the same state folder, where users and sessions are still known", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "clerk-"));
    const first = await startClerk({ authorizedParty: CONSOLE_ORIGIN, stateDir });
    const user = first.createUser({ email: "ana@guilda.test" });
    const token = first.mint({ userId: user.id });
    await first.close();
    const second = await startClerk({ authorizedParty: CONSOLE_ORIGIN, stateDir });
    open.push(second);
    const { sid } = await verify(second, token);
    expect(second.users().map(({ id }) => id)).toEqual([user.id]);
    expect(second.revokeSession(sid ?? "").status).toBe("revoked");
    rmSync(stateDir, { recursive: true });
  });
});

describe("the Backend API, through the real client", () => {
  const clientOf = (clerk: Clerk, secretKey = clerk.secretKey) => createClerkClient({ apiUrl: clerk.url, secretKey });

  it("gives a user by id", async () => {
    const clerk = await clerkWith();
    const { id } = clerk.createUser({ email: "ana@guilda.test", firstName: "Ana", lastName: "Souza" });
    clerk.updateUser(id, { email: "ana.souza@guilda.test" });
    const user = await clientOf(clerk).users.getUser(id);
    expect(user.fullName).toBe("Ana Souza");
    expect(user.primaryEmailAddress?.emailAddress).toBe("ana.souza@guilda.test");
    expect(user.primaryEmailAddress?.verification?.status).toBe("verified");
  });

  it("gives a user with the GitHub account that they have linked, as verified or not", async () => {
    const clerk = await clerkWith();
    const { id } = clerk.createUser({ email: "ana@guilda.test" });
    const accounts = async () =>
      (await clientOf(clerk).users.getUser(id)).externalAccounts.map((account) => [
        account.provider,
        account.externalId,
        account.username,
        account.verification?.status,
      ]);
    expect(await accounts()).toEqual([]);
    clerk.updateUser(id, { github: { id: "583231", username: "octocat" } });
    expect(await accounts()).toEqual([["oauth_github", "583231", "octocat", "verified"]]);
    clerk.updateUser(id, { github: { id: "583231", username: "octocat", isVerified: false } });
    expect(await accounts()).toEqual([["oauth_github", "583231", "octocat", "unverified"]]);
    clerk.updateUser(id, { github: null });
    expect(await accounts()).toEqual([]);
  });

  it("lists users by e-mail whatever the case, with a total", async () => {
    const clerk = await clerkWith();
    const ana = clerk.createUser({ email: "ana@guilda.test" });
    clerk.createUser({ email: "bia@guilda.test" });
    const client = clientOf(clerk);
    const list = await client.users.getUserList({ emailAddress: ["ANA@guilda.test"] });
    expect(list.data.map(({ id }) => id)).toEqual([ana.id]);
    expect(list.totalCount).toBe(1);
    expect((await client.users.getUserList({ emailAddress: ["nobody@guilda.test"] })).totalCount).toBe(0);
  });

  it("pages through users, newest first", async () => {
    const clerk = await clerkWith();
    const ids = ["a", "b", "c"].map((name) => clerk.createUser({ email: `${name}@guilda.test` }).id);
    const page = await clientOf(clerk).users.getUserList({ limit: 2, offset: 1 });
    expect(page.data.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
    expect(page.totalCount).toBe(3);
  });

  it("lists the memberships of an organisation and of a user", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test", firstName: "Ana" });
    const organization = clerk.createOrganization({ name: "Ana Mentoria" });
    clerk.createMembership({ organizationId: organization.id, userId: user.id });
    clerk.updateMembership({ organizationId: organization.id, userId: user.id, role: "org:admin" });
    const client = clientOf(clerk);
    const ofOrganization = await client.organizations.getOrganizationMembershipList({ organizationId: organization.id });
    expect(ofOrganization.totalCount).toBe(1);
    expect(ofOrganization.data[0]).toMatchObject({
      role: "org:admin",
      organization: { id: organization.id, slug: "ana-mentoria" },
      publicUserData: { userId: user.id, identifier: "ana@guilda.test", firstName: "Ana" },
    });
    clerk.deleteMembership({ organizationId: organization.id, userId: user.id });
    expect((await client.users.getOrganizationMembershipList({ userId: user.id })).totalCount).toBe(0);
  });

  it("reads and revokes a session", async () => {
    const clerk = await clerkWith();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const { id } = clerk.createSession({ userId: user.id });
    const client = clientOf(clerk);
    expect(await client.sessions.getSession(id)).toMatchObject({ userId: user.id, status: "active" });
    expect((await client.sessions.revokeSession(id)).status).toBe("revoked");
    expect((await client.sessions.getSession(id)).status).toBe("revoked");
  });

  it("answers an unknown resource as Clerk does", async () => {
    const clerk = await clerkWith();
    const client = clientOf(clerk);
    const calls = [
      client.users.getUser("user_unknown"),
      client.sessions.getSession("sess_unknown"),
      client.sessions.revokeSession("sess_unknown"),
      client.organizations.getOrganizationMembershipList({ organizationId: "org_unknown" }),
    ];
    for (const call of calls) {
      const error = {
        status: 404,
        errors: [{ code: "resource_not_found" }],
        clerkTraceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      };
      await expect(call).rejects.toMatchObject(error);
    }
  });

  it("refuses a wrong key and a missing one", async () => {
    const clerk = await clerkWith();
    const call = clientOf(clerk, "sk_test_other").users.getUser("user_1");
    await expect(call).rejects.toMatchObject({ status: 401, errors: [{ code: "clerk_key_invalid" }] });
    expect((await fetch(`${clerk.url}/v1/users/user_1`)).status).toBe(401);
  });

  it("refuses a parameter out of range and names it", async () => {
    const clerk = await clerkWith();
    await expect(clientOf(clerk).users.getUserList({ limit: 501 })).rejects.toMatchObject({
      status: 422,
      errors: [{ code: "form_param_value_invalid", meta: { paramName: "limit" } }],
    });
  });

  it("can be told to be busy, with a time to wait", async () => {
    const clerk = await clerkWith();
    const { id } = clerk.createUser({ email: "ana@guilda.test" });
    const tooMany = { code: "too_many_requests", message: "Too many requests", long_message: "Please retry later" };
    const body = String(clerkError(429, tooMany).body);
    clerk.faults.push({ kind: "status", status: 429, times: 1, headers: { "retry-after": "7" }, body });
    const client = clientOf(clerk);
    await expect(client.users.getUser(id)).rejects.toMatchObject({
      status: 429,
      retryAfter: 7,
      errors: [{ code: "too_many_requests" }],
    });
    await expect(client.users.getUser(id)).resolves.toMatchObject({ id });
  });
});

describe("webhook signatures", () => {
  it("match the published vector of the scheme", () => {
    const headers = signSvix({
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timestampSeconds: 1614265330,
      body: '{"test": 2432232314}',
      secrets: [`whsec_${"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`],
    });
    expect(headers["svix-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  it("match the vector of a user.deleted, which the real client accepts at its hour", async () => {
    const body =
      '{"data":{"id":"user_1","deleted":true,"object":"user"},"object":"event","type":"user.deleted","timestamp":1773154800000}';
    const headers = signSvix({ id: "msg_1", timestampSeconds: 1773154800, body, secrets: [SIGNING_SECRET] });
    expect(headers["svix-signature"]).toBe("v1,8HUs0GDbn11dp4ri6iMPjkzJ1giChc394tsOQDm/wzc=");
    vi.useFakeTimers({ now: new Date("2026-03-10T15:04:59Z"), toFake: ["Date"] });
    const event = await verifyWebhook(toRequest({ headers, body: Buffer.from(body) }), { signingSecret: SIGNING_SECRET });
    expect(event).toMatchObject({ type: "user.deleted", data: { id: "user_1", deleted: true } });
  });

  const broken: [what: string, message: string, spoil: (request: WireRequest) => void][] = [
    ["a changed body", "No matching signature", (request) => (request.body = Buffer.from(`${request.body} `))],
    ["a changed id", "No matching signature", ({ headers }) => (headers["svix-id"] = "msg_other")],
    ["an old timestamp", "timestamp too old", ({ headers }) => (headers["svix-timestamp"] = secondsFromNow(-301))],
    ["a timestamp of the future", "timestamp too new", ({ headers }) => (headers["svix-timestamp"] = secondsFromNow(302))],
    ["no id", "svix-id", ({ headers }) => delete headers["svix-id"]],
    ["no timestamp", "svix-timestamp", ({ headers }) => delete headers["svix-timestamp"]],
    ["no signature", "svix-signature", ({ headers }) => delete headers["svix-signature"]],
  ];
  it.each(broken)("are refused by the real client with %s (%s)", async (_what, message, spoil) => {
    const { clerk, receiver } = await clerkWithReceiver();
    clerk.createUser({ email: "ana@guilda.test" });
    await clerk.idle();
    const [request] = receiver.received;
    if (request === undefined) throw new Error("nothing arrived");
    await expect(verifyWebhook(toRequest(request), { signingSecret: SIGNING_SECRET })).resolves.toBeDefined();
    spoil(request);
    await expect(verifyWebhook(toRequest(request), { signingSecret: SIGNING_SECRET })).rejects.toThrow(message);
  });

  it("come in pairs while a secret is rotated, and each secret verifies", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    const nextSecret = `whsec_${Buffer.from("the-next-secret-012345").toString("base64")}`;
    clerk.signingSecrets.unshift(nextSecret);
    clerk.createUser({ email: "ana@guilda.test" });
    await clerk.idle();
    for (const signingSecret of [SIGNING_SECRET, nextSecret]) {
      for (const request of receiver.received) await verifyWebhook(toRequest(request), { signingSecret });
    }
    expect(receiver.received[0]?.headers["svix-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  });
});

describe("webhook deliveries", () => {
  it("announce each change in the shape that the real client types", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    const user = clerk.createUser({ email: "ana@guilda.test", firstName: "Ana" });
    await clerk.idle();
    clerk.updateUser(user.id, { lastName: "Souza" });
    await clerk.idle();
    const organization = clerk.createOrganization({ name: "Ana Mentoria", createdBy: user.id });
    await clerk.idle();
    const pair = { organizationId: organization.id, userId: user.id };
    clerk.createMembership({ ...pair, role: "org:admin" });
    await clerk.idle();
    const events = await Promise.all(
      receiver.received.map((request) => verifyWebhook(toRequest(request), { signingSecret: SIGNING_SECRET })),
    );
    expect(events).toMatchObject([
      { type: "user.created", data: { id: user.id, email_addresses: [{ email_address: "ana@guilda.test" }] } },
      { type: "user.updated", data: { id: user.id, last_name: "Souza" } },
      { type: "organization.created", data: { id: organization.id, slug: "ana-mentoria", created_by: user.id } },
      {
        type: "organizationMembership.created",
        data: { role: "org:admin", organization: { id: organization.id }, public_user_data: { user_id: user.id } },
      },
    ]);
    expect(events[0]).toMatchObject({ event_attributes: { http_request: { client_ip: expect.any(String) } } });
    const first = JSON.parse(String(receiver.received[0]?.body)) as { object: string; timestamp: number };
    expect(first.object).toBe("event");
    expect(first.timestamp).toBeGreaterThanOrEqual(user.created_at);
  });

  it("announce the end of memberships, users, organisations and sessions", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    const user = clerk.createUser({ email: "ana@guilda.test" });
    const organization = clerk.createOrganization({ name: "Ana Mentoria" });
    const pair = { organizationId: organization.id, userId: user.id };
    clerk.createMembership(pair);
    const sessions = [1, 2, 3].map(() => clerk.createSession({ userId: user.id }).id);
    await clerk.idle();
    receiver.received.length = 0;
    clerk.endSession(sessions[0] ?? "");
    clerk.removeSession(sessions[1] ?? "");
    clerk.revokeSession(sessions[2] ?? "");
    clerk.revokeSession(sessions[2] ?? "");
    clerk.updateMembership({ ...pair, role: "org:admin" });
    clerk.updateOrganization(organization.id, { name: "Guilda" });
    clerk.deleteUser(user.id);
    clerk.deleteOrganization(organization.id);
    await clerk.idle();
    expect(webhookTypes(receiver).sort()).toEqual([
      "organization.deleted",
      "organization.updated",
      "organizationMembership.deleted",
      "organizationMembership.updated",
      "session.ended",
      "session.removed",
      "session.revoked",
      "user.deleted",
    ]);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body.toString()));
    expect(bodies.find(({ type }) => type === "user.deleted").data).toEqual({ id: user.id, object: "user", deleted: true });
    expect(bodies.find(({ type }) => type === "session.revoked").data).toMatchObject({
      object: "session",
      id: sessions[2],
      status: "revoked",
      user: { id: user.id },
    });
  });

  it("are repeated with the same id and a fresh signature until a 2xx", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    receiver.answers.push(500, 302, 401, 204);
    const id = clerk.sendWebhook("user.deleted", { id: "user_1", object: "user", deleted: true });
    await clerk.idle();
    expect(svixIds(receiver)).toEqual([id, id, id, id]);
    for (const request of receiver.received) await verifyWebhook(toRequest(request), { signingSecret: SIGNING_SECRET });
  });

  it("wait as Svix does between attempts, and are given up after the eighth", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "clerk-"));
    const now = new Date("2026-03-10T15:00:00Z");
    const waitsSeconds: number[] = [];
    const { clerk, receiver } = await clerkWithReceiver({
      stateDir,
      now: () => now,
      onArrival: () => {
        const [message] = JSON.parse(readFileSync(join(stateDir, "clerk.json"), "utf8")).outbox;
        if (message.attempts > 0) waitsSeconds.push(Math.round(((message.nextAttemptAtMs - now.getTime()) * FAST) / 1000));
      },
    });
    receiver.answers.push(...Array(20).fill(500));
    clerk.createUser({ email: "ana@guilda.test" });
    await clerk.idle();
    expect(waitsSeconds).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    expect(receiver.received).toHaveLength(8);
    rmSync(stateDir, { recursive: true });
  });

  it("are repeated when the receiver is too slow, or breaks the connection after its work", async () => {
    const { clerk, receiver } = await clerkWithReceiver({ webhookTimeoutMs: 300 });
    receiver.faults.push({ kind: "delay", delayMs: 600, times: 1 }, { kind: "reset-after", times: 1 });
    clerk.createUser({ email: "ana@guilda.test" });
    await clerk.idle();
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThanOrEqual(3));
    expect(new Set(svixIds(receiver)).size).toBe(1);
  });

  it("are taken up again after a restart", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "clerk-"));
    const receiver = await startWebhookReceiver();
    open.push(receiver);
    receiver.answers.push(500);
    const webhook = { url: receiver.url, signingSecret: SIGNING_SECRET };
    const first = await startClerk({ authorizedParty: CONSOLE_ORIGIN, keyPair, stateDir, webhook });
    const user = first.createUser({ email: "ana@guilda.test" });
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
    await first.close();
    const inTenSeconds = () => new Date(Date.now() + 10_000);
    const second = await startClerk({ authorizedParty: CONSOLE_ORIGIN, keyPair, stateDir, webhook, now: inTenSeconds });
    open.push(second);
    await second.idle();
    expect(new Set(svixIds(receiver)).size).toBe(1);
    expect(JSON.parse(String(receiver.received[1]?.body)).data.id).toBe(user.id);
    rmSync(stateDir, { recursive: true });
  });

  it("can be doubled", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    clerk.chaos.duplicate = 1;
    const id = clerk.sendWebhook("user.created", { id: "user_1" });
    await clerk.idle();
    expect(svixIds(receiver)).toEqual([id, id]);
  });

  it("can be put out of order", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    clerk.chaos.reorder = 1;
    clerk.sendWebhook("user.created", { id: "user_1" });
    clerk.sendWebhook("user.updated", { id: "user_1" });
    await clerk.idle();
    expect(webhookTypes(receiver)).toEqual(["user.updated", "user.created"]);
  });

  it("can be lost on the way there or on the way back, and arrive all the same", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    await fetch(`${clerk.url}/__chaos`, { method: "PUT", body: JSON.stringify({ drop: 1 }) });
    const unseen = clerk.sendWebhook("user.created", { id: "user_1" });
    await clerk.idle();
    expect(receiver.received).toHaveLength(0);
    await fetch(`${clerk.url}/__chaos`, { method: "PUT", body: JSON.stringify({ drop: 0, dropResponse: 1 }) });
    const unanswered = clerk.sendWebhook("user.created", { id: "user_1" });
    await clerk.idle();
    expect(svixIds(receiver)).toEqual(Array(8).fill(unanswered));
    expect(unseen).not.toBe(unanswered);
  });

  it("can be delivered again by hand under the same id, or be late events", async () => {
    const { clerk, receiver } = await clerkWithReceiver();
    const data = { id: "user_1", deleted: true };
    const id = clerk.sendWebhook("user.deleted", data, { at: new Date("2026-01-01T00:00:00Z") });
    clerk.sendWebhook("user.deleted", data, { id });
    await clerk.idle();
    expect(svixIds(receiver)).toEqual([id, id]);
    const timestamps = receiver.received.map(({ body }) => JSON.parse(body.toString()).timestamp).sort();
    expect(timestamps[0]).toBe(Date.parse("2026-01-01T00:00:00Z"));
  });
});

function secondsFromNow(seconds: number): string {
  return String(Math.floor(Date.now() / 1000) + seconds);
}
