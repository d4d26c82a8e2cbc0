import { importPrivateKey } from "./private-key.ts";

/** GitHub takes ten minutes at most, and clocks differ. */
const BACKDATED_S = 60;
const VALID_S = 540;

/** Signs what proves that the App itself asks: a JWT. */
export interface AppTokens {
  sign(nowMs: number): Promise<string>;
}

export function createAppTokens({ appId, privateKey }: { appId: string; privateKey: string }): AppTokens {
  let key: CryptoKey | undefined;
  return {
    async sign(nowMs) {
      key ??= await importPrivateKey(privateKey);
      const nowS = Math.floor(nowMs / 1_000);
      const claims = { iat: nowS - BACKDATED_S, exp: nowS + VALID_S, iss: appId };
      const signed = [{ alg: "RS256", typ: "JWT" }, claims].map((part) =>
        toBase64Url(new TextEncoder().encode(JSON.stringify(part))),
      );
      const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new TextEncoder().encode(signed.join(".")));
      return [...signed, toBase64Url(new Uint8Array(signature))].join(".");
    },
  };
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
