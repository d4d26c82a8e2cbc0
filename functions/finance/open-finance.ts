import { parseConfig } from "../../shared/config/config.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { openKernel } from "../../shared/kernel.ts";
import { createFinanceJobs } from "./jobs.ts";
import { createAsaas } from "./outbound/asaas.ts";
import type { AccountAccess } from "./outbound/open-account.ts";
import { createFinanceRouter } from "./router.ts";

/** What the Worker stands on, made once per isolate. @throws Error that lists every missing or malformed variable. */
export function openFinance(env: object) {
  const config = parseConfig(env, ["ENCRYPTION_KEY", "ASAAS_API_URL"]);
  const kernel = openKernel({ env, worker: "finance" });
  const access: AccountAccess = {
    keyring: createKeyring(config.ENCRYPTION_KEY),
    openAsaas: ({ ctx: { log, signal }, ...account }) =>
      createAsaas({ baseUrl: config.ASAAS_API_URL, cache: kernel.cache, log, signal, ...account }),
  };
  return { kernel, router: createFinanceRouter(access), handlers: createFinanceJobs({ access, publicUrl: kernel.publicUrl }) };
}
