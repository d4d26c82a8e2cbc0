import { verifyToken } from "@clerk/backend";
import type { AnonymousIdentity, UserIdentity } from "../../shared/trpc/caller.ts";

export type SignedInOrNot = AnonymousIdentity | UserIdentity;

/** @returns who an `authorization` header stands for; anything that does not verify is anonymous. */
export type Authenticate = (authorization: string | undefined) => Promise<SignedInOrNot>;

const ANONYMOUS: AnonymousIdentity = { kind: "anonymous" };
const MAX_TOKEN_LENGTH = 8_192;
const MAX_KEPT_TOKENS = 1_000;

interface KeptIdentity {
  identity: UserIdentity;
  expiresAtMs: number;
}

/**
 * Verifies Clerk session tokens without the network. What verified is kept per isolate, by token, until the token expires.
 * Failures are not told apart and not logged, so that neither an answer nor a log line says why a token was refused.
 *
 * @param jwtKey PEM of Clerk's public key.
 * @param authorizedParties the origins that `azp` may name.
 * @param now current time in milliseconds.
 */
export function createAuthenticate({
  jwtKey,
  authorizedParties,
  now,
}: {
  jwtKey: string;
  authorizedParties: string[];
  now: () => number;
}): Authenticate {
  const kept = new Map<string, KeptIdentity>();

  return async (authorization) => {
    const token = readBearer(authorization);
    if (token === undefined) return ANONYMOUS;
    const known = kept.get(token);
    if (known !== undefined && known.expiresAtMs > now()) return known.identity;
    kept.delete(token);

    const verified = await verify({ token, jwtKey, authorizedParties });
    if (verified === undefined) return ANONYMOUS;
    if (kept.size >= MAX_KEPT_TOKENS) forgetOldest(kept);
    kept.set(token, verified);
    return verified.identity;
  };
}

function readBearer(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > MAX_TOKEN_LENGTH) return undefined;
  return /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
}

async function verify({
  token,
  jwtKey,
  authorizedParties,
}: {
  token: string;
  jwtKey: string;
  authorizedParties: string[];
}): Promise<KeptIdentity | undefined> {
  try {
    // The PEM is loaded as an RS256 key, so that other algorithms do not verify.
    const claims = await verifyToken(token, { jwtKey, authorizedParties });
    // `verifyToken` lets tokens of JWT templates (no `sid`) and of unfinished sign-ins (`sts: pending`) pass.
    if (typeof claims.sid !== "string" || claims.sid === "" || claims.sub === "" || claims.sts === "pending") return undefined;
    const identity: UserIdentity = { kind: "user", clerkUserId: claims.sub, sessionId: claims.sid };
    if (claims.act !== undefined) {
      // Whoever impersonates must be named, or a read-only session would pass for the user's own.
      if (typeof claims.act.sub !== "string" || claims.act.sub === "") return undefined;
      identity.impersonatedBy = claims.act.sub;
    }
    return { identity, expiresAtMs: claims.exp * 1_000 };
  } catch {
    return undefined;
  }
}

function forgetOldest(kept: Map<string, KeptIdentity>): void {
  const oldest = kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
}
