import type { KeyringSource } from "../../shared/db/sensitive.ts";
import type { JobHandlers } from "../../shared/jobs/serve-jobs.ts";
import { type CreateChargeDependencies, createCharge } from "./services/create-charge.ts";
import { processAsaasEvent } from "./services/process-asaas-event.ts";
import { remindDueCharges } from "./services/remind-due-charges.ts";

export function createFinanceJobs({
  keyring,
  openAsaas,
}: {
  keyring: KeyringSource;
  openAsaas: CreateChargeDependencies["openAsaas"];
}): JobHandlers<"finance"> {
  return {
    "finance.create-charge": async (call) => createCharge({ ...call, dependencies: { keyring: await keyring(), openAsaas } }),
    "finance.process-asaas-event": processAsaasEvent,
    "finance.remind-due-charges": remindDueCharges,
  };
}
