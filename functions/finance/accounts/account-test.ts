import { AppError } from "../../../shared/errors/app-error.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";

/**
 * What came of trying an account: `key_refused` by Asaas, `key_unreadable` by our encryption keys, `key_mismatch` with the environment
 * that the platform speaks to; `refused` for another reason; `rate_limited` and `unreachable` say nothing about the key.
 */
export type TestResult = "ok" | "key_refused" | "key_unreadable" | "key_mismatch" | "refused" | "rate_limited" | "unreachable";

const WRONG_KEY: readonly (string | null)[] = ["key_refused", "key_unreadable", "key_mismatch"] satisfies TestResult[];

/** Whether nothing can be done with the account until someone saves another key. */
export function isKeyWrong(result: string | null): boolean {
  return WRONG_KEY.includes(result);
}

/** @returns what a failed call says of the account. @throws the error itself when it is none of the provider's or the key's. */
export function testResultOf(error: unknown): Exclude<TestResult, "ok"> {
  if (error instanceof ProviderError) {
    if (error.providerStatus === 401) return "key_refused";
    if (error.kind === "refused" || error.kind === "rate_limited") return error.kind;
    return "unreachable";
  }
  if (error instanceof AppError && error.errorCode === "PROVIDER_KEY_UNREADABLE") return "key_unreadable";
  if (error instanceof AppError && error.errorCode === "ASAAS_KEY_MISMATCH") return "key_mismatch";
  throw error;
}
