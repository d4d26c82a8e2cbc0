/** Before a token expires, for the calls that are still to be made with it. */
const MARGIN_MS = 300_000;
const MAX_KEPT = 1_000;

/** The tokens of the App's installations, in memory alone: they open private repositories. Values only, as a promise belongs to one request. */
export interface InstallationTokens {
  find(installationId: number, nowMs: number): string | undefined;
  keep(installationId: number, token: { token: string; expiresAtMs: number }): void;
  forget(installationId: number): void;
}

export function createInstallationTokens(): InstallationTokens {
  const tokens = new Map<number, { token: string; expiresAtMs: number }>();
  return {
    find(installationId, nowMs) {
      const known = tokens.get(installationId);
      return known !== undefined && nowMs < known.expiresAtMs - MARGIN_MS ? known.token : undefined;
    },
    keep(installationId, token) {
      if (tokens.size >= MAX_KEPT) tokens.clear();
      tokens.set(installationId, token);
    },
    forget: (installationId) => void tokens.delete(installationId),
  };
}
