import { parseConfig } from "../../shared/config/config.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { openKernel } from "../../shared/kernel.ts";
import { createFinanceJobs } from "./jobs.ts";
import { createAsaas } from "./outbound/asaas.ts";

/** What the Worker stands on, made once per isolate. @throws Error that lists every missing or malformed variable. */
export function openFinance(env: object) {
  const config = parseConfig(env, ["ENCRYPTION_KEY", "ASAAS_API_URL"]);
  const kernel = openKernel({ env, worker: "finance" });
  const handlers = createFinanceJobs({
    keyring: createKeyring(config.ENCRYPTION_KEY),
    openAsaas: ({ apiKey, account, ctx }) =>
      createAsaas({ baseUrl: config.ASAAS_API_URL, apiKey, account, cache: kernel.cache, log: ctx.log, signal: ctx.signal }),
  });
  return { kernel, handlers };
}
