import { sql } from "drizzle-orm";
import { toHex } from "../../../shared/bytes.ts";
import type { ViewRow } from "../../../shared/db/json-view.ts";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import { encrypt } from "../../../shared/db/sensitive.ts";
import { ValidationError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { SaveAccountInput } from "../accounts/account-schemas.ts";
import { accountAnswer, type accountView } from "../accounts/account-view.ts";
import { environmentOf } from "../outbound/asaas.ts";
import type { AccountAccess } from "../outbound/open-account.ts";

export type { AccountAccess } from "../outbound/open-account.ts";

const ACCOUNT_REF_BYTES = 24;
const TOKEN_DIGEST_BYTES = 32;

/**
 * Connects the mentorado's account, or gives it another key: the address of its webhook and what is registered there stay, and a job
 * makes sure of the webhook. The id is new with each key, because the ciphertext is bound to it and only a second request could read
 * the one that is there.
 *
 * @throws AppError ASAAS_KEY_MISMATCH for a key of the other environment of Asaas.
 */
export async function saveAccount({
  ctx,
  input: { apiKey },
  access,
}: {
  ctx: VerbContext;
  input: SaveAccountInput;
  access: AccountAccess;
}): Promise<ViewRow<typeof accountView>> {
  const { mentoradoId } = ctx;
  const id = ctx.newId();
  const environment = environmentOf(apiKey);
  if (environment === undefined) throw new ValidationError(undefined, { field: "apiKey" });
  // Sends nothing: it is here that a key of the other environment is refused.
  access.openAsaas({ apiKey, account: id, ctx });
  const place = { column: "provider_accounts.api_key", mentoradoId, rowId: id };
  const sealed = await encrypt({ keyring: await access.keyring(), plaintext: apiKey, place });
  const key = {
    id,
    environment,
    apiKeyEncrypted: sealed.ciphertext,
    apiKeyKeyVersion: sealed.keyVersion,
    apiKeyLast4: apiKey.slice(-4),
    isActive: true,
    testedAt: null,
    testResult: null,
  };
  return ctx.db.write({
    statements: [
      ctx.db.build
        .insert(providerAccounts)
        .values({
          ...key,
          mentoradoId,
          provider: "asaas",
          accountRef: toHex(randomBytes(ACCOUNT_REF_BYTES)),
          // The digest of no token: nothing is accepted before the webhook is registered.
          webhookTokenDigest: randomBytes(TOKEN_DIGEST_BYTES),
        })
        .onConflictDoUpdate({
          target: [providerAccounts.mentoradoId, providerAccounts.provider],
          set: { ...key, version: sql`${providerAccounts.version} + 1`, updatedAt: sql`now()` },
        }),
    ],
    jobs: [{ name: "finance.register-webhook", payload: {}, dedupKey: id }],
    answer: accountAnswer(mentoradoId),
  });
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
