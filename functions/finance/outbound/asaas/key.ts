import { AppError } from "../../../../shared/errors/app-error.ts";

const PRODUCTION_HOST = "api.asaas.com";
const PRODUCTION_KEY = /^\$aact_prod_[\x21-\x7e]+$/;
const SANDBOX_KEY = /^\$aact_hmlg_[\x21-\x7e]+$/;

export type AsaasEnvironment = "sandbox" | "production";

/** Which environment an API key belongs to, as its prefix says; undefined for a text that is no key of Asaas. */
export function environmentOf(apiKey: string): AsaasEnvironment | undefined {
  if (PRODUCTION_KEY.test(apiKey)) return "production";
  return SANDBOX_KEY.test(apiKey) ? "sandbox" : undefined;
}

/** @throws AppError `ASAAS_KEY_MISMATCH` unless the key belongs to the host: a production key is only ever sent to production. */
export function requireKeyOf({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }): void {
  const expected: AsaasEnvironment = new URL(baseUrl).hostname === PRODUCTION_HOST ? "production" : "sandbox";
  if (environmentOf(apiKey) === expected) return;
  throw new AppError("PRECONDITION_FAILED", "The API key does not belong to this environment of Asaas", {
    errorCode: "ASAAS_KEY_MISMATCH",
  });
}
