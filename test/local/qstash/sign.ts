import { createHmac, hash, randomUUID } from "node:crypto";

const TOKEN_LIFETIME_SECONDS = 300;
const JWT_HEADER = Buffer.from(JSON.stringify({ alg: "HS256", typ: "JWT" })).toString("base64url");

/**
 * Makes an `Upstash-Signature`: a JWT whose key is the text of the signing key, whose subject is the exact destination and
 * whose `body` is the padded base64url SHA-256 of the body.
 *
 * @param skewSeconds how far the signer's clock is ahead; negative when it is behind.
 */
export function signDelivery({
  key,
  url,
  body,
  nowMs,
  skewSeconds = 0,
}: {
  key: string;
  url: string;
  body: Buffer;
  nowMs: number;
  skewSeconds?: number;
}): string {
  const issuedAt = Math.floor(nowMs / 1_000) + skewSeconds;
  const claims = {
    iss: "Upstash",
    sub: url,
    exp: issuedAt + TOKEN_LIFETIME_SECONDS,
    nbf: issuedAt,
    iat: issuedAt,
    jti: `jwt_${randomUUID().replaceAll("-", "")}`,
    body: `${hash("sha256", body, "base64url")}=`,
  };
  const signed = `${JWT_HEADER}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}
