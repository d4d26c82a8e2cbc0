import { AppError } from "../../../../shared/errors/app-error.ts";
import { ProviderError } from "../../../../shared/outbound/provider-error.ts";
import type { RepositoryRefusal } from "../../scan/scan-failure.ts";

/** A definite no of GitHub about a repository. */
export class RepositoryRefused extends AppError {
  readonly reason: RepositoryRefusal;

  constructor(reason: RepositoryRefusal, cause?: unknown) {
    super("PRECONDITION_FAILED", "GitHub refused this", { errorCode: `REPOSITORY_${reason.toUpperCase()}`, cause });
    this.reason = reason;
  }
}

const REASONS: Readonly<Record<number, RepositoryRefusal>> = {
  401: "access_lost",
  403: "access_lost",
  404: "not_found",
  409: "empty",
  410: "not_found",
  422: "not_found",
  451: "blocked",
};

/** @returns what a refusal means for the repository that was asked for; any other error as it is. */
export function toRepositoryError(error: unknown): unknown {
  if (!(error instanceof ProviderError) || error.kind !== "refused") return error;
  const reason = REASONS[error.providerStatus ?? 0];
  return reason === undefined ? error : new RepositoryRefused(reason, error);
}
