import { AppError, type AppErrorCode } from "../errors/app-error.ts";

/**
 * What a failed call to a provider means for what was asked:
 * `refused` is a definite no, and the same request would be refused again;
 * `rate_limited` is not done, because we ask too much;
 * `unavailable` is not done, or harmless to ask again;
 * `unknown_outcome` may have been done: look it up before asking again.
 */
export type ProviderFailure = "refused" | "rate_limited" | "unavailable" | "unknown_outcome";

const CODES: Record<ProviderFailure, { code: AppErrorCode; errorCode: string; message: string }> = {
  refused: { code: "PRECONDITION_FAILED", errorCode: "PROVIDER_REFUSED", message: "The provider refused this" },
  rate_limited: { code: "RATE_LIMITED", errorCode: "PROVIDER_RATE_LIMITED", message: "The provider asks us to slow down" },
  unavailable: { code: "UNAVAILABLE", errorCode: "PROVIDER_UNAVAILABLE", message: "The provider is not available" },
  unknown_outcome: { code: "UNAVAILABLE", errorCode: "PROVIDER_OUTCOME_UNKNOWN", message: "The provider has not confirmed this" },
};

/** A call to an outside API failed. It names no address, no key and nothing of the request or the answer but the provider's own codes. */
export class ProviderError extends AppError {
  readonly provider: string;
  readonly kind: ProviderFailure;
  /** Status of the provider's answer; undefined when there was none. */
  readonly providerStatus: number | undefined;
  /** Why it refused, in the provider's words for machines: `invalid_cpfCnpj`. */
  readonly providerCodes: readonly string[];

  constructor({
    provider,
    kind,
    providerStatus,
    providerCodes = [],
    retryAfterMs,
    cause,
  }: {
    provider: string;
    kind: ProviderFailure;
    providerStatus?: number | undefined;
    providerCodes?: readonly string[];
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    const { code, errorCode, message } = CODES[kind];
    super(code, message, { errorCode, cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    this.provider = provider;
    this.kind = kind;
    this.providerStatus = providerStatus;
    this.providerCodes = providerCodes;
  }
}
