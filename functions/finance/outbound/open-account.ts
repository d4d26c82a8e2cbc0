import { and, eq } from "drizzle-orm";
import { providerAccounts } from "../../../shared/db/schema/money.ts";
import { decrypt, type KeyringSource } from "../../../shared/db/sensitive.ts";
import { UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { Asaas, AsaasQuota } from "./asaas.ts";

/** What opens an account at the provider. */
export interface AccountAccess {
  keyring: KeyringSource;
  /** Opens the provider with the key of one account. @throws AppError ASAAS_KEY_MISMATCH when the key is of the other environment. */
  openAsaas: (account: { apiKey: string; account: string; ctx: ProviderContext; onQuota?: OnQuota | undefined }) => Asaas;
}

/** Told after each answer of the provider what is left of the account's requests. */
export type OnQuota = (quota: AsaasQuota) => void;

/** What a call to the provider needs of its caller: a job's attempt ends its calls, a request does not. */
export type ProviderContext = Pick<VerbContext, "mentoradoId" | "log"> & { signal?: AbortSignal | undefined };

/**
 * The statement that reads the mentorado's account: to be part of a job's first read.
 *
 * @param isActive false for an account that was given up.
 */
export function selectAccount({ db, mentoradoId }: Pick<VerbContext, "db" | "mentoradoId">, { isActive } = { isActive: true }) {
  return db.build
    .select({
      id: providerAccounts.id,
      accountRef: providerAccounts.accountRef,
      webhookExternalId: providerAccounts.webhookExternalId,
      apiKeyEncrypted: providerAccounts.apiKeyEncrypted,
      apiKeyKeyVersion: providerAccounts.apiKeyKeyVersion,
    })
    .from(providerAccounts)
    .where(
      and(
        eq(providerAccounts.mentoradoId, mentoradoId),
        eq(providerAccounts.provider, "asaas"),
        eq(providerAccounts.isActive, isActive),
      ),
    );
}

export type SealedAccount = Awaited<ReturnType<typeof selectAccount>>[number];

/**
 * @throws UnavailableError PROVIDER_ACCOUNT_MISSING while the mentorado has no active account, PROVIDER_KEY_UNREADABLE while none of our
 * encryption keys opens its key; AppError ASAAS_KEY_MISMATCH.
 */
export async function openAccount({
  ctx,
  access: { keyring, openAsaas },
  account,
  onQuota,
}: {
  ctx: ProviderContext;
  access: AccountAccess;
  account: SealedAccount | undefined;
  onQuota?: OnQuota;
}): Promise<Asaas> {
  if (account === undefined) throw new UnavailableError("No provider account", { errorCode: "PROVIDER_ACCOUNT_MISSING" });
  const apiKey = await readKey({ ctx, keyring, account });
  return openAsaas({ apiKey, account: account.id, ctx, onQuota });
}

async function readKey({
  ctx,
  keyring,
  account,
}: {
  ctx: ProviderContext;
  keyring: KeyringSource;
  account: SealedAccount;
}): Promise<string> {
  try {
    return await decrypt({
      keyring: await keyring(),
      encrypted: { ciphertext: account.apiKeyEncrypted, keyVersion: account.apiKeyKeyVersion },
      place: { column: "provider_accounts.api_key", mentoradoId: ctx.mentoradoId, rowId: account.id },
    });
  } catch (cause) {
    throw new UnavailableError("The provider key cannot be read", { errorCode: "PROVIDER_KEY_UNREADABLE", cause });
  }
}

/** Reads the mentorado's active account and opens it. @throws what `openAccount` throws. */
export async function openOwnAccount({ ctx, access }: { ctx: JobContext; access: AccountAccess }): Promise<Asaas> {
  const [[account]] = await ctx.db.read([selectAccount(ctx)]);
  return openAccount({ ctx, access, account });
}
