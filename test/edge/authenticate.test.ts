import { generateKeyPairSync, sign } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { createAuthenticate } from "../../functions/edge/authenticate.ts";
import { generateKeyPair, signToken } from "../local/clerk/sign-token.ts";
import { bearer, CONSOLE_ORIGIN, mintToken, startEdge, type TestEdge } from "./support/start-edge.ts";

let edge: TestEdge | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await edge?.close();
  edge = undefined;
});

async function whoIs(headers: Record<string, string>): Promise<unknown> {
  edge = await startEdge();
  const response = await fetch(`${edge.trpcUrl}/users.me`, { headers });
  const { result } = (await response.json()) as { result: { data: unknown } };
  return result.data;
}

test("a session token makes a user with a session", async () => {
  expect(await whoIs(bearer(mintToken()))).toEqual({ kind: "user", clerkUserId: "user_ana", sessionId: "sess_of_user_ana" });
});

test("who impersonates is named", async () => {
  expect(await whoIs(bearer(mintToken({ claims: { act: { sub: "user_staff" } } })))).toEqual({
    kind: "user",
    clerkUserId: "user_ana",
    sessionId: "sess_of_user_ana",
    impersonatedBy: "user_staff",
  });
});

const nowSeconds = () => Math.floor(Date.now() / 1_000);
const otherKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });

test.each<[string, () => string]>([
  ["no algorithm and no signature", () => mintToken({ overrides: { algorithm: "none" } })],
  ["an HMAC made with the public key", () => mintToken({ overrides: { algorithm: "HS256" } })],
  ["another RSA algorithm in its header", () => mintToken({ overrides: { header: { alg: "RS512" } } })],
  ["a stranger's signature", () => mintToken({ overrides: { privatePem: String(otherKey) } })],
  ["changed claims under the old signature", () => tamper(mintToken())],
  ["the azp of another site", () => mintToken({ claims: { azp: "https://evil.test" } })],
  ["no azp", () => mintToken({ claims: { azp: undefined } })],
  ["no sid", () => mintToken({ claims: { sid: undefined } })],
  ["an empty sid", () => mintToken({ claims: { sid: "" } })],
  ["a sid that is no text", () => mintToken({ claims: { sid: 7 } })],
  ["no sub", () => mintToken({ claims: { sub: undefined } })],
  ["an empty sub", () => mintToken({ claims: { sub: "" } })],
  ["an unfinished sign-in", () => mintToken({ claims: { sts: "pending" } })],
  ["an unnamed impersonator", () => mintToken({ claims: { act: {} } })],
  ["an expiry that is past", () => mintToken({ ttlSeconds: -30 })],
  ["no expiry", () => mintToken({ claims: { exp: undefined } })],
  ["a beginning in the future", () => mintToken({ claims: { nbf: nowSeconds() + 60 } })],
  ["an issue date in the future", () => mintToken({ claims: { iat: nowSeconds() + 60 } })],
  ["the category of machine tokens", () => mintToken({ overrides: { header: { cat: "cl_B7d4PD333AAA" } } })],
  ["more than 8 KiB", () => mintToken({ claims: { padding: "x".repeat(8_192) } })],
  ["no meaning", () => "not.a.token"],
])("a token with %s is anonymous", async (_name, make) => {
  expect(await whoIs(bearer(make()))).toEqual({ kind: "anonymous" });
});

test.each(["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b"])("the header %j is anonymous", async (authorization) => {
  expect(await whoIs({ authorization })).toEqual({ kind: "anonymous" });
});

test("a token is taken until it expires and not a moment longer, however often it was seen", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  const keyPair = generateKeyPair();
  const authenticate = createAuthenticate({
    jwtKey: keyPair.publicPem,
    authorizedParties: [CONSOLE_ORIGIN],
    now: () => Date.now(),
  });
  const exp = Date.now() / 1_000 + 60;
  const claims = { azp: CONSOLE_ORIGIN, sub: "user_ana", sid: "sess_1", iat: exp - 60, nbf: exp - 70, exp };
  const { authorization } = bearer(signToken({ keyPair, keyId: "ins", claims }));
  expect((await authenticate(authorization)).kind).toBe("user");
  vi.setSystemTime(exp * 1_000 - 1);
  expect((await authenticate(authorization)).kind).toBe("user");
  // Clerk's tolerance for clocks that differ.
  vi.setSystemTime(exp * 1_000 + 5_001);
  expect((await authenticate(authorization)).kind).toBe("anonymous");
});

test("a token that is truly signed, but by another algorithm than Clerk's, is anonymous", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwtKey = String(publicKey.export({ type: "spki", format: "pem" }));
  const authenticate = createAuthenticate({ jwtKey, authorizedParties: [CONSOLE_ORIGIN], now: () => Date.now() });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = nowSeconds();
  const claims = { azp: CONSOLE_ORIGIN, sub: "user_ana", sid: "sess_1", iat, nbf: iat, exp: iat + 60 };
  const kindOf = async (alg: "RS256" | "RS512") => {
    const signed = `${encode({ alg, typ: "JWT", kid: "ins" })}.${encode(claims)}`;
    const signature = sign(alg.replace("RS", "sha"), Buffer.from(signed), privateKey).toString("base64url");
    return (await authenticate(`Bearer ${signed}.${signature}`)).kind;
  };
  expect(await kindOf("RS256")).toBe("user");
  expect(await kindOf("RS512")).toBe("anonymous");
});

test("no log line shows a token, whether it verified or not", async () => {
  const good = mintToken();
  const bad = tamper(good);
  edge = await startEdge();
  for (const token of [good, bad]) await fetch(`${edge.trpcUrl}/users.me`, { headers: bearer(token) });
  const written = JSON.stringify(edge.logs());
  for (const part of [...good.split("."), ...bad.split(".")]) expect(written).not.toContain(part);
});

function tamper(token: string): string {
  const [header, claims = "", signature] = token.split(".");
  const changed = { ...(JSON.parse(Buffer.from(claims, "base64url").toString()) as object), sub: "user_admin" };
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
}
