import { and, eq, type SQL, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { providerAccounts } from "../../../shared/db/schema/money.ts";

/** An account as the API shows it: of its key and of its webhook's secret nothing but the key's end. */
export const accountView = {
  environment: providerAccounts.environment,
  apiKeyLast4: providerAccounts.apiKeyLast4,
  isActive: providerAccounts.isActive,
  testedAt: providerAccounts.testedAt,
  testResult: providerAccounts.testResult,
  updatedAt: providerAccounts.updatedAt,
};

/** The account of a mentorado, active or not: there is one for each provider. */
export function isAccount(mentoradoId: string): SQL | undefined {
  return and(eq(providerAccounts.mentoradoId, mentoradoId), eq(providerAccounts.provider, "asaas"));
}

/** Locks the account for the rest of the batch. @returns whether there is such an account. */
export function lockAccount(condition: SQL | undefined): SQL {
  return sql`exists (select 1 from ${providerAccounts} where ${condition} for update)`;
}

/** What a write answers about the account. */
export function accountAnswer(mentoradoId: string): SQL<ViewRow<typeof accountView>> {
  return sql`(select ${jsonRow(accountView)} from ${providerAccounts} where ${isAccount(mentoradoId)})`;
}
