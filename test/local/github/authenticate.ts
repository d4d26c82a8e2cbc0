import { createPublicKey, verify } from "node:crypto";
import * as z from "zod";
import { type Refusal, refuse } from "./answers.ts";
import type { App, Installation, InstallationToken } from "./state.ts";
import type { World } from "./world.ts";

export type Caller =
  | { kind: "anonymous" }
  | { kind: "app" }
  | { kind: "installation"; installation: Installation; token: InstallationToken };

const MAX_LIFETIME_SECONDS = 600;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const header = z.object({ alg: z.literal("RS256") });
const claims = z.object({ iss: z.union([z.string(), z.number()]), iat: z.unknown(), exp: z.unknown() });

/**
 * Who a request comes from, by its `authorization`: a JWT of the App, a token of one installation, or nobody.
 *
 * @throws Refusal (401) for anything else.
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
 */
export function authenticate({ world, authorization }: { world: World; authorization: string | undefined }): Caller {
  if (authorization === undefined) return { kind: "anonymous" };
  const credential = /^(?:bearer|token) (.+)$/i.exec(authorization)?.[1];
  if (credential === undefined) throw unauthorized("Bad credentials");
  if (JWT.test(credential)) {
    verifyJwt({ jwt: credential, app: world.state.app, nowSeconds: Math.floor(world.now().getTime() / 1000) });
    return { kind: "app" };
  }
  return installationOf(world, credential);
}

function installationOf(world: World, credential: string): Caller {
  const token = world.state.tokens.find((each) => each.token === credential);
  const installation = world.state.installations.find(({ id }) => id === token?.installationId);
  if (token === undefined || installation === undefined || token.expiresAtMs <= world.now().getTime()) {
    throw unauthorized("Bad credentials");
  }
  if (installation.suspended !== null) throw suspended();
  return { kind: "installation", installation, token };
}

export function suspended(): Refusal {
  return refuse({ status: 403, message: "This installation has been suspended", page: "apps/apps#suspend-an-app-installation" });
}

export function unauthorized(message: string): Refusal {
  return refuse({ status: 401, message });
}

/** The messages are the real ones: clients tell a clock that is off from a key that is wrong by them. */
function verifyJwt({ jwt, app, nowSeconds }: { jwt: string; app: App; nowSeconds: number }): void {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const isSigned = verify(
    "sha256",
    Buffer.from(`${head}.${body}`),
    createPublicKey(app.privateKeyPem),
    Buffer.from(signature, "base64url"),
  );
  const parsed = claims.safeParse(decode(body));
  if (!header.safeParse(decode(head)).success || !isSigned || !parsed.success) {
    throw unauthorized("A JSON web token could not be decoded");
  }
  const { iss, iat, exp } = parsed.data;
  if (![String(app.id), app.clientId].includes(String(iss))) {
    throw unauthorized("'Issuer' claim ('iss') must be an Integer");
  }
  if (typeof iat !== "number" || iat > nowSeconds) {
    throw unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  }
  if (typeof exp !== "number" || exp <= nowSeconds) {
    throw unauthorized(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > nowSeconds + MAX_LIFETIME_SECONDS) throw unauthorized("'Expiration time' claim ('exp') is too far in the future");
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}
