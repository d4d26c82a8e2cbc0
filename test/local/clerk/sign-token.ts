import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from "node:crypto";

export interface KeyPair {
  privatePem: string;
  publicPem: string;
}

/** How a hostile token departs from a true one. */
export interface TokenOverrides {
  /** `none` leaves the signature empty, `HS256` signs with the public PEM as if it were a shared secret. */
  algorithm?: "none" | "HS256";
  /** Replaces header fields; undefined removes one. */
  header?: Record<string, unknown>;
  /** Replaces claims, default ones too; undefined removes one. */
  claims?: Record<string, unknown>;
  /** Signs with this key instead of the instance's. */
  privatePem?: string;
}

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privatePem: privateKey, publicPem: publicKey };
}

/**
 * A session token as Clerk signs it (RS256), or a hostile variant of one.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 */
export function signToken({
  keyPair,
  keyId,
  claims,
  overrides = {},
}: {
  keyPair: KeyPair;
  keyId: string;
  claims: Record<string, unknown>;
  overrides?: TokenOverrides;
}): string {
  const header = { alg: overrides.algorithm ?? "RS256", typ: "JWT", kid: keyId, ...overrides.header };
  const signed = `${encode(header)}.${encode({ ...claims, ...overrides.claims })}`;
  return `${signed}.${signature({ signed, keyPair, overrides })}`;
}

/** The public key as `GET /v1/jwks` lists it. */
export function publicJwk({ keyPair, keyId }: { keyPair: KeyPair; keyId: string }): JsonWebKey {
  return { use: "sig", alg: "RS256", kid: keyId, ...createPublicKey(keyPair.publicPem).export({ format: "jwk" }) };
}

function signature({ signed, keyPair, overrides }: { signed: string; keyPair: KeyPair; overrides: TokenOverrides }): string {
  switch (overrides.algorithm) {
    case "none":
      return "";
    case "HS256":
      return createHmac("sha256", keyPair.publicPem).update(signed).digest("base64url");
    case undefined:
      return sign("sha256", Buffer.from(signed), createPrivateKey(overrides.privatePem ?? keyPair.privatePem)).toString(
        "base64url",
      );
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
