import { type Keyring, keyedDigest } from "../db/sensitive.ts";

/** @returns what `provider_accounts.webhook_token_digest` holds for this token. */
export function asaasTokenDigest({ keyring, token }: { keyring: Keyring; token: string }): Promise<Uint8Array> {
  return keyedDigest({ keyring, purpose: "asaas webhook token", value: token });
}
