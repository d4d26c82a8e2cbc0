/** What one run may cost at most; what is left over has its words counted by rule. */
export const WORDING_BUDGET = {
  candidates: 50,
  candidatesPerRequest: 20,
  requests: 3,
  inputTokens: 60_000,
  outputTokens: 15_000,
  outputTokensPerRequest: 5_000,
} as const;

/** What a run has used so far, in all its attempts. */
export interface Used {
  candidates: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
}

/** @returns how many candidates the next request may be about; 0 ends the run. */
export function candidatesLeft({ candidates, requests }: Used): number {
  if (requests >= WORDING_BUDGET.requests) return 0;
  return Math.max(0, Math.min(WORDING_BUDGET.candidates - candidates, WORDING_BUDGET.candidatesPerRequest));
}

/** Whether a request is within the budget whatever its answer. Texts in any script have less than a token to two bytes. */
export function isAffordable({ used, requestBytes }: { used: Used; requestBytes: number }): boolean {
  return (
    used.inputTokens + requestBytes / 2 <= WORDING_BUDGET.inputTokens &&
    used.outputTokens + WORDING_BUDGET.outputTokensPerRequest <= WORDING_BUDGET.outputTokens
  );
}
